package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Registry is that of one process: the Go runtime, the process, and which program it is.
func Registry(role, version string) *prometheus.Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "gotensor_build_info", Help: "Always 1; which program this is.",
		ConstLabels: prometheus.Labels{"role": role, "version": version},
	})
	build.Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Set is a collector of metrics that are read when they are asked for. Describe its metrics by Counter and Gauge, then return from Read
// what they are now.
type Set struct {
	descs []*prometheus.Desc
	read  func(emit Emit)
}

// Metric is one metric of a Set.
type Metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// Emit tells a metric's value, with as many label values as it has labels.
type Emit func(m Metric, value float64, labels ...string)

// Reads sets what is called at each scrape, by several goroutines perhaps.
func (s *Set) Reads(read func(emit Emit)) *Set {
	s.read = read
	return s
}

// Counter describes a metric that only grows; its name ends in _total.
func (s *Set) Counter(name, help string, labels ...string) Metric {
	return s.metric(prometheus.CounterValue, name, help, labels)
}

// Gauge describes a metric of the moment.
func (s *Set) Gauge(name, help string, labels ...string) Metric {
	return s.metric(prometheus.GaugeValue, name, help, labels)
}

func (s *Set) metric(kind prometheus.ValueType, name, help string, labels []string) Metric {
	d := prometheus.NewDesc(name, help, labels, nil)
	s.descs = append(s.descs, d)
	return Metric{d, kind}
}

// Describe implements prometheus.Collector.
func (s *Set) Describe(out chan<- *prometheus.Desc) {
	for _, d := range s.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (s *Set) Collect(out chan<- prometheus.Metric) {
	s.read(func(m Metric, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
	})
}

// Unix is a time as metrics have it; 0 for none.
func Unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// Truth is 1 or 0.
func Truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
