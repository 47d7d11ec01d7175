package genesis

import "errors"

// Errors of this package.
var (
	// ErrSpec is wrapped by every complaint about a Spec.
	ErrSpec = errors.New("invalid chain specification")
	// ErrAmount is an amount of TAO that cannot be read.
	ErrAmount = errors.New("invalid amount of TAO")
)
