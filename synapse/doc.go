// Package synapse holds what both ends of a call between neurons share: the proof of the caller's key, the certificate of the
// neuron that is called, the reasons for which a call is refused, and the time a call may take.
//
// Flow: a neuron makes a self-signed certificate once (LoadOrCreateCertificate) and publishes the hash of its public key on
// chain (SPKIHash). A caller pins that hash, so no certificate authority is needed, and proves its own key once per connection.
// Three kinds of proof exist, told apart by their first byte:
//
//   - Bound (ProveBound): a signature over the TLS exporter value of this very connection (RFC 5705, RFC 8446 section 7.5).
//     Nothing can be replayed elsewhere, without clocks or nonces. The kind for Go.
//   - Fresh (ProveFresh): a signature over the server's key hash, the time and a nonce, for languages that cannot read the
//     exporter. Valid for MaxSkew around the server's clock and once.
//   - Request (ProveRequest): as Fresh, plus method and body, for single HTTP requests, e.g. by curl.
//
// Beside its proof a caller names the neuron that it means (TargetKey): one that is not meant refuses, since the chain lets anybody list
// another's endpoint and key.
//
// A Verifier checks them and fails closed. Package axon is the server on top of this, package dendrite the client.
package synapse
