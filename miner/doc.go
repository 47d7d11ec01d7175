// Package miner is the role that serves: it registers a hotkey by proof of work, opens an axon, publishes it on the chain, and
// answers whoever the chain says may ask.
//
// Flow of Run: wait for the node; listen and make or load the certificate; register if the hotkey has no uid (register.go);
// publish the endpoint if the chain has another one; then follow the metagraph, which tells the axon who callers are
// (callers.go), and put right whatever a new block shows to be wrong: a lost uid, an endpoint that moved.
//
// The role knows nothing of what is served: that is a mechanism.Server. It needs the hotkey alone; pay goes to a coldkey of which
// only the address is known here.
//
// Start at Run.
package miner
