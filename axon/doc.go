// Package axon is the server of a neuron: it answers typed calls from other neurons by gRPC over TLS 1.3, and the same calls as
// JSON over HTTP/1.1 on the same port.
//
// Flow of a connection: the accept loop bounds connections, does the TLS handshake and hands the connection to gRPC or to
// net/http by what the client offered in ALPN ("h2" alone: gRPC; anything else: HTTP/1.1). Flow of a call: the proof of the
// caller's key (once per gRPC connection, once per HTTP request), the policy, the fair queue, and only then the body, so that
// whoever has no right or no turn costs a few kilobytes. Callers' rights come from a Callers snapshot; axon knows no chain.
//
// A stream holds its slot to its end, unless its handler has done its work and only waits: then it gives the slot back (GiveBack), and
// waits among a bounded number of others that do. It may take long, yet every message has a deadline, for the handler that makes it and
// for the caller who takes it; a caller that goes away or cancels ends the handler's context at once.
//
// Start at New, then Server.Register a service of generated code, then Server.Serve. Any service works unchanged; unary methods
// and those that stream their answer (one line of JSON for each message) are also reachable by
//
//	curl -Nk --pinnedpubkey sha256//KEYHASH -H 'Content-Type: application/json' -d '{}' https://HOST:PORT/package.Service/Method
//
// Limits and their reasons are fields of Config; the zero value of each is a sensible bound.
package axon
