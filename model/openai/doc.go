// Package openai makes a model.Predictor of any server that speaks OpenAI's completions with log-probabilities: llama.cpp, vLLM and
// others.
//
// For each context one request asks for a single token and the log-probabilities of the k most likely ones; their bytes become
// the candidates. A text goes on with a token's bytes and not with a longer token of the list nearly exactly when the model would
// choose that token, so the probabilities are passed on as they are; what the server does not list is the floor. Both shapes of
// answer are read: the legacy one, {text: log-probability}, and the one of chat completions, which has bytes.
//
// Requests are retried with growing pauses; contexts without an answer before the deadline get 'no opinion', which neither
// gains nor loses. Start at New, then Probe, which tells what is missing on the server.
package openai
