//go:build unix

package yuma

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cpuTime is the processor time that the process has used, in the kernel too. Beside a clock it leaves out the time in which others had the
// processor.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// loop runs f over and over and reports the median and the least processor time of a run, as the reference's table gives them.
func loop(b *testing.B, f func() error) {
	b.Helper()
	b.ReportAllocs()
	require.NoError(b, f()) // fills a workspace
	var times []time.Duration
	for b.Loop() {
		before := cpuTime(b)
		if err := f(); err != nil {
			b.Fatal(err)
		}
		times = append(times, cpuTime(b)-before)
	}
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2].Seconds()*1000, "cpu-ms/op")
	b.ReportMetric(times[0].Seconds()*1000, "min-ms/op")
}
