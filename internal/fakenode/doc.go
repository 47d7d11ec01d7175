// Package fakenode is a node for tests of clients: a gRPC server on 127.0.0.1 with the queries and the transaction service that
// package chain uses, over a small deterministic World of one subnet.
//
// It checks signatures, sequences and the rules that clients can run into, so that what passes here is well-formed; what it
// does not have is consensus, fees and epochs: whatever a transaction does has happened when the broadcast returns, each in a
// block of its own. Faults makes it misbehave on purpose. The real chain is tested in internal/testnet and test/e2e.
//
// Start at Start and Sample.
package fakenode
