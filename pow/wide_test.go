package pow

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzKeccak256x8: eight hashes side by side are eight hashes.
func FuzzKeccak256x8(f *testing.F) {
	if !wide {
		f.Skip("this processor has no AVX-512")
	}
	f.Add([]byte{})
	f.Add([]byte("any bytes, repeated over eight messages of 32 bytes each, and some more of them so that no two are alike"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var messages [width][HashLen]byte
		var in, out lanes
		for j := range messages {
			for k := range messages[j] {
				messages[j][k] = byte(j * k)
				if n := len(b); n > 0 {
					messages[j][k] ^= b[(j*HashLen+k)%n]
				}
			}
			for i := range in {
				in[i][j] = binary.LittleEndian.Uint64(messages[j][8*i:])
			}
		}
		keccak256x8(&in, &out)
		for j, message := range messages {
			want := keccak(message[:])
			for i := range out {
				require.Equal(t, binary.LittleEndian.Uint64(want[8*i:]), out[i][j], "message %d, word %d", j, i)
			}
		}
	})
}

// Both ways to search find the same first solution, also across the end of the nonces.
func TestWideFindsWhatEachFinds(t *testing.T) {
	if !wide {
		t.Skip("this processor has no AVX-512")
	}
	each, err := newHasher(testChallenge().prefix())
	require.NoError(t, err)
	side, err := newHasher(testChallenge().prefix())
	require.NoError(t, err)
	found := 0
	for _, d := range []Difficulty{1, 2, 5, 100, 3000, math.MaxUint64} {
		for _, start := range []uint64{0, 1, 7, 1 << 20, math.MaxUint64 - 3} {
			goal := targetOf(d)
			tried, solved := each.tryEach(start, &goal)
			tried8, solved8 := side.tryWide(start, &goal)
			require.Equal(t, solved, solved8, "difficulty %d from %d", d, start)
			require.Equal(t, tried, tried8, "difficulty %d from %d", d, start)
			if solved {
				require.Equal(t, each.seal, side.seal)
				found++
			}
		}
	}
	require.GreaterOrEqual(t, found, 20)
}
