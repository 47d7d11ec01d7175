// Package localnet runs a whole network on one machine: a node, validators and miners, each a process of its own with keys of its
// own, over real TCP.
//
// Flow of Run: lay the home out or take it up again (home.go, genesis.go), start the node and wait for blocks, start the roles
// (processes.go) and a gateway for applications and browsers (gateway.go), watch the chain and what the validators say of themselves
// (watch.go) and hand each State to the caller, which shows it; when the context ends, or enough epochs have paid, stop everything
// in order and return the last State.
//
// Nothing here is special to the chain: a localnet is a genesis with small numbers (package genesis), and anybody may join it
// with the network.json in its home.
//
// Start at Run.
package localnet
