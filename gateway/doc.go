// Package gateway is the role that lets applications ask the network over HTTP: API keys and their limits, admission that is fair by
// stake, and what browsers and operators need (CORS, health, read-only JSON about the network, a static site).
//
// Flow of a request: a request id and a line in the log, recovery from panics, CORS; then, for what a mechanism's Front serves, the
// API key, the whole body (bounded), the limits of account and key, and a turn in the fair queue; then the Front's
// handler, which asks neurons through a mechanism.Network and tells the Meter in its context what that took. Every refusal has
// a body that OpenAI's clients understand.
//
// What an account may do grows with its stake: see Scale and Limits. Its weight in the queue is its bandwidth on the chain, which is looked up
// in the background, so that no request waits for a node and all of this goes on while there is none.
//
// Several gateways that share a PostgreSQL database share keys and limits. Requests draw on leases: a gateway takes a twentieth of a
// minute's budget at a time, and an eighth of the concurrent requests, so that most requests need no round trip; what it took and
// did not use within a minute is lost. Together they exceed a limit by at most one lease each, and by the tokens of
// answers under way, which are known only afterwards and are paid back first.
//
// Start at Run and Config. The gateway knows no mechanism: package cli says which Front stands before which Network.
package gateway
