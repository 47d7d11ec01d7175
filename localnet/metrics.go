package localnet

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/renameio/v2"

	"github.com/gotensor/gotensor/internal/port"
)

// scrapes are the addresses at which this network's processes serve metrics, and the files in its home that tell of them: metrics.json by
// name, and prometheus.yml for `prometheus --config.file`.
type scrapes struct {
	home string

	mu    sync.Mutex
	at    map[string]string // by the process's name
	roles map[string]string
}

func metricsIn(dir string) string    { return filepath.Join(dir, "metrics.json") }
func prometheusIn(dir string) string { return filepath.Join(dir, "prometheus.yml") }

// flags are what a role is started with so that it can be watched. Nothing where nobody asked for it.
func (c *Config) watched(name, role string) []string {
	if !c.Metrics {
		return nil
	}
	at, err := c.scrapes.add(name, role)
	if err != nil {
		c.Log.Warn("a process serves no metrics", "process", name, "err", err)
		return nil
	}
	out := []string{"--metrics", at}
	if c.Pprof {
		out = append(out, "--pprof")
	}
	return out
}

// forget removes what an earlier run told.
func (s *scrapes) forget() error {
	for _, path := range []string{metricsIn(s.home), prometheusIn(s.home)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return nil
}

// add gives a process an address and tells of it.
func (s *scrapes) add(name, role string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	free, err := port.Free(1)
	if err != nil {
		return "", err
	}
	at := free[0]
	s.at[name], s.roles[name] = at, role
	if err := writeJSON(metricsIn(s.home), s.at); err != nil {
		return "", err
	}
	if err := renameio.WriteFile(prometheusIn(s.home), []byte(s.config()), 0o644); err != nil {
		return "", fmt.Errorf("write %s: %w", prometheusIn(s.home), err)
	}
	return at, nil
}

// config is that of a Prometheus that watches this network: a job for each role, named as the roles of processes elsewhere.
func (s *scrapes) config() string {
	var b strings.Builder
	b.WriteString("# Written by gotensor localnet --metrics at each start.\nglobal:\n  scrape_interval: 5s\nscrape_configs:\n")
	for _, role := range slices.Compact(slices.Sorted(maps.Values(s.roles))) {
		fmt.Fprintf(&b, "  - job_name: %s\n    static_configs:\n", role)
		for _, name := range slices.Sorted(maps.Keys(s.at)) {
			if s.roles[name] == role {
				fmt.Fprintf(&b, "      - targets: [%q]\n        labels: {name: %q}\n", s.at[name], name)
			}
		}
	}
	return b.String()
}
