package retention

import (
	"context"
	"strconv"

	"github.com/gotensor/gotensor/sim"
)

// Name of the experiment.
func (r *Game) Name() string { return "retention" }

// About the experiment.
func (r *Game) About() string {
	return `What an honest majority keeps against a cabal

Two teams share validators, servers and stake. Honest validators put the weight W_H on honest servers and the rest on the
cabal's; the cabal puts W_C on its own. After one epoch of the network's consensus the honest team holds a share E_H of the
emission. The contour E_H = S_H, its share of the stake, parts what the majority must agree on to keep its share from where
the cabal grows; its largest W_H is the honest weight that is always enough.`
}

// Run computes the map and its contours.
func (r *Game) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	m, err := r.Map(ctx, progress)
	if err != nil {
		return nil, err
	}
	out := &sim.Report{Name: r.Name(), Title: "Retention of an honest majority", Params: r}
	contours := map[string]Contour{}
	for s, stake := range r.Stake {
		contours[strconv.FormatFloat(stake, 'f', 2, 64)] = m.Contour(s)
	}
	out.More = map[string]any{"contours": contours}
	return out, nil
}
