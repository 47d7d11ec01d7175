package explain

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
)

// Why tells why an entry of a row does not count, or counts for nothing.
type Why string

// The reasons, in the order in which they are looked at.
const (
	Counts     Why = ""            // it counts
	NoPermit   Why = "no permit"   // the validator had no permit from the epoch before: its row is not read
	Self       Why = "self"        // a weight for oneself, which only the owner's hotkey may give
	Newer      Why = "newer"       // its target registered at or after the commitment of the row
	Inactive   Why = "inactive"    // the validator's row is too old: it has no say, though its bonds go on
	NoStake    Why = "no stake"    // the validator has no stake that counts
	NoRow      Why = "no row"      // the validator has no weights in force: it set none, or did not reveal what it committed to
	NotNamed   Why = "not named"   // the row does not name the uid
	NoAgreeing Why = "unsupported" // nobody but a minority weighs the uid: consensus is zero, and all is cut
)

// Account is why one uid earned what it earned in one epoch. Shares are fractions of one.
type Account struct {
	UID uint16 `json:"uid"`
	// Pay is what the chain paid: incentive and dividends, rao.
	Incentive gotensor.Rao `json:"rao_incentive"`
	Dividends gotensor.Rao `json:"rao_dividends"`
	// Emission is what the epoch divided among all, rao.
	Emission gotensor.Rao `json:"rao_emission"`
	// Paid is false in an epoch in which nobody has incentive and nobody is paid.
	Paid      bool      `json:"paid"`
	Miner     Miner     `json:"miner"`
	Validator Validator `json:"validator"`
}

// Place is where somebody stands among those with more than nothing, from 1; 0 with nothing.
type Place struct {
	Place int `json:"place"`
	Of    int `json:"of"`
}

// Neighbour is somebody one place away.
type Neighbour struct {
	UID   uint16       `json:"uid"`
	Share Share        `json:"share"`
	Pay   gotensor.Rao `json:"rao_pay"`
}

// Account explains one uid; it fails with ErrUID.
func (r *Replay) Account(uid uint16) (*Account, error) {
	if int(uid) >= r.Input.N {
		return nil, fmt.Errorf("%w: uid %d, the subnet had %d", ErrUID, uid, r.Input.N)
	}
	return &Account{
		UID: uid, Incentive: r.Incentive[uid], Dividends: r.Dividends[uid], Emission: r.Input.Emission, Paid: r.Paid,
		Miner: r.miner(uid), Validator: r.validator(uid),
	}, nil
}

// why tells whether the entry of validator i for a uid counts.
func (r *Replay) why(i int, uid uint16, named bool) Why {
	in := r.Input
	owns := in.Owner != nil && int(*in.Owner) == i
	_, counted := r.Trace.Weights[i].At(uid)
	switch {
	case !r.Trace.Permitted[i]:
		return NoPermit
	case int(uid) == i && !owns && named:
		return Self
	case named && !counted:
		return Newer
	case len(in.Weights[i].UIDs) == 0:
		return NoRow
	case r.Trace.Say[i] > 0 && !named:
		return NotNamed
	case !r.Output.Active[i]:
		return Inactive
	case r.Trace.Say[i] == 0:
		return NoStake
	case r.Trace.Consensus[uid] == 0 && r.weight(i, uid) > 0:
		return NoAgreeing
	default:
		return Counts
	}
}

// weight is the weight of validator i for a uid that counts, before it is clipped.
func (r *Replay) weight(i int, uid uint16) fixed.I32F32 {
	v, _ := r.Trace.Weights[i].At(uid)
	return v
}

// rawShare is a uid's share of a row as it was sent, and whether the row names it.
func (r *Replay) rawShare(i int, uid uint16) (share float64, named bool) {
	row := r.Input.Weights[i]
	k := slices.Index(row.UIDs, uid)
	if k < 0 {
		return 0, false
	}
	sum := 0
	for _, v := range row.Values {
		sum += int(v)
	}
	if sum == 0 {
		return 0, true
	}
	return float64(row.Values[k]) / float64(sum), true
}

// standing sorts the uids with more than nothing, the largest first, then by uid, and returns the order and a uid's index in it, -1 for none.
func standing(values []fixed.I32F32, uid uint16) (order []uint16, at int) {
	for u, v := range values {
		if v > 0 {
			order = append(order, uint16(u))
		}
	}
	slices.SortStableFunc(order, func(a, b uint16) int { return cmp.Compare(values[b], values[a]) })
	return order, slices.Index(order, uid)
}

func placeOf(order []uint16, at int) Place { return Place{at + 1, len(order)} }

// neighbours are those before and after an index, nil where there are none.
func neighbours(order []uint16, at int, shares []fixed.I32F32, pay []gotensor.Rao) (above, below *Neighbour) {
	of := func(k int) *Neighbour {
		if at < 0 || k < 0 || k >= len(order) {
			return nil
		}
		return &Neighbour{order[k], Share(shares[order[k]]), pay[order[k]]}
	}
	return of(at - 1), of(at + 1)
}
