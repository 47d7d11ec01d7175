package gateway

import "errors"

var (
	// ErrConfig is returned for a Config that cannot work.
	ErrConfig = errors.New("gateway configuration")
	// ErrLogin is returned for a sign-in that is not as it must be.
	ErrLogin = errors.New("malformed sign-in")
)
