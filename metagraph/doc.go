// Package metagraph is one subnet's whole state by uid at one height: an immutable snapshot that many goroutines may read at
// once without a lock.
//
// Package chain makes snapshots from a node (chain.Client.Metagraph, chain.Client.Follow); an axon looks callers up in one, a
// validator picks whom to ask from one, a table is drawn from one. Two snapshots are compared by Diff.
//
// Start at New and Metagraph.ByHotkey.
package metagraph
