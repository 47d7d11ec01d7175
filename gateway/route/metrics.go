package route

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/telemetry"
)

func newFirstPiece(netuid gotensor.NetUID) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "gotensor_route_first_piece_seconds", Help: "Time to the first piece of an answer, of each neuron that gave one.",
		Buckets:     []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		ConstLabels: prometheus.Labels{"netuid": strconv.Itoa(int(netuid))},
	})
}

// Metrics are the counters of a gateway's routers, and how each neuron that serves does by uid, for Prometheus.
func Metrics(routers ...*Router) []prometheus.Collector {
	s := &telemetry.Set{}
	height := s.Gauge("gotensor_route_snapshot_height", "Block of the newest snapshot of the subnet, 0 before the first.", "netuid")
	at := s.Gauge("gotensor_route_snapshot_timestamp_seconds", "Time of that block by its own header, 0 before the first.", "netuid")
	opens := s.Counter("gotensor_route_opens_total", "Answers that were asked for.", "netuid")
	tries := s.Counter("gotensor_route_tries_total", "Neurons that were asked, hedges and retries included.", "netuid")
	hedges := s.Counter("gotensor_route_hedges_total", "Neurons asked because another one was slow.", "netuid")
	retries := s.Counter("gotensor_route_retries_total", "Neurons asked because another one failed.", "netuid")
	explored := s.Counter("gotensor_route_explored_total", "Neurons asked to learn about them, of the tries.", "netuid")
	wins := s.Counter("gotensor_route_hedge_wins_total", "Hedges that answered first.", "netuid")
	unhedged := s.Counter("gotensor_route_hedges_unspent_total", "Hedges for which there was no budget.", "netuid")
	ends := s.Counter("gotensor_route_ends_total", "Tries that ended, by how: ok or what was wrong.", "netuid", "outcome")
	info := s.Counter("gotensor_route_info_failures_total", "Unanswered questions what a neuron can do.", "netuid")
	running := s.Gauge("gotensor_route_answers_running", "Answers under way.", "netuid")
	states := s.Gauge("gotensor_route_neurons", "Neurons that serve, by the state of their breaker.", "netuid", "state")
	up := s.Gauge("gotensor_route_neuron_up", "1 where the neuron's breaker is closed and it was heard.", "netuid", "uid")
	latency := s.Gauge("gotensor_route_neuron_first_piece_seconds", "Moving mean of the neuron's time to the first piece, 0 before the first.", "netuid", "uid")
	success := s.Gauge("gotensor_route_neuron_success_ratio", "Moving mean of the neuron's answers that ended well.", "netuid", "uid")
	s.Reads(func(emit telemetry.Emit) {
		for _, r := range routers {
			st, netuid := r.Stats(), strconv.Itoa(int(r.cfg.NetUID))
			emit(height, float64(st.Height), netuid)
			emit(at, telemetry.Unix(st.Time), netuid)
			emit(opens, float64(st.Opens), netuid)
			emit(tries, float64(st.Tries), netuid)
			emit(hedges, float64(st.Hedges), netuid)
			emit(retries, float64(st.Retries), netuid)
			emit(explored, float64(st.Explored), netuid)
			emit(wins, float64(st.HedgeWins), netuid)
			emit(unhedged, float64(st.Unhedged), netuid)
			emit(ends, float64(st.Answers), netuid, "ok")
			for outcome, n := range st.Failures {
				emit(ends, float64(n), netuid, outcome)
			}
			emit(info, float64(st.InfoFailures), netuid)
			emit(running, float64(st.Running), netuid)
			for state, n := range st.States {
				emit(states, float64(n), netuid, state)
			}
			for _, p := range r.Standings() {
				uid := strconv.Itoa(int(p.UID))
				emit(up, telemetry.Truth(p.State == "up"), netuid, uid)
				emit(latency, p.Latency.Seconds(), netuid, uid)
				emit(success, p.Success, netuid, uid)
			}
		}
	})
	all := []prometheus.Collector{s}
	for _, r := range routers {
		all = append(all, r.stats.firstPiece)
	}
	return all
}
