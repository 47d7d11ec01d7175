package bench

import "errors"

// What can go wrong with a measurement itself; what goes wrong with a query is a figure.
var (
	// ErrConfig: the measurement as described cannot work; the text names the field, its value and the range.
	ErrConfig = errors.New("benchmark configuration")
	// ErrPeer: the process at the other end of a loopback measurement does not behave.
	ErrPeer = errors.New("loopback server")
)
