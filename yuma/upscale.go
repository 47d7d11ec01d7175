package yuma

import (
	"math"
	"slices"

	"github.com/gotensor/gotensor/fixed"
)

// UpscaleRow scales a row of weights in place so that its largest becomes 65535, halves rounded up: the form in which the reference
// stores weights. A row of zeros stays.
func UpscaleRow(values []uint16) {
	if len(values) == 0 {
		return
	}
	largest := fixed.FromU16(slices.Max(values))
	if largest == 0 {
		return
	}
	full := fixed.FromU16(math.MaxUint16)
	factor := full.SafeDiv(largest)
	for k, value := range values {
		// Up to 32768 the product with 65535 fits, so it comes first; above, the factor is rounded instead.
		v := fixed.FromU16(value)
		if largest > fixed.FromU16(1<<15) {
			v = v.Mul(factor)
		} else {
			v = v.Mul(full).SafeDiv(largest)
		}
		values[k] = v.Round().FloorU16()
	}
}
