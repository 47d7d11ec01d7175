//go:build !unix

package cputime

import "time"

var start = time.Now()

// used is the time since the program began, for want of anything better.
func used() time.Duration { return time.Since(start) }
