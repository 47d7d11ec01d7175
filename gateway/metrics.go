package gateway

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/fair"
	"github.com/gotensor/gotensor/internal/span"
	"github.com/gotensor/gotensor/telemetry"
)

// metrics are what a gateway counts for Prometheus. No label tells who asked.
type metrics struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	running  prometheus.Gauge
	streams  prometheus.Gauge
	streamed prometheus.Counter
	tokens   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	waited   prometheus.Histogram
}

// Stages at which a request with a key, or without one, is turned away before any neuron is asked.
const (
	refusedKey   = "key"   // unknown, revoked, missing
	refusedBody  = "body"  // too large, too slow
	refusedLimit = "limit" // of account or key
	refusedQueue = "queue" // no room, or no turn in time
)

func newMetrics() *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gotensor_gateway_requests_total", Help: "Requests that ended, by route and HTTP status.",
		}, []string{"route", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gotensor_gateway_request_seconds", Help: "Time of requests to the end of their answer, by route.",
			Buckets: []float64{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"route"}),
		running:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "gotensor_gateway_requests_running", Help: "Requests under way."}),
		streams:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "gotensor_gateway_streams_running", Help: "Answers under way that come piece by piece."}),
		streamed: prometheus.NewCounter(prometheus.CounterOpts{Name: "gotensor_gateway_streams_total", Help: "Answers that came piece by piece and ended."}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gotensor_gateway_tokens_total", Help: "Tokens of questions (in) and answers (out), as the neurons count them.",
		}, []string{"direction"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gotensor_gateway_refused_total", Help: "Requests turned away before a neuron was asked: key, body, limit or queue.",
		}, []string{"why"}),
		waited: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "gotensor_gateway_queue_wait_seconds", Help: "Time that requests waited for their turn, those that did not get one included.",
			Buckets: []float64{0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 20},
		}),
	}
	for _, why := range []string{refusedKey, refusedBody, refusedLimit, refusedQueue} {
		m.refused.WithLabelValues(why)
	}
	for _, direction := range []string{"in", "out"} {
		m.tokens.WithLabelValues(direction)
	}
	return m
}

// collectors are all metrics of a gateway.
func (g *gateway) collectors() []prometheus.Collector {
	s := &telemetry.Set{}
	queued := s.Gauge("gotensor_gateway_queue_waiting", "Requests that wait for their turn.")
	slots := s.Gauge("gotensor_gateway_queue_running", "Requests that have their turn.")
	room := s.Gauge("gotensor_gateway_queue_slots", "Requests that may have their turn at a time.")
	known := s.Gauge("gotensor_gateway_keys_known", "API keys that are remembered, unknown ones that were tried included.")
	unsaved := s.Gauge("gotensor_gateway_usage_unsaved", "Keys whose usage is not in the store yet.")
	ready := s.Gauge("gotensor_gateway_ready", "1 where /readyz says yes for the subnet.", "netuid")
	up := s.Gauge("gotensor_gateway_neurons_up", "Neurons of the subnet that answered lately.", "netuid")
	age := s.Gauge("gotensor_gateway_snapshot_age_seconds", "Age of the newest snapshot of the subnet; -1 before the first.", "netuid")
	s.Reads(func(emit telemetry.Emit) {
		waiting, running := g.queue.Depth()
		emit(queued, float64(waiting))
		emit(slots, float64(running))
		emit(room, float64(g.cfg.Limits.Slots))
		emit(known, float64(g.keys.size()))
		emit(unsaved, float64(g.ledger.size()))
		for _, n := range g.cfg.Networks {
			h, netuid := g.subnetHealth(n), strconv.Itoa(int(n.NetUID))
			old := float64(h.AgeMs) / 1000
			if n.Network.Metagraph() == nil {
				old = -1
			}
			emit(ready, telemetry.Truth(h.Ready && !g.stopping.Load()), netuid)
			emit(up, float64(h.Up), netuid)
			emit(age, old, netuid)
		}
	})
	m := g.metrics
	return []prometheus.Collector{s, m.requests, m.took, m.running, m.streams, m.streamed, m.tokens, m.refused, m.waited}
}

func (k *keyring) size() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.known)
}

func (l *ledger) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.more)
}

// ended counts a request. Routes are patterns, and statuses those that this program gives: neither grows with what callers send.
func (m *metrics) ended(rec *record, w *writer, took time.Duration) {
	m.running.Dec()
	if w.stream {
		m.streams.Dec()
		m.streamed.Inc()
	}
	route := cmp.Or(rec.route, "other")
	status := "none" // the caller was gone before there was one
	if w.status != 0 {
		status = strconv.Itoa(w.status)
	}
	m.requests.WithLabelValues(route, status).Inc()
	m.took.WithLabelValues(route).Observe(took.Seconds())
	m.tokens.WithLabelValues("in").Add(float64(rec.in))
	m.tokens.WithLabelValues("out").Add(float64(rec.out))
}

// begun looks at an answer's headers when it begins.
func (w *writer) begun() {
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") && w.counts != nil {
		w.stream = true
		w.counts.streams.Inc()
	}
}

// traced makes a request the first step of its query in this process. It begins when the key is known: strangers are not traced.
func (g *gateway) traced(r *http.Request, pattern string) (*http.Request, span.Step) {
	ctx, step := span.Serve(r.Context(), g.cfg.Telemetry.Traces.Provider(), r.Header.Get(span.Header), "gateway "+pattern)
	if !step.On() {
		step.End(nil)
		return r.WithContext(ctx), span.Step{} // whoever is asked learns that this is not traced
	}
	return r.WithContext(ctx), step
}

// answered ends the step of a request.
func answered(step span.Step, w http.ResponseWriter, err error) {
	if !step.On() {
		return
	}
	step.Text("uid", w.Header().Get("Gt-Uid"))
	if own, ok := w.(*writer); ok && own.status != 0 {
		step.Int("status", own.status)
		if own.status >= http.StatusInternalServerError {
			step.Fail(http.StatusText(own.status))
		}
	}
	step.End(err)
}

// acquire is the wait for a turn.
func (g *gateway) acquire(ctx context.Context, c fair.Claim) (*fair.Ticket, error) {
	began := time.Now()
	_, step := span.Start(ctx, "gateway.queue")
	ticket, err := g.queue.Acquire(ctx, c)
	step.End(err)
	g.metrics.waited.Observe(time.Since(began).Seconds())
	return ticket, err
}
