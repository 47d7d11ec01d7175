// Package openai makes a model.Predictor, model.Generator and model.Embedder of any servers that speak OpenAI's API: llama.cpp's,
// vLLM, Ollama and others.
//
// Predict: for each context one request asks for a single token and the log-probabilities of the k most likely ones; their bytes
// become the candidates. A text goes on with a token's bytes and not with a longer token of the list nearly exactly when the model
// would choose that token, so the probabilities are passed on as they are; what the server does not list is the floor. Both shapes
// of answer are read: the legacy one, {text: log-probability}, and the one of chat completions, which has bytes. Contexts without an answer
// before the deadline get 'no opinion', which neither gains nor loses.
//
// Generate streams a chat or a text, Embed makes vectors of length 1.
//
// Several servers of one model share the work. A request goes to the one with the most room, waits in a bounded queue if there is none, and
// goes to another one if a server fails before the first token of its answer, never after. Servers that hang, refuse or fail again
// and again are left alone for growing pauses.
//
// Start at New, then Probe, which waits until the models are loaded and tells what is missing; Run looks after the servers.
package openai
