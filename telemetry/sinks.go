package telemetry

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Sinks are where a role's metrics and traces go. The zero value is nowhere.
type Sinks struct {
	Metrics prometheus.Registerer // nil: none
	Traces  *Traces               // nil: none
}

// Add registers a role's collectors. It fails with ErrConfig for a name that is taken.
func (s Sinks) Add(all ...prometheus.Collector) error {
	if s.Metrics == nil {
		return nil
	}
	for _, c := range all {
		if err := s.Metrics.Register(c); err != nil {
			return fmt.Errorf("%w: metrics: %w", ErrConfig, err)
		}
	}
	return nil
}
