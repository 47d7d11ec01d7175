package validator

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism"
	subnet "github.com/gotensor/gotensor/x/subnet/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// fit makes a row one that the chain will take from n neurons when it is revealed: a commitment that cannot be revealed costs the row in force.
// The bounds are those of now, since the chain judges a row by those of its commitment.
func (n *node) fit(ctx context.Context, row mechanism.Row, count int) (mechanism.Row, error) {
	answer, err := n.cfg.Chain.Hyperparameters(ctx, n.cfg.NetUID)
	if err != nil {
		return row, err
	}
	var h subnet.Hyperparameters
	for _, v := range answer.Values {
		if err := h.Set(v.Name, v.Value); err != nil {
			return row, err
		}
	}
	return fitRow(row, count, int(h.MinAllowedWeights), int(h.MaxAllowedUIDs))
}

// fitRow keeps the entries of uids below n, the largest most of them, and fills up to least with zeros for the lowest uids that are not
// named. It fails if nothing above zero is left.
func fitRow(row mechanism.Row, n, least, most int) (mechanism.Row, error) {
	entries := make([]weights.Entry, 0, len(row.UIDs))
	named := make([]bool, n)
	for i, uid := range row.UIDs {
		if int(uid) < n && !named[uid] {
			entries = append(entries, weights.Entry{UID: uid, Value: row.Weights[i]})
			named[uid] = true
		}
	}
	slices.SortFunc(entries, func(a, b weights.Entry) int { return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.UID, b.UID)) })
	entries = entries[:min(len(entries), most, weights.MaxEntries)]
	if len(entries) == 0 || entries[0].Value == 0 {
		return mechanism.Row{}, fmt.Errorf("%w: no weight above zero is for one of the %d neurons", mechanism.ErrNoWeights, n)
	}
	for uid := 0; uid < n && len(entries) < least; uid++ {
		if !named[uid] {
			entries = append(entries, weights.Entry{UID: gotensor.UID(uid)})
		}
	}
	slices.SortFunc(entries, func(a, b weights.Entry) int { return cmp.Compare(a.UID, b.UID) })
	var out mechanism.Row
	for _, e := range entries {
		out.UIDs, out.Weights = append(out.UIDs, e.UID), append(out.Weights, e.Value)
	}
	return out, nil
}
