// Package types holds what the chain and its clients share about weights: the messages and queries, the sparse row and its
// checks, and the hash that commits to a row.
//
// A client that sets weights builds a Row with EncodeRow, hashes it with Preimage.Hash, sends MsgCommit, keeps the salt, and sends
// MsgReveal in the next period. Start at Preimage.
package types
