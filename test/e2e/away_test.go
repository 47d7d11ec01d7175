//go:build e2e && soak

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// setting reads a number from the environment.
func setting(t *testing.T, name string, otherwise float64) float64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	x, err := strconv.ParseFloat(text, 64)
	require.NoErrorf(t, err, "%s is no number", name)
	return x
}

// TestNodeAway stops the chain's node for GOTENSOR_SOAK_MINUTES (10). Queries go on all the time, also through a gateway that is started
// again and by miners that have lost their only connection to the chain.
func TestNodeAway(t *testing.T) {
	minutes := setting(t, "GOTENSOR_SOAK_MINUTES", 10)
	s := newSuite(t)
	s.start(t, "--validators", "2", "--models", "ngram-2,ngram-3,ngram-4,ngram-5")
	s.connect(t)
	g := s.openGate(t, minersOfGate)
	require.True(t, g.chat(t.Context(), "", "auto", 64).done)
	gone := stopNode(t, s)
	end := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	restart := time.Now().Add(time.Until(end) / 2)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	asked := 0
	by := map[int]int{}
	for time.Now().Before(end) {
		<-tick.C
		if !restart.IsZero() && time.Now().After(restart) {
			restart = time.Time{}
			old := s.kill(t, "gateway")
			s.restarted(t, "gateway", old)
			g.ready(t, minersOfGate)
		}
		h := g.chat(t.Context(), "", "auto", 64)
		require.Truef(t, h.done, "after %d requests in %s: %s", asked, time.Since(gone.since).Round(time.Second), h)
		by[h.uid]++
		asked++
	}
	age := g.age(t)
	t.Logf("%d requests answered in %s without a node, from a snapshot that is %s old; by uid %v", asked, time.Since(gone.since).Round(time.Second), age.Round(time.Second), by)
	require.Greater(t, age, time.Duration(minutes*float64(time.Minute))*9/10)
	gone.goOn(t)
	g.ready(t, minersOfGate)
	eventually(t, soon, "the gateway follows the chain again", func() error {
		if age := g.age(t); age > 5*time.Second {
			return fmt.Errorf("its snapshot is %s old", age)
		}
		return nil
	})
	for range 8 {
		require.True(t, g.chat(t.Context(), "", "auto", 64).done)
	}
}
