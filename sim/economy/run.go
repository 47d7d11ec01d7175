package economy

import (
	"context"
)

// play runs a world; pays gives each subnet's TAO for miners per epoch, from epoch to epoch. The result is by epoch, then subnet.
func play(ctx context.Context, m market, epochs int, pays func(epoch int) []float64) ([][]Snapshot, error) {
	w, err := newWorld(m, pays(0))
	if err != nil {
		return nil, err
	}
	out := make([][]Snapshot, epochs)
	for e := range epochs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for k, pay := range pays(e) {
			w.nets[k].pay = pay
		}
		if err := w.step(); err != nil {
			return nil, err
		}
		for _, net := range w.nets {
			out[e] = append(out[e], net.stats)
		}
	}
	return out, nil
}

// mean of the snapshots of a subnet from an epoch on.
func mean(history [][]Snapshot, k, from int) Snapshot {
	var s Snapshot
	n := float64(len(history) - from)
	for _, h := range history[from:] {
		s.add(h[k], 1/n)
	}
	return s
}

func (s *Snapshot) add(x Snapshot, part float64) {
	s.Mixture += part * x.Mixture
	s.Best += part * x.Best
	s.Size += part * x.Size
	s.Served += part * x.Served
	s.Miners += part * x.Miners
	s.UIDs += part * x.UIDs
	s.Models += part * x.Models
	s.Copies += part * x.Copies
	s.Owners += part * x.Owners
	s.Profit += part * x.Profit
	s.Burned += part * x.Burned
}
