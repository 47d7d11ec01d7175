package yuma

import (
	"github.com/gotensor/gotensor/fixed"
)

// Workspace holds the memory of an epoch, so that the next one of a subnet of similar size allocates little. The zero Workspace is ready
// to use, by one goroutine at a time.
type Workspace struct {
	order     order
	stake     stakes
	weights   matrix
	consensus consensus
	weighed   []fixed.I32F32 // per uid: the sum of stake times the weights that move bonds; not for Yuma3
	incentive []fixed.I32F32
	vtrust    []fixed.I32F32
	bonds     bonds
	dividends []fixed.I32F32

	// Trace, if set, is filled with what each epoch computes on its way.
	Trace *Trace
}

// Epoch computes one epoch. It fails with ErrShape, ErrRange or ErrDuplicate if the input is malformed.
func Epoch(in *Input) (*Output, error) {
	var (
		w   Workspace
		out Output
	)
	if err := w.Epoch(in, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// Epoch computes one epoch into out, reusing its memory. The input may share its Bonds and Permit with out, as when an epoch's result is fed to
// the next one. On error out is as it was.
func (w *Workspace) Epoch(in *Input, out *Output) error {
	if err := in.validate(&w.order); err != nil {
		return err
	}
	if err := w.stake.compute(in); err != nil {
		return err
	}
	w.weights.load(in, &w.stake, w.order.weights)
	w.Trace.loaded(w)
	w.consensus.compute(w.stake.active, &w.weights, w.order.weights, in.N, fixed.ShareOfU16(in.Kappa))
	w.clip(in)
	w.bonds.prepare(in)
	switch {
	case !in.Yuma3:
		w.bonds.classic(in, w)
	case in.liquid(&w.consensus):
		w.bonds.liquid(in, w)
	default:
		w.bonds.yuma3(in, w)
	}
	w.Trace.bonded(in, w)
	// From here on nothing of the input's rows is read: they may be the output's.
	out.resize(in.N)
	w.bonds.pay(w, in.Yuma3, out.Bonds)
	w.Trace.done(in, w)
	w.write(in, out)
	return nil
}
