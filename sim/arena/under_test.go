package arena

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzUnderWeighting: whatever row a validator of up to 10 % of the stake sends, no miner's incentive changes by more than UnderBound.
func FuzzUnderWeighting(f *testing.F) {
	f.Add(uint64(1), uint8(100), []byte{0, 255})
	f.Add(uint64(2), uint8(1), []byte{255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add(uint64(3), uint8(50), []byte{1, 2, 3, 250})
	f.Add(uint64(4), uint8(10), []byte{9})
	f.Fuzz(func(t *testing.T, seed uint64, permille uint8, votes []byte) {
		x := NewUnder()
		x.Seed = seed
		s := float64(1+permille%100) / 1000
		b, err := x.ballot(s, nil)
		require.NoError(t, err)
		require.NoError(t, b.vote(b.truth))
		fair := slices.Clone(b.pay)
		row := make([]float64, len(b.truth))
		for uid := b.first; uid < len(row) && len(votes) > 0; uid++ {
			row[uid] = float64(votes[uid%len(votes)])
		}
		require.NoError(t, b.vote(row))
		for uid := b.first; uid < len(row); uid++ {
			require.LessOrEqual(t, math.Abs(b.pay[uid]/fair[uid]-1), UnderBound(s, x.Noise, x.Validators), "uid %d, stake %v", uid, s)
		}
	})
}
