package arena

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/yuma"
)

// pot is what an epoch divides in the arena, in rao: large, so that roundings don't show.
const pot = gotensor.Rao(1_000_000_000_000_000)

// World is a subnet that runs. It belongs to one goroutine.
type World struct {
	// Epoch is the period that runs or comes next, counted from 0.
	Epoch int
	// Quality of each miner now; Config.Change may write it.
	Quality []float64
	// Past are the epochs so far.
	Past *Past

	cfg      Config
	n, first int
	period   gotensor.Block
	in       yuma.Input
	out      yuma.Output
	work     yuma.Workspace
	pending  []yuma.Row // committed in the period before
	hidden   []yuma.Row // committed in this period
	open     []bool     // per validator: its pending row was revealed
	fresh    []bool
	updated  []gotensor.Block // height of the commitment in pending
	next     []gotensor.Block // of that in hidden
	measured [][]float64
	row      []float64
	common   []float64
	move     *rand.Rand
	shared   *rand.Rand
	noise    []*rand.Rand
	own      []*rand.Rand
	ask      what
	asked    View
}

// New makes a subnet before its first period: all have just registered, permits are dealt by stake. It fails with sim.ErrConfig.
func New(c Config) (*World, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	v, n := len(c.Seats), len(c.Seats)+len(c.Quality)
	w := &World{
		Quality: slices.Clone(c.Quality), Past: &Past{First: v},
		cfg: c, n: n, first: v, period: gotensor.Block(c.Params.Tempo) + 1,
		in: yuma.Input{
			Params: c.Params, N: n, Emission: pot,
			Alpha: make([]gotensor.Rao, n), LastUpdate: make([]gotensor.Block, n), Registered: make([]gotensor.Block, n),
			Permit: make([]bool, n), Weights: make([]yuma.Row, n), Bonds: make([]yuma.Row, n),
		},
		pending: make([]yuma.Row, v), hidden: make([]yuma.Row, v), open: make([]bool, v), fresh: make([]bool, v),
		updated: make([]gotensor.Block, v), next: make([]gotensor.Block, v),
		measured: make([][]float64, v), row: make([]float64, n), common: make([]float64, len(c.Quality)),
		move: stream(c.Seed, 0), shared: stream(c.Seed, 1), noise: make([]*rand.Rand, v), own: make([]*rand.Rand, v),
	}
	for i, s := range c.Seats {
		w.in.Alpha[i] = s.Stake
		w.measured[i] = make([]float64, n)
		w.noise[i], w.own[i] = stream(c.Seed, uint64(2*i+2)), stream(c.Seed, uint64(2*i+3))
	}
	w.deal()
	return w, nil
}

// stream is one of the independent sources of randomness of a seed.
func stream(seed, i uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, i)) }

// deal gives the first permits, by stake as the epoch will.
func (w *World) deal() {
	uids := make([]int, w.first)
	for i := range uids {
		uids[i] = i
	}
	slices.SortFunc(uids, func(a, b int) int {
		return cmp.Or(cmp.Compare(w.in.Alpha[b], w.in.Alpha[a]), cmp.Compare(b, a))
	})
	for _, i := range uids[:min(len(uids), int(w.in.MaxValidators))] {
		w.in.Permit[i] = w.in.Alpha[i] > 0
	}
}

// Run goes on for a number of epochs.
func (w *World) Run(ctx context.Context, epochs int) error {
	for range epochs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.Step(); err != nil {
			return err
		}
	}
	return nil
}

// Step plays a period and the epoch that ends it.
func (w *World) Step() error {
	if w.cfg.Change != nil {
		w.cfg.Change(w)
	}
	if w.cfg.Move != nil && w.Epoch > 0 {
		w.cfg.Move(w.Epoch, w.Quality, w.move)
	}
	w.measure()
	clear(w.fresh)
	clear(w.open)
	if w.cfg.Open {
		w.setOpen()
	} else {
		w.reveal(false)
		w.reveal(true)
		w.commit()
	}
	return w.boundary()
}

// SetStake changes a validator's stake; it counts at the end of this period, a first permit one later.
func (w *World) SetStake(uid int, stake gotensor.Rao) { w.in.Alpha[uid] = stake }

// Stake of a validator.
func (w *World) Stake(uid int) gotensor.Rao { return w.in.Alpha[uid] }

// Replace registers someone else at a uid in this period: row, commitment and bonds of and to the one before are gone. Whoever takes
// a miner's uid has the quality given; a validator's uid keeps stake and strategy, which the caller may change.
func (w *World) Replace(uid int, quality float64) {
	w.in.Registered[uid] = w.height(w.Epoch) + 1
	w.in.LastUpdate[uid] = 0
	w.in.Bonds[uid] = yuma.Row{}
	if uid < w.first {
		w.in.Weights[uid], w.pending[uid], w.hidden[uid] = yuma.Row{}, yuma.Row{}, yuma.Row{}
		w.in.Permit[uid] = false
		return
	}
	w.Quality[uid-w.first] = quality
}

// height of the first block of a period.
func (w *World) height(epoch int) gotensor.Block { return gotensor.Block(epoch+1) * w.period }

// measure gives each validator its noisy view of quality.
func (w *World) measure() {
	for k := range w.common {
		w.common[k] = w.shared.NormFloat64()
	}
	all, each := w.cfg.Noise*math.Sqrt(w.cfg.Common), w.cfg.Noise*math.Sqrt(1-w.cfg.Common)
	for i := range w.first {
		for k, q := range w.Quality {
			w.measured[i][w.first+k] = max(0, q*(1+all*w.common[k]+each*w.noise[i].NormFloat64()))
		}
	}
}

