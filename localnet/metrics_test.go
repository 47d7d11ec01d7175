package localnet

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMetricsOfEveryRole: each process has an address of its own, which the home tells; without --metrics nothing is told.
func TestMetricsOfEveryRole(t *testing.T) {
	c, _ := config(t)
	p, leave, err := enter(t.Context(), &c)
	require.NoError(t, err)
	t.Cleanup(leave)
	for _, r := range c.roles(p, "") {
		require.NotContains(t, r.args, "--metrics")
	}
	require.NoFileExists(t, metricsIn(c.Home))

	c.Metrics, c.Pprof = true, true
	all := append(c.roles(p, ""), c.gateway(p))
	var told map[string]string
	data, err := os.ReadFile(metricsIn(c.Home))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &told))
	require.Len(t, told, len(all))
	config, err := os.ReadFile(prometheusIn(c.Home))
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, r := range all {
		at := told[r.name]
		require.Regexp(t, `^127\.0\.0\.1:\d+$`, at)
		require.False(t, seen[at], "one address for two")
		seen[at] = true
		require.Subset(t, r.args, []string{"--metrics", at, "--pprof"})
		require.Contains(t, string(config), `      - targets: ["`+at+`"]`+"\n"+`        labels: {name: "`+r.name+`"}`)
	}
	for _, job := range []string{"gateway", "miner", "validator"} {
		require.Contains(t, string(config), "  - job_name: "+job+"\n")
	}
	require.NoError(t, c.scrapes.forget())
	require.NoFileExists(t, metricsIn(c.Home))
	require.NoFileExists(t, prometheusIn(c.Home))
	require.NoError(t, c.scrapes.forget(), "there is nothing to forget")
}
