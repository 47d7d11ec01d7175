// Package apierror writes the errors of a gateway as OpenAI's clients expect them: a body {"error": {message, type, param, code}}, a
// status that tells whether to try again, and Retry-After where there is a time to wait.
//
// Start at Error and Write.
package apierror

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Types of errors that OpenAI's API knows.
const (
	InvalidRequest = "invalid_request_error"
	Authentication = "authentication_error"
	Permission     = "permission_error"
	NotFound       = "not_found_error"
	RateLimit      = "rate_limit_error"
	Server         = "server_error"
)

// Error is an error that a caller of the gateway may see whole.
type Error struct {
	Status  int    // HTTP
	Type    string // one of the constants
	Message string // for people: what is wrong and what to do
	Param   string // the field at fault, may be empty
	Code    string // for programs, e.g. "model_not_found"; may be empty
	Retry   time.Duration
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Invalid is the error of a request that cannot be served as it is.
func Invalid(param, message string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: InvalidRequest, Message: message, Param: param}
}

// Body is the error as JSON, as it also stands in an event of a stream that had begun.
func Body(err error) []byte {
	e := of(err)
	type body struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	out, _ := json.Marshal(map[string]body{"error": {e.Message, e.Type, maybe(e.Param), maybe(e.Code)}}) // strings always encode
	return out
}

// Write answers a request with an error. What is not an *Error is answered with status 500 and none of its words.
func Write(w http.ResponseWriter, err error) {
	e := of(err)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((e.Retry+time.Second-1)/time.Second), 10))
		h.Set("Retry-After-Ms", strconv.FormatInt(e.Retry.Milliseconds(), 10))
	}
	w.WriteHeader(e.Status)
	_, _ = w.Write(append(Body(err), '\n')) // the caller may be gone
}

func of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Status: http.StatusInternalServerError, Type: Server, Message: "the gateway failed; its log says why", Code: "internal_error"}
}

func maybe(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
