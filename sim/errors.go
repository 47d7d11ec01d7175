package sim

import "errors"

// ErrConfig says that a simulation's parameters cannot work.
var ErrConfig = errors.New("simulation")
