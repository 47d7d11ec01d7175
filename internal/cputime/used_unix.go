//go:build unix

package cputime

import (
	"syscall"
	"time"
)

// used is the processor time that the process has used, in the kernel too; 0 if the system does not say.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