func (w *World) view(i int) *View {
	w.asked = View{
		Epoch: w.Epoch, UID: i, First: w.first, Measured: w.measured[i], Stake: w.in.Alpha,
		Rows: w.in.Weights, Fresh: w.fresh, Past: w.Past, Rand: w.own[i], world: w,
	}
	return &w.asked
}

// reveal asks the prompt or the late to reveal.
func (w *World) reveal(late bool) {
	for i, s := range w.cfg.Seats {
		if s.Late != late || len(w.pending[i].UIDs) == 0 {
			continue
		}
		v := w.view(i)
		v.Pending = w.pending[i]
		if !s.Strategy.Reveal(v) {
			continue
		}
		set(&w.in.Weights[i], w.pending[i])
		w.in.LastUpdate[i], w.open[i], w.fresh[i] = w.updated[i], true, true
	}
}

// commit asks all with a permit for a row.
func (w *World) commit() {
	for i := range w.hidden {
		w.hidden[i].UIDs, w.hidden[i].Values = w.hidden[i].UIDs[:0], w.hidden[i].Values[:0]
		if w.in.Permit[i] && w.cfg.Seats[i].Strategy.Row(w.view(i), w.row) {
			w.pack(&w.hidden[i])
			w.next[i] = w.height(w.Epoch) + w.period/2
		}
	}
}

// setOpen has rows set in the open.
func (w *World) setOpen() {
	for _, late := range []bool{false, true} {
		for i, s := range w.cfg.Seats {
			if s.Late == late && w.in.Permit[i] && s.Strategy.Row(w.view(i), w.row) {
				w.pack(&w.in.Weights[i])
				w.in.LastUpdate[i], w.fresh[i] = w.height(w.Epoch)+w.period/2, true
			}
		}
	}
}

// set copies a row into the memory of another.
func set(to *yuma.Row, from yuma.Row) {
	to.UIDs, to.Values = append(to.UIDs[:0], from.UIDs...), append(to.Values[:0], from.Values...)
}

// pack turns the scratch row into a row as validators send them: scaled to 65535 at its largest, rounded, without zeros. A row
// without any positive weight is none.
func (w *World) pack(to *yuma.Row) { PackRow(to, w.row) }

// PackRow turns weights per uid into a row as validators send them: the largest 65535, the others rounded in proportion, no zeros.
// It reuses the memory of to. Without a positive weight the row is empty.
func PackRow(to *yuma.Row, weights []float64) {
	to.UIDs, to.Values = to.UIDs[:0], to.Values[:0]
	top := 0.0
	for _, x := range weights {
		top = max(top, x)
	}
	if !(top > 0) || math.IsInf(top, 0) {
		return
	}
	for uid, x := range weights {
		if value := math.Round(x / top * math.MaxUint16); value >= 1 {
			to.UIDs, to.Values = append(to.UIDs, uint16(uid)), append(to.Values, uint16(value))
		}
	}
}

// boundary ends the period.
func (w *World) boundary() error {
	if !w.cfg.Open {
		for i := range w.pending {
			if w.cfg.Missed == Drops && len(w.pending[i].UIDs) > 0 && !w.open[i] {
				w.in.Weights[i].UIDs, w.in.Weights[i].Values = w.in.Weights[i].UIDs[:0], w.in.Weights[i].Values[:0]
			}
		}
		w.pending, w.hidden = w.hidden, w.pending
		w.updated, w.next = w.next, w.updated
	}
	w.in.Block = w.height(w.Epoch + 1)
	if err := w.work.Epoch(&w.in, &w.out); err != nil {
		return fmt.Errorf("epoch %d: %w", w.Epoch, err)
	}
	w.Past.add(w.Quality, &w.out)
	w.in.LastStep = w.in.Block
	copy(w.in.Permit, w.out.Permit)
	for i := range w.in.Bonds {
		set(&w.in.Bonds[i], w.out.Bonds[i])
	}
	w.Epoch++
	return nil
}

// what is the memory of WhatIf.
type what struct {
	in    yuma.Input
	out   yuma.Output
	work  yuma.Workspace
	empty yuma.Row
}

func (w *World) whatIf(uid int, row yuma.Row, epochs int) float64 {
	a := &w.ask
	weights, bonds, permit := a.in.Weights, a.in.Bonds, a.in.Permit
	weights = append(weights[:0], w.in.Weights...)
	bonds = append(bonds[:0], w.in.Bonds...)
	permit = append(permit[:0], w.in.Permit...)
	a.in = w.in
	a.in.Weights, a.in.Bonds, a.in.Permit = weights, bonds, permit
	a.in.Weights[uid] = row
	if len(row.UIDs) == 0 {
		a.in.Weights[uid] = a.empty
	}
	total := 0.0
	for e := range epochs {
		a.in.Block = w.height(w.Epoch + 1 + e)
		if err := a.work.Epoch(&a.in, &a.out); err != nil {
			return 0 // the same input but for a row of the arena's making: cannot be refused
		}
		sum := gotensor.Rao(0)
		for _, x := range a.out.ValidatorEmission[:w.first] {
			sum += x
		}
		if sum > 0 {
			total += float64(a.out.ValidatorEmission[uid]) / float64(sum)
		}
		a.in.LastStep = a.in.Block
		a.in.Bonds, a.in.Permit = a.out.Bonds, a.out.Permit
	}
	// The next call must not write into what the epoch owns.
	a.in.Bonds, a.in.Permit = bonds, permit
	return total
}
