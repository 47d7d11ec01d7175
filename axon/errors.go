package axon

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	// ErrConfig is returned by New and ParsePolicy for settings that cannot work; the message names field, value and fix.
	ErrConfig = errors.New("axon configuration")
	// ErrServed is returned by a second call of Serve.
	ErrServed = errors.New("axon: a server serves once")
)

var (
	errForeignConn = errors.New("axon: connection did not come from the accept loop")
	errServerOnly  = errors.New("axon: these credentials are for servers")
	// errNoCall would mean that a call reached a handler without passing the proof: fail closed.
	errNoCall = status.Error(codes.Unauthenticated, "call did not pass the proof")
)
