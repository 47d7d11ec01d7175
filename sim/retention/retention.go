package retention

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/yuma"
)

// Game is the two-team game of the Yuma consensus paper: honest validators with the share S_H of all stake put the weight W_H
// on honest servers and the rest on the cabal's, a cabal with the rest of the stake puts W_C on its own. After one epoch the honest
// team holds E_H = xi D_H + (1 - xi) I_H of the emission, with its shares of dividends D_H and incentive I_H. The contour E_H = S_H
// parts what a majority must agree on to keep its share from where the cabal grows.
type Game struct {
	N          int     `json:"n" help:"uids of both teams"`
	Validators int     `json:"validators" help:"how many of the uids validate; the others serve"`
	Kappa      float64 `json:"kappa" help:"share of stake that must support a weight, 0 to 1"`
	// BondsPenalty is beta: how far weights above consensus are cut where bonds are concerned.
	BondsPenalty float64 `json:"bonds_penalty" help:"how far weights above consensus are cut where bonds are concerned (beta), 0 to 1"`
	// ValidatorShare is xi, the dividends' part of the emission.
	ValidatorShare float64   `json:"validator_share" help:"dividends' part of the emission (xi), 0 to 1"`
	StakeSigma     float64   `json:"stake_sigma" help:"spread of stakes within a team, relative"`
	WeightSigma    float64   `json:"weight_sigma" help:"spread of weights within a team, relative (sigma)"`
	Steps          int       `json:"steps" help:"points of the grid along each axis, from 0 to 1; 2 to 1001"`
	Stake          []float64 `json:"stake" help:"shares of the stake that are honest (S_H), each between 0 and 1"`
	Seed           uint64    `json:"seed" help:"seed of all randomness"`
}

// Default is the base case of the paper.
func Default() *Game {
	return &Game{
		N: 512, Validators: 64, Kappa: 0.5, BondsPenalty: 1, ValidatorShare: 0.5, StakeSigma: 0.3, WeightSigma: 0.4, Steps: 51,
		Stake: []float64{.51, .55, .60, .65, .70, .75, .80, .85, .90, .95, .99},
	}
}

// Map is the honest team's share of emission over the grid, for each stake: Emission[s][c*Steps+h] at W_C = c/(Steps-1), W_H = h/(Steps-1).
type Map struct {
	*Game
	Emission [][]float64
}

// Map computes the map on all processors; the result depends on the parameters alone. Progress, if not nil, hears of each finished row.
func (r *Game) Map(ctx context.Context, progress sim.Progress) (*Map, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	m := &Map{Game: r, Emission: make([][]float64, len(r.Stake))}
	games := make([]*game, len(r.Stake))
	for i, s := range r.Stake {
		games[i] = newGame(r, s)
		m.Emission[i] = make([]float64, r.Steps*r.Steps)
	}
	workers := sync.Pool{New: func() any { return new(worker) }}
	err := sim.Parallel(ctx, len(r.Stake)*r.Steps, progress, func(row int) error {
		w := workers.Get().(*worker)
		defer workers.Put(w)
		s, c := row/r.Steps, row%r.Steps
		for h := range r.Steps {
			e, err := w.play(games[s], r.at(h), r.at(c))
			if err != nil {
				return err
			}
			m.Emission[s][c*r.Steps+h] = e
		}
		return nil
	})
	return m, err
}

// at is the weight at a point of an axis.
func (r *Game) at(i int) float64 { return float64(i) / float64(r.Steps-1) }

// Validate fails with sim.ErrConfig.
func (r *Game) Validate() error {
	switch {
	case r.N < 4 || r.N > yuma.MaxN || r.Validators < 2 || r.N-r.Validators < 2:
		return fmt.Errorf("%w: n %d with %d validators: want at least two of each kind", sim.ErrConfig, r.N, r.Validators)
	case r.Steps < 2 || r.Steps > 1001:
		return fmt.Errorf("%w: steps %d, want 2 to 1001", sim.ErrConfig, r.Steps)
	}
	if err := cmp.Or(
		sim.Within("kappa", 0, 1, r.Kappa), sim.Within("bonds-penalty", 0, 1, r.BondsPenalty), sim.Within("validator-share", 0, 1, r.ValidatorShare),
		sim.Within("stake-sigma", 0, 10, r.StakeSigma), sim.Within("weight-sigma", 0, 10, r.WeightSigma)); err != nil {
		return err
	}
	if len(r.Stake) == 0 {
		return fmt.Errorf("%w: stake names none, want shares between 0 and 1", sim.ErrConfig)
	}
	for i, s := range r.Stake {
		if !(s > 0 && s < 1) {
			return fmt.Errorf("%w: stake %v, want between 0 and 1", sim.ErrConfig, s)
		}
		for _, other := range r.Stake[:i] {
			if key(s) == key(other) {
				return fmt.Errorf("%w: stake %v and %v are both %s in the report: give one of them", sim.ErrConfig, other, s, key(s))
			}
		}
	}
	return nil
}

