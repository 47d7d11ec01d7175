package price

import (
	"math/bits"

	"github.com/gotensor/gotensor"
)

// MaxUpkeep is the largest share for Upkeep, in thousandths. The worst noisy clones known need 970 (gotensor sim clones).
const MaxUpkeep = 990

// Upkeep is what miners pay for the slots they hold: of every miner's pay of an epoch the same rent is taken, the given thousandths of the
// largest pay, but no more than it has; what is taken is divided among the same miners in proportion to what is left to them. So equals are
// paid as without it, a miner that earns no more than that share of the best gets nothing, and those between get less.
//
// It returns what each uid is paid, in rao, rounded down, so that the sum is at most that of pay and less than one rao per uid below it. A share of 0
// returns pay itself; one above MaxUpkeep counts as MaxUpkeep. The sum of pay must fit into a Rao.
func Upkeep(pay []gotensor.Rao, thousandths uint16) []gotensor.Rao {
	var most, all, left gotensor.Rao
	for _, p := range pay {
		most, all = max(most, p), all+p
	}
	if thousandths == 0 || most == 0 {
		return pay
	}
	rent := Rent(most, thousandths)
	out := make([]gotensor.Rao, len(pay))
	for uid, p := range pay {
		if p > rent {
			out[uid] = p - rent
			left += out[uid]
		}
	}
	// The rent is below the largest pay, so something is left; and no part is above the sum, so the quotient fits.
	for uid, p := range out {
		hi, lo := bits.Mul64(uint64(all), uint64(p))
		q, _ := bits.Div64(hi, lo, uint64(left))
		out[uid] = gotensor.Rao(q)
	}
	return out
}

// Rent is the given thousandths of the largest pay of an epoch, in rao, rounded down: what Upkeep takes of each uid at most.
func Rent(most gotensor.Rao, thousandths uint16) gotensor.Rao {
	// 990 thousandths of a uint64 fit into one.
	hi, lo := bits.Mul64(uint64(most), uint64(min(thousandths, MaxUpkeep)))
	q, _ := bits.Div64(hi, lo, 1000)
	return gotensor.Rao(q)
}
