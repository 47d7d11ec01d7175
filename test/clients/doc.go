// Package clients holds tests that run other people's clients, unmodified, against the text front: the official Python and Node packages
// of OpenAI and an agent framework. A miner's axon, a dendrite and the front run in the test's own process; client.py, client.mjs and
// agent.py are what an application would write.
//
// They need a Python with requirements.txt (GOTENSOR_PYTHON names it) and a Node with package.json (`npm ci` in this folder); what is not
// there is skipped.
//
// Start at TestPython.
package clients
