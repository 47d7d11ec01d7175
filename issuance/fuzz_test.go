package issuance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

// FuzzMint: whatever the state, nothing passes the cap, the next state is valid, and two steps mint what one step of their
// sum mints, carry included.
func FuzzMint(f *testing.F) {
	f.Add(uint64(0), int64(0), int64(12e9), int64(1))
	f.Add(uint64(full/2-1), int64(11), int64(1e18), int64(1e18))
	f.Add(uint64(full-1), int64(0), int64(1)<<57, int64(1)<<58)
	f.Add(uint64(full), int64(-1), int64(-1), int64(5))
	f.Fuzz(func(t *testing.T, supply uint64, spare, a, b int64) {
		start := State{Supply: gotensor.Rao(supply) % (full + 1)}
		start.Spare = Nanos(uint64(spare) % cost(start.Supply))
		a, b = a>>2, b>>2 // so that the sum stays within range
		const target = Nanos(1) << 62

		first, mid := Mint(start, Nanos(a), target)
		second, end := Mint(mid, Nanos(b), target)
		require.LessOrEqual(t, end.Supply, full)
		require.Equal(t, start.Supply+first+second, end.Supply)
		if end.Supply < full {
			require.NoError(t, mid.Validate())
			require.NoError(t, end.Validate())
		}
		once, sum := Mint(start, Nanos(max(a, 0)+max(b, 0)), target)
		require.Equal(t, first+second, once)
		require.Equal(t, end, sum)

		more, _ := Mint(start, Nanos(max(a, 0))+1, target)
		require.GreaterOrEqual(t, more, first, "a longer block never mints less")
	})
}

// FuzzSplit: parts and rest always add up to the total, and a larger share never gets less.
func FuzzSplit(f *testing.F) {
	f.Add(uint64(1), uint32(333_333), uint32(333_333))
	f.Add(^uint64(0), uint32(1_000_000), uint32(0))
	f.Add(uint64(7), uint32(999_999), uint32(2))
	f.Fuzz(func(t *testing.T, total uint64, a, b uint32) {
		parts, rest, err := Split(gotensor.Rao(total), PPM(a), PPM(b))
		if uint64(a)+uint64(b) > uint64(Million) {
			require.ErrorIs(t, err, ErrShares)
			return
		}
		require.NoError(t, err)
		sum, err := parts[0].Add(parts[1])
		require.NoError(t, err)
		sum, err = sum.Add(rest)
		require.NoError(t, err)
		require.Equal(t, gotensor.Rao(total), sum)
		if a >= b {
			require.GreaterOrEqual(t, parts[0], parts[1])
		}
	})
}

func BenchmarkMint(b *testing.B) {
	b.ReportAllocs()
	s := State{}
	for b.Loop() {
		_, s = Mint(s, 2*second, 2*second)
	}
}
