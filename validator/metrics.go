package validator

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/telemetry"
)

// metrics are what a validator counts for Prometheus beside its status.
type metrics struct {
	rounds prometheus.Histogram
	failed prometheus.Counter
	missed prometheus.Counter
	asked  prometheus.Gauge
}

func newMetrics() *metrics {
	return &metrics{
		rounds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "gotensor_validator_round_seconds", Help: "Time of a round that counted: asking and judging.",
			Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320},
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "gotensor_validator_rounds_failed_total", Help: "Rounds that did not count."}),
		missed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gotensor_validator_reveals_missed_total", Help: "Commitments that were not revealed in time.",
		}),
		asked: prometheus.NewGauge(prometheus.GaugeOpts{Name: "gotensor_validator_neurons_asked", Help: "Neurons that were asked in the latest round."}),
	}
}

// round counts one round.
func (m *metrics) round(asked []metagraph.Neuron, took time.Duration, ok bool) {
	m.asked.Set(float64(len(asked)))
	if !ok {
		m.failed.Inc()
		return
	}
	m.rounds.Observe(took.Seconds())
}

// collectors are all metrics of a validator: last is its newest status, nil before the first.
func (m *metrics) collectors(last func() *Status) []prometheus.Collector {
	s := &telemetry.Set{}
	judging := s.Gauge("gotensor_validator_judging", "1 while miners are judged; 0 while something is waited for, which the log names.")
	warming := s.Gauge("gotensor_validator_warming_up", "1 until there are enough rounds to commit.")
	round := s.Gauge("gotensor_validator_round", "Number of the latest round that counted, those before a restart included.")
	gain := s.Gauge("gotensor_validator_mixture_gain", "Gain of the equal mixture of all answers of the latest round, in the mechanism's unit (nats for text).")
	height := s.Gauge("gotensor_validator_chain_height", "Block of the newest snapshot, 0 before the first.")
	epoch := s.Gauge("gotensor_validator_chain_epoch", "Epoch of that snapshot.")
	committed := s.Gauge("gotensor_validator_committed_epoch", "Latest epoch whose weights were committed to; -1 before the first.")
	revealed := s.Gauge("gotensor_validator_revealed_epoch", "Latest epoch whose weights were revealed; -1 before the first.")
	at := s.Gauge("gotensor_validator_status_timestamp_seconds", "When this validator last knew of itself.")
	each := s.Gauge("gotensor_validator_neuron_gain", "Moving mean of a neuron's gain, in the mechanism's unit.", "uid")
	weight := s.Gauge("gotensor_validator_neuron_weight_ratio", "Share of the pay that this validator gives a neuron.", "uid")
	copied := s.Gauge("gotensor_validator_neuron_copy_factor", "1 where no other neuron answers alike, less where some do.", "uid")
	silent := s.Gauge("gotensor_validator_neuron_silent_rounds", "Rounds in a row in which a neuron did not answer.", "uid")
	service := s.Gauge("gotensor_validator_neuron_service_ratio",
		"How a neuron serves people, 0 to 1: part service is all in one; success, speed and honesty are what it is made of; factor is what the pay is multiplied with.", "uid", "part")
	s.Reads(func(emit telemetry.Emit) {
		st := last()
		if st == nil {
			st = &Status{Waiting: "nothing was read yet", WarmingUp: true}
		}
		emit(judging, telemetry.Truth(st.Waiting == ""))
		emit(warming, telemetry.Truth(st.WarmingUp))
		emit(round, float64(st.Round))
		emit(gain, st.MixtureGain)
		emit(height, float64(st.Height))
		emit(epoch, float64(st.Epoch))
		emit(committed, orNone(st.CommittedEpoch))
		emit(revealed, orNone(st.RevealedEpoch))
		emit(at, telemetry.Unix(st.Time))
		for _, n := range st.Neurons {
			uid := strconv.Itoa(int(n.UID))
			emit(each, n.Gain, uid)
			emit(weight, n.Weight, uid)
			emit(copied, n.CopyFactor, uid)
			emit(silent, float64(n.Silent), uid)
			if v := n.Service; v != nil {
				emit(service, v.Service, uid, "service")
				emit(service, v.Success, uid, "success")
				emit(service, v.Speed, uid, "speed")
				emit(service, v.Honesty, uid, "honesty")
				emit(service, v.Factor, uid, "factor")
			}
		}
	})
	return []prometheus.Collector{s, m.rounds, m.failed, m.missed, m.asked}
}

func orNone(epoch *uint64) float64 {
	if epoch == nil {
		return -1
	}
	return float64(*epoch)
}
