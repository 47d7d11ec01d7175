package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/axon"
)

// Axon turns the counters of an axon into metrics; read is axon.Server.Stats.
func Axon(read func() axon.Stats) prometheus.Collector {
	s := &Set{}
	conns := s.Gauge("gotensor_axon_connections", "Connections that are open.")
	unproven := s.Gauge("gotensor_axon_connections_unproven", "Open connections whose caller has not proven a key yet.")
	queued := s.Gauge("gotensor_axon_calls_queued", "Calls that wait for their turn.")
	running := s.Gauge("gotensor_axon_calls_running", "Calls that are worked on.")
	accepted := s.Counter("gotensor_axon_connections_total", "Connections taken.")
	refused := s.Counter("gotensor_axon_connections_refused_total", "Connections closed for lack of room.")
	handshakes := s.Counter("gotensor_axon_handshakes_failed_total", "TLS handshakes that failed.")
	proofs := s.Counter("gotensor_axon_proofs_total", "Proofs of callers' keys that were accepted.")
	turned := s.Counter("gotensor_axon_calls_refused_total", "Calls that were not worked on: proof, policy (no right to ask), overload.", "why")
	panics := s.Counter("gotensor_axon_panics_total", "Handlers that panicked.")
	bytes := s.Counter("gotensor_axon_network_bytes_total", "Bytes from and to the network, TLS included.", "direction")
	calls := s.Counter("gotensor_axon_calls_total", "Calls that ended, by method: ok, failed (with an error of the handler) or refused (no turn).", "method", "outcome")
	waiting := s.Counter("gotensor_axon_queue_wait_seconds_total", "Time that calls waited for their turn, summed.", "method")
	took := &latencies{desc: prometheus.NewDesc("gotensor_axon_handling_seconds", "Time in handlers, the arrival of the request's body included.", []string{"method"}, nil)}
	s.Reads(func(emit Emit) {
		st := read()
		emit(conns, float64(st.Conns))
		emit(unproven, float64(st.Unproven))
		emit(queued, float64(st.Queued))
		emit(running, float64(st.Running))
		emit(accepted, float64(st.Accepted))
		emit(refused, float64(st.Refused))
		emit(handshakes, float64(st.Handshakes))
		emit(proofs, float64(st.Proofs))
		emit(turned, float64(st.BadProofs), "proof")
		emit(turned, float64(st.Denied), "policy")
		emit(turned, float64(st.Overloaded), "overload")
		emit(panics, float64(st.Panics))
		emit(bytes, float64(st.BytesRead), "in")
		emit(bytes, float64(st.BytesWritten), "out")
		for method, m := range st.Methods {
			emit(calls, float64(m.Served), method, "ok")
			emit(calls, float64(m.Failed), method, "failed")
			emit(calls, float64(m.Refused), method, "refused")
			emit(waiting, m.Waiting.Seconds(), method)
		}
	})
	took.read = func() map[string]axon.MethodStats { return read().Methods }
	return both{s, took}
}

// latencies are the histograms of an axon's methods.
type latencies struct {
	desc *prometheus.Desc
	read func() map[string]axon.MethodStats
}

// Describe implements prometheus.Collector.
func (l *latencies) Describe(out chan<- *prometheus.Desc) { out <- l.desc }

// Collect implements prometheus.Collector.
func (l *latencies) Collect(out chan<- prometheus.Metric) {
	for method, m := range l.read() {
		buckets := make(map[float64]uint64, len(axon.LatencyBounds))
		var n uint64
		for i, bound := range axon.LatencyBounds {
			n += m.Latency[i]
			buckets[bound] = n
		}
		n += m.Latency[len(axon.LatencyBounds)]
		out <- prometheus.MustNewConstHistogram(l.desc, n, m.Handling.Seconds(), buckets, method)
	}
}

// both are two collectors as one.
type both [2]prometheus.Collector

// Describe implements prometheus.Collector.
func (b both) Describe(out chan<- *prometheus.Desc) {
	b[0].Describe(out)
	b[1].Describe(out)
}

// Collect implements prometheus.Collector.
func (b both) Collect(out chan<- prometheus.Metric) {
	b[0].Collect(out)
	b[1].Collect(out)
}
