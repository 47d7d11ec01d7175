package market

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
)

func TestClonesStayWithinBounds(t *testing.T) {
	report, err := DefaultClones().Run(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Broken())
	for _, f := range report.Figures {
		require.NoError(t, f.Validate())
	}
	for i := range report.Tables {
		require.NoError(t, report.Tables[i].CSV(&strings.Builder{}))
	}
	ratio, ok := report.Number("clone-ratio")
	require.True(t, ok)
	require.Greater(t, *ratio.Before, 1000.0, "without upkeep clones earn many times their price")
}

func fewClones() *Clones {
	c := DefaultClones()
	c.Days, c.Warmup, c.Slots, c.Few, c.Counts, c.Upkeeps, c.ClonePays = []float64{2}, 1, 32, 8, []int{4}, []int{0, 950}, []float64{0.5}
	return c
}

func TestClonesTheSameAgain(t *testing.T) {
	run := func(c *Clones) *sim.Report {
		r, err := c.Run(t.Context(), nil)
		require.NoError(t, err)
		return r
	}
	first := run(fewClones())
	require.Equal(t, first, run(fewClones()))
	other := fewClones()
	other.Seed = 2
	require.NotEqual(t, first.Tables[0], run(other).Tables[0])
}

// Without noise the books are arithmetic: a farm with k clones in a subnet of equals earns what the identity says, before and after upkeep.
func TestClonesEarnTheirShare(t *testing.T) {
	for _, c := range []struct {
		name       string
		pay        float64
		upkeep     int
		ofAnHonest float64
	}{
		{"none", 0.75, 0, 0.75},
		{"below", 0.75, 500, 0.5},
		{"at the rent", 0.75, 750, 0},
		{"above", 0.75, 900, 0},
		{"weak", 0.3, 200, 0.125},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := fewClones()
			g.Noise, g.Spread, g.FewADay, g.ClonePay, g.StayDays = 0, 0, 1e-9, c.pay, 1e6
			s := g.subnet(upkeepOf(c.upkeep), tactic{farms: 1, count: 4}, false)
			books := s.play(g.FewADay)
			require.Equal(t, 4, books.bought)
			last := s.seats[len(s.seats)-1]
			require.Equal(t, 1, last.farm)
			require.False(t, last.origin)
			require.InDelta(t, c.ofAnHonest, last.last/s.seats[0].last, 1e-6)
			sum := 0.0
			for _, h := range s.seats {
				sum += h.last
			}
			require.InDelta(t, g.Pot, sum, 1e-6, "upkeep takes nothing out of the pot")
		})
	}
}

// A seat is pruned as x/neuron prunes: lowest pay first among those outside immunity, then the oldest.
func TestVictimIsTheChains(t *testing.T) {
	s := &subnet{}
	for i, pay := range []float64{5, 1, 1, 0} {
		s.seats = append(s.seats, &holder{last: pay, start: -10*immunityBlocks + i})
	}
	s.seats[3].start = 0 // immune
	for range minMortal {
		s.seats = append(s.seats, &holder{last: 9, start: -10 * immunityBlocks})
	}
	require.Equal(t, 1, s.victim(10), "the older one of the two that earn 1")
	s.seats = s.seats[:4]
	require.Equal(t, 3, s.victim(10), "few outside immunity: an immune one goes")
}

func TestLeasesEnd(t *testing.T) {
	c := fewClones()
	c.FewADay = 1e-9
	s := c.subnet(terms{name: "lease", lease: 2, floor: 10}, tactic{}, false)
	s.play(c.FewADay)
	require.Empty(t, s.seats, "nobody pays ten epochs' pay for two epochs")
	s = c.subnet(terms{name: "lease", lease: 2}, tactic{}, false)
	require.Positive(t, s.play(c.FewADay).burned)
	require.Len(t, s.seats, c.Few, "at the chain's price everybody stays")
}

func TestClonesRefuse(t *testing.T) {
	for text, change := range map[string]func(*Clones){
		"days is [7 1], want asc": func(c *Clones) { c.Days = []float64{7, 1} },
		"days is empty":           func(c *Clones) { c.Days = nil },
		"slots is 1":              func(c *Clones) { c.Slots = 1 },
		"few is 256":              func(c *Clones) { c.Few = 256 },
		"clone_pay is NaN":        func(c *Clones) { c.ClonePay = math.NaN() },
		"upkeep is 991, want 0":   func(c *Clones) { c.Upkeep = 991 },
		"counts is 0, want 1":     func(c *Clones) { c.Counts = []int{0} },
		"clone_pays is empty":     func(c *Clones) { c.ClonePays = nil },
		"full_a_day is -1, want ": func(c *Clones) { c.FullADay = -1 },
	} {
		c := DefaultClones()
		change(c)
		_, err := c.Run(t.Context(), nil)
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, text)
	}
}
