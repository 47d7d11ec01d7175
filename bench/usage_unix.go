//go:build unix

package bench

import (
	"fmt"
	"syscall"
	"time"
)

// cpuTime is the processor time that this process has used so far, all threads, user and system together.
func cpuTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read own processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