// game is the part of a run that one stake fixes: who is in which team, who has how much stake, and everybody's noise.
type game struct {
	r                *Game
	honestV, honestS int        // numbers of honest validators (uids 0..) and servers (uids Validators..)
	input            yuma.Input // shared parts
	noise            [][]float64
}

func newGame(r *Game, stake float64) *game {
	g := &game{r: r, honestV: split(stake, r.Validators), honestS: split(stake, r.N-r.Validators)}
	rng := rand.New(rand.NewPCG(r.Seed, 1))
	alpha := make([]gotensor.Rao, r.N)
	g.shareStake(rng, alpha[:g.honestV], stake)
	g.shareStake(rng, alpha[g.honestV:r.Validators], 1-stake)
	permit := make([]bool, r.N)
	for v := range r.Validators {
		permit[v] = true
	}
	g.noise = make([][]float64, r.Validators)
	for v := range g.noise {
		g.noise[v] = make([]float64, r.N-r.Validators)
		for s := range g.noise[v] {
			g.noise[v][s] = noisy(rng, r.WeightSigma)
		}
	}
	updated := make([]gotensor.Block, r.N)
	for i := range updated {
		updated[i] = 1
	}
	g.input = yuma.Input{
		Params: yuma.Params{
			Tempo: 360, ActivityCutoff: 5000, Kappa: share16(r.Kappa), BondsPenalty: share16(r.BondsPenalty), BondsMovingAverage: 900_000,
			MaxValidators: uint16(r.Validators),
		},
		N: r.N, Block: 2, LastStep: 1, Emission: gotensor.Rao(1e9), Alpha: alpha,
		LastUpdate: updated, Registered: make([]gotensor.Block, r.N), Permit: permit, Bonds: make([]yuma.Row, r.N),
	}
	return g
}

// split is the part of n that a team of this stake has, at least one for each team.
func split(stake float64, n int) int { return min(max(int(stake*float64(n)+0.5), 1), n-1) }

func share16(x float64) uint16 { return uint16(x*65535 + 0.5) }

// noisy is a factor around 1, cut at zero.
func noisy(rng *rand.Rand, sigma float64) float64 { return max(0, 1+sigma*rng.NormFloat64()) }

const supply = 1e15 // rao that are staked

func (g *game) shareStake(rng *rand.Rand, alpha []gotensor.Rao, share float64) {
	part := make([]float64, len(alpha))
	sum := 0.0
	for i := range part {
		part[i] = noisy(rng, g.r.StakeSigma)
		sum += part[i]
	}
	for i := range alpha {
		alpha[i] = gotensor.Rao(share * supply * part[i] / sum)
	}
}

// worker plays games one after the other in the same memory.
type worker struct {
	space yuma.Workspace
	rows  []yuma.Row
	uids  []uint16
	out   yuma.Output
}

// play is one epoch; it returns the honest team's share of the emission.
func (w *worker) play(g *game, honest, cabal float64) (float64, error) {
	r := g.r
	servers := r.N - r.Validators
	if len(w.rows) != r.N {
		w.rows = make([]yuma.Row, r.N)
		w.uids = make([]uint16, servers)
		for s := range w.uids {
			w.uids[s] = uint16(r.Validators + s)
		}
		for v := range r.Validators {
			w.rows[v] = yuma.Row{UIDs: w.uids, Values: make([]uint16, servers)}
		}
	}
	for v := range r.Validators {
		own := honest
		if v >= g.honestV {
			own = 1 - cabal
		}
		weigh(w.rows[v].Values, g.noise[v], g.honestS, own)
	}
	in := g.input
	in.Weights = w.rows
	if err := w.space.Epoch(&in, &w.out); err != nil {
		return 0, err
	}
	d := part(w.out.Dividends, 0, g.honestV, r.Validators)
	i := part(w.out.Incentive[r.Validators:], 0, g.honestS, servers)
	return r.ValidatorShare*d + (1-r.ValidatorShare)*i, nil
}

// weigh fills a row: the weight toHonest on the first honest servers and the rest on the others, each spread by noise.
func weigh(row []uint16, noise []float64, honest int, toHonest float64) {
	put := func(row []uint16, noise []float64, weight, most float64) {
		for i, x := range noise {
			row[i] = uint16(65535*x*weight/most + 0.5)
		}
	}
	sum := func(noise []float64) (total, most float64) {
		for _, x := range noise {
			total += x
			most = max(most, x)
		}
		return total, most
	}
	hs, hm := sum(noise[:honest])
	cs, cm := sum(noise[honest:])
	a, b := toHonest/hs, (1-toHonest)/cs
	most := max(a*hm, b*cm)
	put(row[:honest], noise[:honest], a, most)
	put(row[honest:], noise[honest:], b, most)
}

// part is what shares[from:to] hold of shares[:n].
func part(shares []uint16, from, to, n int) float64 {
	var own, all float64
	for i, s := range shares[:n] {
		all += float64(s)
		if i >= from && i < to {
			own += float64(s)
		}
	}
	if all == 0 {
		return 0
	}
	return own / all
}
