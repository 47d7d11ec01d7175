package yuma

import (
	"slices"

	"github.com/gotensor/gotensor/fixed"
)

// Trace holds what an epoch computes on the way to its Output, at full precision: every share is an I32F32 between zero and one. A
// Workspace whose field Trace is set fills it anew at each epoch; the numbers are those that the epoch goes on with, not copies of its
// formulas.
//
// With these, and n the number of uids:
//
//	incentive of j  = rank of j / sum of ranks,   rank of j = sum over i of MulShare(Say[i], min(Weights(i, j), Consensus[j]))
//	dividends of i  = worth of i / sum of worths, worth of i = sum over j of MulShare(Incentive[j], Bonds(i, j) / column sum of j),
//	                  under Yuma3 that sum times Say[i], by MulOrZero
type Trace struct {
	// Stake is the share of all stake that counts; Say is that of those who are active and have a permit, made to sum to one.
	Stake, Say []fixed.I32F32
	// Permitted tells who had a permit in this epoch: that of Input.Permit, and the owner.
	Permitted []bool
	// Weights are the rows that count, each made to sum to one, before they are clipped.
	Weights []TraceRow
	// Consensus is the weight per uid above which weights are clipped; VTrust what remains of a row.
	Consensus, VTrust []fixed.I32F32
	// Incentive and Dividends are the shares of which Output has the first 16 bits.
	Incentive, Dividends []fixed.I32F32
	// OldBonds are the old bonds that count: those of the Input that are not dropped with their uid's registration, in the scale in
	// which they are stored. Bonds are the new ones as dividends are paid by them, before columns are made to sum to one.
	OldBonds, Bonds []TraceRow
}

// TraceRow is a sparse row at full precision: UIDs[k] has the value Values[k].
type TraceRow struct {
	UIDs   []uint16
	Values []fixed.I32F32
}

// At returns the value of a uid and whether the row names it.
func (r TraceRow) At(uid uint16) (fixed.I32F32, bool) {
	k := slices.Index(r.UIDs, uid)
	if k < 0 {
		return 0, false
	}
	return r.Values[k], true
}

// loaded notes the rows before they are clipped.
func (t *Trace) loaded(w *Workspace) {
	if t != nil {
		t.Weights = traceRows(&w.weights)
	}
}

// bonded notes the old bonds, and the new ones by which dividends are paid.
func (t *Trace) bonded(in *Input, w *Workspace) {
	if t == nil {
		return
	}
	t.Bonds = traceRows(&w.bonds.ema)
	t.OldBonds = make([]TraceRow, in.N)
	for i, row := range in.Bonds {
		for k, uid := range row.UIDs {
			if w.bonds.counts(uid) {
				t.OldBonds[i].UIDs = append(t.OldBonds[i].UIDs, uid)
				t.OldBonds[i].Values = append(t.OldBonds[i].Values, fixed.ShareOfU16(row.Values[k]))
			}
		}
	}
}

// done notes all that is still there when the epoch ends.
func (t *Trace) done(in *Input, w *Workspace) {
	if t == nil {
		return
	}
	t.Stake, t.Say = slices.Clone(w.stake.share[:in.N]), slices.Clone(w.stake.active[:in.N])
	t.Permitted = slices.Clone(w.stake.permit[:in.N])
	t.Consensus, t.VTrust = slices.Clone(w.consensus.median[:in.N]), slices.Clone(w.vtrust[:in.N])
	t.Incentive, t.Dividends = slices.Clone(w.incentive[:in.N]), slices.Clone(w.dividends[:in.N])
}

// traceRows copies a matrix.
func traceRows(m *matrix) []TraceRow {
	rows := make([]TraceRow, len(m.start)-1)
	for i := range rows {
		uids, vals := m.row(i)
		rows[i] = TraceRow{UIDs: slices.Clone(uids), Values: slices.Clone(vals)}
	}
	return rows
}
