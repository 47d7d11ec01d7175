// Package types holds what the chain and its clients share about emission: parameters, the state of issuance, pots and streams, the
// arithmetic of a stream, and the messages and queries. Start at Params and Stream.
package types
