//go:build !unix

package bench

import (
	"errors"
	"time"
)

// cpuTime is not known here.
func cpuTime() (time.Duration, error) {
	return 0, errors.New("the processor time of a process cannot be read on this system")
}
