package bench

import (
	"maps"
	"slices"
	"time"

	"github.com/gotensor/gotensor"
)

// Report is what a measurement of a network found, so far or in all.
type Report struct {
	// Seconds in which the rates were measured, and for how long a query may last.
	Seconds         float64 `json:"seconds"`
	DeadlineSeconds float64 `json:"deadline_seconds"`
	Concurrency     int     `json:"concurrency"` // askers of each caller
	// Ended tells that no query is under way any more.
	Ended   bool           `json:"ended"`
	Callers []CallerReport `json:"callers"` // in the order of Config.Callers
}

// Figures are those of one caller, with all neurons or with one of them.
type Figures struct {
	// Queries that have ended, Answered of them with an answer; Outcomes says how, by the constants Answered and so on.
	Queries  uint64            `json:"queries"`
	Answered uint64            `json:"answered"`
	Outcomes map[string]uint64 `json:"outcomes"`
	// Parts of Queries, 0 to 1.
	SuccessRate float64 `json:"success_rate"`
	TimeoutRate float64 `json:"timeout_rate"`
	RefusedRate float64 `json:"refused_rate"`
	// Answers per second within the measured time, and the bits of their messages, both ways, without the framing of HTTP/2 and TLS.
	QueriesPerSecond float64 `json:"queries_per_second"`
	MbitPerSecond    float64 `json:"mbit_per_second"`
	// Latencies of answers, 0 if there is none.
	P50 float64 `json:"p50_ms"`
	P90 float64 `json:"p90_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// CallerReport is what one caller found.
type CallerReport struct {
	Name string `json:"name"`
	Figures
	Neurons []NeuronReport `json:"neurons"` // in the order of Config.Neurons
	Series  []Point        `json:"series"`
	// FirstError is the first thing that went wrong, nil if nothing did.
	FirstError error `json:"-"`
}

// NeuronReport is what one caller found with one neuron.
type NeuronReport struct {
	UID gotensor.UID `json:"uid"`
	Figures
}

// Point is the mean over one step of the series, which ends Seconds after the start.
type Point struct {
	Seconds           float64 `json:"seconds"`
	QueriesPerSecond  float64 `json:"queries_per_second"`
	MbitPerSecond     float64 `json:"mbit_per_second"`
	RefusedPerSecond  float64 `json:"refused_per_second"`
	TimeoutsPerSecond float64 `json:"timeouts_per_second"`
}

func (r *run) report(ended bool) Report {
	measured := min(time.Since(r.began), r.cfg.Duration)
	out := Report{Seconds: measured.Seconds(), DeadlineSeconds: r.cfg.Deadline.Seconds(), Concurrency: r.cfg.Concurrency, Ended: ended}
	for _, t := range r.tallies {
		out.Callers = append(out.Callers, t.report(measured, r.cfg.Neurons))
	}
	return out
}

func (t *tally) report(measured time.Duration, neurons []Neuron) CallerReport {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := CallerReport{Name: t.caller.Name, Figures: t.all.figures(measured), Series: append([]Point{}, t.series...), FirstError: t.first}
	for i, n := range neurons {
		c.Neurons = append(c.Neurons, NeuronReport{UID: n.UID, Figures: t.neurons[i].figures(measured)})
	}
	return c
}

func (c *counts) figures(measured time.Duration) Figures {
	f := Figures{
		Queries: c.ended, Answered: c.kinds[Answered], Outcomes: maps.Clone(c.kinds),
		QueriesPerSecond: float64(c.inTime) / measured.Seconds(), MbitPerSecond: float64(c.bytes) * 8 / 1e6 / measured.Seconds(),
		P50: millis(c.took, 50), P90: millis(c.took, 90), P99: millis(c.took, 99), Max: float64(c.took.Max()) / 1000,
	}
	if c.ended > 0 {
		all := float64(c.ended)
		f.SuccessRate, f.TimeoutRate, f.RefusedRate = float64(f.Answered)/all, float64(c.missed)/all, float64(c.refused)/all
	}
	return f
}

// Kinds lists the outcomes that occurred other than answers, most frequent first.
func (f Figures) Kinds() []string {
	kinds := slices.Sorted(maps.Keys(f.Outcomes))
	kinds = slices.DeleteFunc(kinds, func(k string) bool { return k == Answered })
	slices.SortStableFunc(kinds, func(x, y string) int { return int(f.Outcomes[y]) - int(f.Outcomes[x]) })
	return kinds
}
