package axon

import (
	"sync/atomic"
	"time"
)

// LatencyBounds are the upper bounds, in seconds, of the buckets of MethodStats.Latency; beyond the last there is one more.
var LatencyBounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

// MethodStats are a method's counters. They only ever grow.
type MethodStats struct {
	Served   uint64        // calls answered without error
	Failed   uint64        // calls that got a slot and ended in an error
	Refused  uint64        // calls that got no slot: overload, or expired while they waited
	Handling time.Duration // in handlers until they gave their turn back, the arrival of the request's body included, summed over calls
	Waiting  time.Duration // in the queue, summed over calls that got a slot
	Latency  []uint64      // calls by time handled, one bucket per LatencyBounds and one beyond; not cumulative
}

// method is a served method.
type method struct {
	stream            bool
	immediate         bool        // needs no slot
	holds             atomic.Bool // its handler gives turns back
	served, failed    atomic.Uint64
	refused           atomic.Uint64
	handling, waiting atomic.Int64
	latency           [len(LatencyBounds) + 1]atomic.Uint64
}

// done counts a call that had a slot.
func (m *method) done(took time.Duration, err error) {
	m.handling.Add(int64(took))
	i := 0
	for s := took.Seconds(); i < len(LatencyBounds) && s > LatencyBounds[i]; {
		i++
	}
	m.latency[i].Add(1)
	if err != nil {
		m.failed.Add(1)
	} else {
		m.served.Add(1)
	}
}

func (m *method) stats() MethodStats {
	st := MethodStats{
		Served: m.served.Load(), Failed: m.failed.Load(), Refused: m.refused.Load(),
		Handling: time.Duration(m.handling.Load()), Waiting: time.Duration(m.waiting.Load()),
		Latency: make([]uint64, len(m.latency)),
	}
	for i := range m.latency {
		st.Latency[i] = m.latency[i].Load()
	}
	return st
}
