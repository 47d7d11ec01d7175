package retention

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainEpoch is the honest team's share of the emission in one epoch, computed the slow way with floats from the same stakes and noise: the
// consensus is the largest weight that at least kappa of the stake supports, weights above it are cut, ranks make the incentive, and
// stake times weight, cut by beta above consensus, makes the bonds.
func plainEpoch(g *game, honest, cabal float64) float64 {
	r := g.r
	servers := r.N - r.Validators
	stake := make([]float64, r.Validators)
	total := 0.0
	for v := range stake {
		stake[v] = float64(g.input.Alpha[v])
		total += stake[v]
	}
	w := make([][]float64, r.Validators)
	for v := range w {
		stake[v] /= total
		toHonest := honest
		if v >= g.honestV {
			toHonest = 1 - cabal
		}
		var sums [2]float64
		team := func(s int) int {
			if s < g.honestS {
				return 0
			}
			return 1
		}
		for s, x := range g.noise[v] {
			sums[team(s)] += x
		}
		w[v] = make([]float64, servers)
		for s, x := range g.noise[v] {
			w[v][s] = x / sums[team(s)] * []float64{toHonest, 1 - toHonest}[team(s)]
		}
	}
	rank, bonds := make([]float64, servers), make([][]float64, servers)
	all, own, dividends := 0.0, 0.0, 0.0
	for s := range servers {
		consensus := plainConsensus(w, stake, s, r.Kappa)
		bonds[s] = make([]float64, r.Validators)
		sum := 0.0
		for v := range stake {
			cut := min(w[v][s], consensus)
			rank[s] += stake[v] * cut
			bonds[s][v] = stake[v] * ((1-r.BondsPenalty)*w[v][s] + r.BondsPenalty*cut)
			sum += bonds[s][v]
		}
		for v := range stake {
			if sum > 0 {
				bonds[s][v] /= sum
			}
		}
		all += rank[s]
		if s < g.honestS {
			own += rank[s]
		}
	}
	allDividends := 0.0
	for s := range servers {
		for v := range stake {
			d := bonds[s][v] * rank[s]
			allDividends += d
			if v < g.honestV {
				dividends += d
			}
		}
	}
	if all == 0 { // no weight has the support that kappa asks for: nobody is paid
		return 0
	}
	return r.ValidatorShare*dividends/allDividends + (1-r.ValidatorShare)*own/all
}

// plainConsensus is the largest weight of server s that at least kappa of the stake supports.
func plainConsensus(w [][]float64, stake []float64, s int, kappa float64) float64 {
	order := make([]int, len(stake))
	for v := range order {
		order[v] = v
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(w[b][s], w[a][s]) })
	support := 0.0
	for _, v := range order {
		if support += stake[v]; support >= kappa {
			return w[v][s]
		}
	}
	return 0
}

// TestMapAgainstPlainEpoch holds the consensus of the network, in fixed point, to the plain one over the grid.
func TestMapAgainstPlainEpoch(t *testing.T) {
	for name, change := range map[string]func(*Game){
		"base":             func(*Game) {},
		"no noise":         func(r *Game) { r.WeightSigma, r.StakeSigma = 0, 0 },
		"no bonds penalty": func(r *Game) { r.BondsPenalty = 0 },
		"half of it":       func(r *Game) { r.BondsPenalty = 0.5 },
		"dividends alone":  func(r *Game) { r.ValidatorShare = 1 },
		"kappa 0.4":        func(r *Game) { r.Kappa = 0.4 },
		"kappa 0.7":        func(r *Game) { r.Kappa = 0.7 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Default()
			r.N, r.Validators, r.Steps, r.Stake = 128, 32, 11, []float64{0.55, 0.63, 0.85}
			change(r)
			m, err := r.Map(t.Context(), nil)
			require.NoError(t, err)
			for s, stake := range r.Stake {
				g := newGame(r, stake)
				for c := range r.Steps {
					for h := range r.Steps {
						want := plainEpoch(g, r.at(h), r.at(c))
						require.InDelta(t, want, m.Emission[s][c*r.Steps+h], 0.002, "S_H %v, W_H %v, W_C %v", stake, r.at(h), r.at(c))
					}
				}
			}
		})
	}
}

// symmetric is the honest team's share where all of a team weigh alike and beta is 1: the majority's weights are the consensus, the cabal's are
// cut to them.
func symmetric(stake, xi, h, c float64) float64 {
	honest := stake*h + (1-stake)*math.Min(h, 1-c)
	cabal := stake*(1-h) + (1-stake)*math.Min(1-h, c)
	return xi*stake/(honest+cabal) + (1-xi)*honest/(honest+cabal)
}

// TestContourWithoutNoise compares whole contours with the closed form, also at the edges of the grid.
func TestContourWithoutNoise(t *testing.T) {
	for _, xi := range []float64{0, 0.25, 0.5} {
		for _, stake := range []float64{0.51, 0.6, 0.75, 0.9} {
			t.Run(fmt.Sprintf("xi %v, S_H %v", xi, stake), func(t *testing.T) {
				t.Parallel()
				r := Default()
				r.WeightSigma, r.ValidatorShare, r.Stake, r.Steps = 0, xi, []float64{stake}, 51
				r.N, r.Validators = 96, 16
				m, err := r.Map(t.Context(), nil)
				require.NoError(t, err)
				points := map[float64]float64{}
				for _, p := range m.Contour(0).Points {
					points[p[1]] = p[0]
				}
				for c := range r.Steps {
					w := r.at(c)
					require.Contains(t, points, w)
					low, high := 0.0, 1.0 // the closed form grows with W_H from the contour on
					for range 50 {
						if mid := (low + high) / 2; symmetric(stake, xi, mid, w) < stake {
							low = mid
						} else {
							high = mid
						}
					}
					require.InDelta(t, high, points[w], 0.01, "W_C %v", w)
				}
			})
		}
	}
}

func TestCrossing(t *testing.T) {
	for name, tt := range map[string]struct {
		row  []float64
		want float64
		ok   bool
	}{
		"between two":               {[]float64{0, 0.4, 0.8, 1}, 1.25, true},
		"on a point":                {[]float64{0, 0.5, 0.8, 1}, 1, true},
		"above everywhere":          {[]float64{0.6, 0.7, 0.8, 1}, 0, true},
		"the last of several":       {[]float64{0, 0.9, 0.4, 0.6}, 2.5, true},
		"never":                     {[]float64{0, 0.9, 0.4, 0.49}, 0, false},
		"only at the end":           {[]float64{0, 0, 0, 0.5}, 3, true},
		"falls below and goes back": {[]float64{1, 0.4, 1, 1}, 1 + 1.0/6, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := crossing(tt.row, 0.5)
			require.Equal(t, tt.ok, ok)
			require.InDelta(t, tt.want, got, 1e-12)
		})
	}
}
