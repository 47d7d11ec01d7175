package telemetry_test

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/telemetry"
)

func ExampleSet() {
	s := &telemetry.Set{}
	waiting := s.Gauge("gotensor_example_calls_waiting", "Calls that wait.", "method")
	s.Reads(func(emit telemetry.Emit) { emit(waiting, 3, "Predict") })

	registry := prometheus.NewRegistry()
	registry.MustRegister(s)
	all, err := registry.Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range all {
		fmt.Println(f.GetName(), f.GetMetric()[0].GetGauge().GetValue())
	}
	// Output: gotensor_example_calls_waiting 3
}
