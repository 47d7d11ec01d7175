package issuance

import (
	"fmt"
	"math/bits"

	"github.com/gotensor/gotensor"
)

// PPM is a share in parts per million: 180_000 is 18 %.
type PPM uint32

// Million is the whole in parts per million.
const Million PPM = 1_000_000

// Split divides total, in rao, by shares. Each part is rounded down; rest is all that remains: the share that nobody named and
// what rounding left, so that the parts and rest add up to total exactly. The party that is to carry the rounding is the
// one left unnamed. It fails with ErrShares if the shares add up to more than a million.
func Split(total gotensor.Rao, shares ...PPM) (parts []gotensor.Rao, rest gotensor.Rao, err error) {
	var sum uint64
	for _, share := range shares {
		sum += uint64(share)
	}
	if sum > uint64(Million) {
		return nil, 0, fmt.Errorf("%w: they add up to %d parts per million, lower them to %d or less", ErrShares, sum, uint64(Million))
	}
	parts = make([]gotensor.Rao, len(shares))
	rest = total
	for i, share := range shares {
		// The high word is below a million because share is at most a million, so the division cannot overflow.
		hi, lo := bits.Mul64(uint64(total), uint64(share))
		q, _ := bits.Div64(hi, lo, uint64(Million))
		parts[i] = gotensor.Rao(q)
		rest -= parts[i]
	}
	return parts, rest, nil
}
