package yuma

import (
	"github.com/gotensor/gotensor/fixed"
)

// Workspace holds the memory of an epoch, so that the next one of a subnet of similar size allocates little. The zero Workspace is ready
// to use, by one goroutine at a time.
type Workspace struct {
	seen      []uint32
	stake     stakes
	weights   matrix
	consensus consensus
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
	w.seen = sized(w.seen, 1<<16)
	if err := in.validate(w.seen); err != nil {
		return err
	}
	if err := w.stake.compute(in); err != nil {
		return err
	}
	w.weights.load(in, &w.stake)
	w.Trace.loaded(w)
	w.consensus.compute(w.stake.active, &w.weights, in.N, fixed.ShareOfU16(in.Kappa))
	w.clip(in)
	w.bonds.prepare(in)
	if in.Yuma3 {
		w.bonds.yuma3(in, w)
	} else {
		w.bonds.classic(in, w)
	}
	w.Trace.done(in, w)
	w.write(in, out)
	return nil
}
