package pow

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

// FuzzVerify: whatever comes over the wire, Verify answers as the definition in big integers says, and the solver's hasher
// agrees with Seal at every length of the message.
func FuzzVerify(f *testing.F) {
	f.Add("gotensor-1", uint16(1), []byte{1}, []byte{2}, []byte{3}, uint64(0), uint64(1))
	f.Add("", uint16(0), []byte{}, []byte{}, []byte{}, ^uint64(0), uint64(0))
	f.Add(string(make([]byte, 255)), uint16(65535), bytes.Repeat([]byte{255}, 32), []byte{}, []byte{}, uint64(9), uint64(2))
	f.Fuzz(func(t *testing.T, chain string, netuid uint16, block, hot, cold []byte, nonce, d uint64) {
		c := Challenge{ChainID: chain, NetUID: gotensor.NetUID(netuid)}
		copy(c.BlockHash[:], block)
		copy(c.Hotkey[:], hot)
		copy(c.Coldkey[:], cold)
		err := c.Verify(nonce, Difficulty(d))
		if d == 0 {
			require.ErrorIs(t, err, ErrDifficulty)
			return
		}
		seal, sealErr := c.Seal(nonce)
		if sealErr != nil {
			require.ErrorIs(t, sealErr, ErrChallenge)
			require.ErrorIs(t, err, ErrChallenge)
			return
		}
		require.Equal(t, bigMeets(seal, Difficulty(d)), err == nil)
		h, err := newHasher(c.prefix())
		require.NoError(t, err)
		h.hash(nonce)
		require.Equal(t, seal, h.seal)
	})
}

// FuzzAdjustment: the result stays within its bounds, grows with demand, and moves the way that demand says.
func FuzzAdjustment(f *testing.F) {
	f.Add(uint64(1000), uint64(2), uint64(2), uint64(0))
	f.Add(^uint64(0), ^uint64(0), uint64(1), ^uint64(0))
	f.Fuzz(func(t *testing.T, x, regs, target, alpha uint64) {
		a := Adjustment{Target: max(target, 1), Alpha: alpha, Min: 1, Max: Difficulty(^uint64(0))}
		start := Difficulty(max(x, 1))
		next := a.Next(start, regs)
		require.GreaterOrEqual(t, next, a.Min)
		if regs >= a.Target {
			require.GreaterOrEqual(t, next, start)
		} else {
			require.LessOrEqual(t, next, start)
			require.GreaterOrEqual(t, next, start/2)
		}
		if regs < ^uint64(0) {
			require.GreaterOrEqual(t, a.Next(start, regs+1), next)
		}
	})
}

// BenchmarkHash is the work of one core: ns per nonce, and hashes per second, one at a time and eight side by side.
func BenchmarkHash(b *testing.B) {
	h, err := newHasher(testChallenge().prefix())
	require.NoError(b, err)
	goal := targetOf(Difficulty(^uint64(0)))
	run := func(b *testing.B, try func(uint64, *target) (uint64, bool)) {
		b.Helper()
		b.ReportAllocs()
		var tried uint64
		for tried < uint64(b.N) {
			n, _ := try(tried, &goal)
			tried += n
		}
		b.ReportMetric(float64(tried)/b.Elapsed().Seconds(), "hashes/s")
	}
	b.Run("each", func(b *testing.B) { run(b, h.tryEach) })
	b.Run("wide", func(b *testing.B) {
		if !wide {
			b.Skip("this processor has no AVX-512")
		}
		run(b, h.tryWide)
	})
}

// BenchmarkSolve is the work of all cores, at a difficulty that is never met.
func BenchmarkSolve(b *testing.B) {
	stop := make(chan struct{})
	limit := uint64(max(b.N, 1))
	closed := false
	b.ResetTimer()
	_, err := Solver{Progress: func(n uint64) {
		if n >= limit && !closed {
			closed = true
			close(stop)
		}
	}}.Solve(stop, testChallenge(), Difficulty(^uint64(0)), 0)
	require.ErrorIs(b, err, ErrStopped)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hashes/s")
}

func BenchmarkVerify(b *testing.B) {
	c := testChallenge()
	b.ReportAllocs()
	for b.Loop() {
		_ = c.Verify(1, 1)
	}
}
