package telemetry

import "errors"

var (
	// ErrConfig is returned for a configuration that cannot work.
	ErrConfig = errors.New("telemetry configuration")
	// ErrExposed is returned by Serve where profiles would be open to others than this machine.
	ErrExposed = errors.New("profiles would be open to other machines")
)
