// Package front offers a text subnet to applications by OpenAI's API: chat, completions, embeddings and the list of models, and
// beside them one step of prediction, neuron by neuron.
//
// Flow: a request is decoded and checked (request.go, chat.go, completions.go); what it may not ask for is refused with the name of the
// field. Each text it asks for is one call of mechanism.Network.Open, or of the Mixer for the model "network" (generate.go). What the
// neuron writes is hostile until checked (check.go). Then it is sent piece by piece as server-sent events (stream.go) or whole
// (whole.go). Errors are those of package internal/apierror (problem.go); once a stream has begun, an error is an event of it, and the
// stream ends without [DONE], so that clients raise it.
//
// Every answer says which neuron gave it: in the headers Gt-Uid, Gt-Hotkey, Gt-Model, Gt-First-Piece-Ms and Gt-Tried, and in an object
// "gotensor" of the body or of the stream's first and last chunks.
//
// Start at New.
package front
