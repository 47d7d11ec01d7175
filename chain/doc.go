// Package chain is the client of a node: typed reads, and one sender per key whose queue survives lost sequences.
//
// The flow: Dial a node's gRPC port; read with the methods of Client (Status, Subnets, Metagraph, ...), which return the words
// of the root package; write through a Sender, which signs with a key that stays where it is (Signer), broadcasts, puts a wrong
// sequence right, and waits until a block holds the transaction. Follow yields a fresh metagraph for each block, and a Latest
// hands it to any number of readers. WaitReady and WaitHeight wait for a node and for a block.
//
// Every call has a deadline, also where the caller's context has none, and connections are made again by themselves. The
// package encodes transactions itself on the plain wire types, so that programs that only talk to a node need not link one.
//
// Start at Dial, then Client.Metagraph and Client.Sender.
package chain
