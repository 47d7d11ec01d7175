package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dashboard is what these tests read of Grafana's form.
type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []struct{ Name string }
	}
	Panels []struct {
		ID      int
		Type    string
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr, LegendFormat string }
	}
}

var (
	inExpr    = regexp.MustCompile(`\b(gotensor_\w+|go_\w+|process_\w+)\b`)
	variable  = regexp.MustCompile(`\$(\w+)`)
	byLabels  = regexp.MustCompile(`by \(([^)]*)\)`)
	matchers  = regexp.MustCompile(`(gotensor_\w+)\{([^}]*)\}`)
	matcher   = regexp.MustCompile(`(\w+)\s*(?:=~|!=|=)`)
	inLegend  = regexp.MustCompile(`\{\{(\w+)\}\}`)
	ofProcess = map[string]bool{
		"process_resident_memory_bytes": true, "process_cpu_seconds_total": true, "process_open_fds": true, "go_goroutines": true,
	}
)

// documented are the metrics of the manual with their labels, and those that come with every scrape.
func documented(t *testing.T) map[string]map[string]bool {
	t.Helper()
	out := map[string]map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(must(t, observability)), -1) {
		labels := map[string]bool{"instance": true, "job": true, "le": m[2] == "histogram"}
		for l := range strings.SplitSeq(m[3], ", ") {
			labels[l] = true
		}
		names := []string{m[1]}
		if m[2] == "histogram" {
			names = []string{m[1] + "_bucket", m[1] + "_sum", m[1] + "_count"}
		}
		for _, n := range names {
			out[n] = labels
		}
	}
	require.NotEmpty(t, out)
	return out
}

// Every metric and label that a dashboard asks for is in the manual, and so is in what processes tell.
func TestDashboards(t *testing.T) {
	known := documented(t)
	files, err := filepath.Glob("../deploy/grafana/dashboards/*.json")
	require.NoError(t, err)
	require.Len(t, files, 4)
	uids, used := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var d dashboard
			require.NoError(t, json.Unmarshal(must(t, file), &d))
			require.Equal(t, "gotensor-"+strings.TrimSuffix(filepath.Base(file), ".json"), d.UID)
			require.False(t, uids[d.UID])
			uids[d.UID] = true
			variables := map[string]bool{"__rate_interval": true}
			for _, v := range d.Templating.List {
				variables[v.Name] = true
			}
			require.Greater(t, len(d.Panels), 10)
			seen := map[int]bool{}
			taken := map[[2]int]string{}
			for _, p := range d.Panels {
				require.False(t, seen[p.ID], "two panels %d", p.ID)
				seen[p.ID] = true
				for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
					for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
						require.Empty(t, taken[[2]int{x, y}], "%q lies over another panel", p.Title)
						taken[[2]int{x, y}] = p.Title
						require.Less(t, x, 24)
					}
				}
				require.NotEmpty(t, p.Targets, p.Title)
				for _, target := range p.Targets {
					for name := range checkExpr(t, known, target.Expr, target.LegendFormat) {
						used[name] = true
					}
					for _, v := range variable.FindAllStringSubmatch(target.Expr, -1) {
						require.True(t, variables[v[1]], "%q asks for the variable %s", p.Title, v[0])
					}
				}
			}
		})
	}
	require.Greater(t, len(used), 50, "dashboards show most of what there is")
}

// checkExpr fails for a metric or a label that no process tells, and returns the metrics.
func checkExpr(t *testing.T, known map[string]map[string]bool, expr, legend string) map[string]bool {
	t.Helper()
	require.Equal(t, strings.Count(expr, "("), strings.Count(expr, ")"), expr)
	names, labels := map[string]bool{}, map[string]bool{}
	for _, m := range inExpr.FindAllStringSubmatch(expr, -1) {
		if ofProcess[m[1]] {
			labels["instance"] = true
			continue
		}
		require.Contains(t, known, m[1], expr)
		names[m[1]] = true
		for l, is := range known[m[1]] {
			labels[l] = labels[l] || is
		}
	}
	for _, m := range matchers.FindAllStringSubmatch(expr, -1) {
		for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
			require.True(t, known[m[1]][l[1]], "%s has no label %s", m[1], l[1])
		}
	}
	for _, m := range byLabels.FindAllStringSubmatch(expr, -1) {
		for l := range strings.SplitSeq(m[1], ", ") {
			require.True(t, labels[l], "by %s in %s", l, expr)
		}
	}
	for _, m := range inLegend.FindAllStringSubmatch(legend, -1) {
		require.True(t, labels[m[1]], "{{%s}} for %s", m[1], expr)
	}
	return names
}

// The provisioning files point at what is there.
func TestProvisioning(t *testing.T) {
	for path, wants := range map[string][]string{
		"datasources/prometheus.yml": {"${PROMETHEUS_URL}", "type: prometheus"},
		"dashboards/gotensor.yml":    {"${GOTENSOR_DASHBOARDS}", "type: file"},
	} {
		data, err := os.ReadFile(filepath.Join("../deploy/grafana/provisioning", path))
		require.NoError(t, err)
		for _, want := range wants {
			require.Contains(t, string(data), want)
		}
		for _, v := range []string{"PROMETHEUS_URL", "GOTENSOR_DASHBOARDS"} {
			require.Contains(t, string(must(t, observability)), v, "the manual says what to set")
		}
	}
}
