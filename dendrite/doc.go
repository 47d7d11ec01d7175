// Package dendrite is the client of neurons: it calls axons by gRPC over TLS 1.3, pinned to the certificate key that the chain
// lists, and proves its own key once per connection.
//
// Start at New; Client.To gives a connection that generated clients take:
//
//	answer, err := textv1.NewTextClient(client.To(target)).Predict(ctx, request)
//
// Connections are made when they are first used, shared by all calls to the same target (more are made beside them for hundreds of
// calls at once), dropped when idle and made anew when the neuron serves under another address or key, because both are part of the
// Target. Each asks many targets with bounded
// concurrency. Every call has a deadline, 12 s unless the context says less or the Config says otherwise, which starts with the
// call itself and not with the round. Failures are of type *Error and match the sentinels in errors.go.
package dendrite
