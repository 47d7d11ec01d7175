// Package cputime measures benchmarks in processor time: beside a clock it leaves out the time in which other programs had the
// processor. Start at Loop.
package cputime

import (
	"slices"
	"time"
)

// mostRuns is how many runs' times are kept, so that keeping them allocates nothing.
const mostRuns = 1 << 17

// Benchmark is the part of *testing.B that Loop needs.
type Benchmark interface {
	Helper()
	ReportAllocs()
	Loop() bool
	Fatal(args ...any)
	ReportMetric(n float64, unit string)
}

// Loop runs f once to fill what it reuses, then over and over. It reports the median and the least processor time of a run in milliseconds,
// all threads together, and returns the median. An error of f ends the benchmark.
func Loop(b Benchmark, f func() error) float64 {
	b.Helper()
	b.ReportAllocs()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	times := make([]time.Duration, 0, mostRuns)
	for b.Loop() {
		before := used()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		if len(times) < mostRuns {
			times = append(times, used()-before)
		}
	}
	slices.Sort(times)
	median := times[len(times)/2].Seconds() * 1000
	b.ReportMetric(median, "cpu-ms/op")
	b.ReportMetric(times[0].Seconds()*1000, "min-ms/op")
	return median
}
