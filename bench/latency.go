package bench

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are counted in microseconds up to maxLatency, with three significant figures; what took longer counts as that long.
const (
	maxLatency  = 2 * time.Minute
	significant = 3
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, maxLatency.Microseconds(), significant)
}

func record(h *hdrhistogram.Histogram, took time.Duration) {
	// The only failure is a value out of range.
	_ = h.RecordValue(min(max(took, time.Microsecond), maxLatency).Microseconds())
}

// millis is a percentile in milliseconds, 0 without any value.
func millis(h *hdrhistogram.Histogram, percentile float64) float64 {
	return float64(h.ValueAtPercentile(percentile)) / 1000
}

// latencies is a histogram that many goroutines fill: one part per processor, each behind its own lock.
type latencies []shard

type shard struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
}

func newLatencies() latencies {
	l := make(latencies, runtime.GOMAXPROCS(0))
	for i := range l {
		l[i].h = newHistogram()
	}
	return l
}

func (l latencies) record(asker int, took time.Duration) {
	s := &l[asker%len(l)]
	s.mu.Lock()
	defer s.mu.Unlock()
	record(s.h, took)
}

// sum is all parts in one; nobody may record any more.
func (l latencies) sum() *hdrhistogram.Histogram {
	all := newHistogram()
	for i := range l {
		all.Merge(l[i].h) // drops nothing: all have the same range
	}
	return all
}

// failure keeps the first error of many.
type failure struct {
	count atomic.Uint64
	once  sync.Once
	first error
}

func (f *failure) add(err error) {
	f.count.Add(1)
	f.once.Do(func() { f.first = err })
}
