package openai

import (
	"errors"
	"fmt"
	"time"

	"github.com/gotensor/gotensor/model"
)

var (
	// ErrConfig says that a setting is missing or out of range.
	ErrConfig = errors.New("invalid model server setting")
	// ErrServer says that a server could not be reached, or refused or failed to answer.
	ErrServer = errors.New("model server failed")
	// ErrLogprobs says that a server answered without usable log-probabilities.
	ErrLogprobs = errors.New("model server gives no log-probabilities")
	// ErrStalled says that a server gave nothing for longer than it may. It is an ErrServer too.
	ErrStalled = fmt.Errorf("%w: it stalled", ErrServer)
)

// BusyError is returned where all servers have as much to do as they take on. It is an ErrServer and a model.ErrBusy.
type BusyError struct {
	Why string
	// Retry is when to try again, as far as it is known; 0: unknown.
	Retry time.Duration
}

// Error implements error.
func (e *BusyError) Error() string { return model.ErrBusy.Error() + ": " + e.Why }

// Is makes it an ErrServer and a model.ErrBusy.
func (e *BusyError) Is(target error) bool { return target == ErrServer || target == model.ErrBusy }

// RetryAfter is Retry, as model.ErrBusy has it.
func (e *BusyError) RetryAfter() time.Duration { return e.Retry }

// hint is what to change on the server or here when log-probabilities are missing or refused.
const hint = "llama.cpp's server gives them as it is; start vLLM with --max-logprobs K; Ollama gives 20 from version 0.12.11 on; else lower the number of candidates"

// cause sorts the failures of one attempt by what follows from them.
type cause int

const (
	// neutral: the caller gave up, or does not take what he gets. Nothing follows.
	neutral cause = iota
	// refused: the request is at fault, and any server would say so.
	refused
	// unfit: this server cannot do it, another may.
	unfit
	// busy: this server has no room at the moment.
	busy
	// faulty: this server failed; the third time in a row it is given up for a while.
	faulty
	// lost: nobody answers there, or not in time: given up at once.
	lost
)

// fault is the failure of one attempt.
type fault struct {
	cause cause
	err   error
	after time.Duration // when the server wants to be asked again
	begun bool          // a part of the answer is out already: it cannot be asked for again
	down  bool          // nobody listens there: as soon as somebody does, it may be tried
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

func failed(c cause, err error) *fault { return &fault{cause: c, err: err} }
