package openai

import "errors"

var (
	// ErrConfig says that a setting is missing or out of range.
	ErrConfig = errors.New("invalid model server setting")
	// ErrServer says that the server could not be reached, or refused or failed to answer.
	ErrServer = errors.New("model server failed")
	// ErrLogprobs says that the server answered without usable log-probabilities.
	ErrLogprobs = errors.New("model server gives no log-probabilities")
)

// hint is what to change on the server or here when log-probabilities are missing or refused.
const hint = "llama.cpp's server gives them as it is; start vLLM with --max-logprobs K; else lower the number of candidates"
