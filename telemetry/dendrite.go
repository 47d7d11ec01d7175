package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/dendrite"
)

// Dendrite turns the counters of a dendrite into metrics; read is dendrite.Client.Stats.
func Dendrite(read func() dendrite.Stats) prometheus.Collector {
	s := &Set{}
	targets := s.Gauge("gotensor_dendrite_targets", "Neurons to which connections are remembered.")
	conns := s.Gauge("gotensor_dendrite_connections", "Connections that are open.")
	running := s.Gauge("gotensor_dendrite_calls_running", "Calls and streams in progress.")
	calls := s.Counter("gotensor_dendrite_calls_total", "Calls and streams that ended, by outcome.", "outcome")
	took := s.Counter("gotensor_dendrite_answered_seconds_total", "Time of unary calls that were answered, summed.")
	handshakes := s.Counter("gotensor_dendrite_handshakes_total", "TLS handshakes, by outcome: ok or failed.", "outcome")
	bytes := s.Counter("gotensor_dendrite_network_bytes_total", "Bytes from and to the network, TLS included.", "direction")
	return s.Reads(func(emit Emit) {
		st := read()
		emit(targets, float64(st.Targets))
		emit(conns, float64(st.Conns))
		emit(running, float64(st.Running))
		for outcome, n := range st.Outcomes {
			emit(calls, float64(n), outcome)
		}
		emit(took, st.Took.Seconds())
		emit(handshakes, float64(st.Handshakes), "ok")
		emit(handshakes, float64(st.FailedHandshakes), "failed")
		emit(bytes, float64(st.BytesRead), "in")
		emit(bytes, float64(st.BytesWritten), "out")
	})
}
