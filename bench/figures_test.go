package bench_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/bench"
)

func TestFigures(t *testing.T) {
	caller := func(name string, points int) bench.CallerReport {
		c := bench.CallerReport{Name: name, Figures: bench.Figures{SuccessRate: 0.5, QueriesPerSecond: 97.25, P50: 180, P90: 320, P99: 1210, Max: 2890}}
		for i := range points {
			c.Series = append(c.Series, bench.Point{Seconds: float64(i + 1), QueriesPerSecond: 90})
		}
		return c
	}
	for name, tt := range map[string]struct {
		callers []bench.CallerReport
		want    []string
	}{
		"two callers":                 {[]bench.CallerReport{caller("rich", 3), caller("poor", 3)}, []string{"bench-rates", "bench-latencies"}},
		"stopped within a step":       {[]bench.CallerReport{caller("me", 0)}, []string{"bench-latencies"}},
		"nobody answered":             {[]bench.CallerReport{{Name: "me"}}, []string{"bench-latencies"}},
		"nothing was measured at all": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for _, f := range (bench.Report{Callers: tt.callers}).Figures("Subnet 1") {
				require.NoError(t, f.Validate())
				names = append(names, f.Name)
				require.Len(t, f.Series, len(tt.callers))
			}
			require.Equal(t, tt.want, names)
		})
	}
	f := bench.Report{Callers: []bench.CallerReport{caller("rich", 2)}}.Figures("Subnet 1")
	require.Equal(t, "Subnet 1", f[0].Title)
	require.Equal(t, "rich: 97.25 answers/s, 0 Mbit/s, 50.0 % answered, 0.0 % timed out, 0.0 % refused", f[0].Series[0].Label)
	require.Equal(t, []float64{180, 320, 1210, 2890}, f[1].Series[0].Y)
}
