package pow

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func testChallenge() Challenge {
	c := Challenge{ChainID: "gotensor-test-1", NetUID: 3}
	c.BlockHash[0], c.Hotkey[0], c.Coldkey[0] = 1, 2, 3
	return c
}

func TestChallengeIsBoundToEachField(t *testing.T) {
	base, err := testChallenge().Seal(7)
	require.NoError(t, err)
	tests := []struct {
		name   string
		change func(*Challenge)
	}{
		{"chain id", func(c *Challenge) { c.ChainID = "gotensor-test-2" }},
		{"longer chain id", func(c *Challenge) { c.ChainID += "\x03" }},
		{"netuid", func(c *Challenge) { c.NetUID = 4 }},
		{"block hash", func(c *Challenge) { c.BlockHash[31] = 1 }},
		{"hotkey", func(c *Challenge) { c.Hotkey[19] = 1 }},
		{"coldkey", func(c *Challenge) { c.Coldkey[19] = 1 }},
		{"keys swapped", func(c *Challenge) { c.Hotkey, c.Coldkey = c.Coldkey, c.Hotkey }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := testChallenge()
			tt.change(&c)
			seal, err := c.Seal(7)
			require.NoError(t, err)
			require.NotEqual(t, base, seal)
		})
	}
}

func TestChallengeErrors(t *testing.T) {
	c := testChallenge()
	require.ErrorIs(t, c.Verify(0, 0), ErrDifficulty)
	require.ErrorIs(t, c.Verify(0, math.MaxUint64), ErrUnsolved)
	require.NoError(t, c.Verify(0, 1), "every seal meets a difficulty of one")
	for _, id := range []string{"", string(make([]byte, 256))} {
		c.ChainID = id
		require.ErrorIs(t, c.Verify(0, 1), ErrChallenge)
		_, err := Solver{}.Solve(nil, c, 1, 0)
		require.ErrorIs(t, err, ErrChallenge)
	}
	_, err := Solver{}.Solve(nil, testChallenge(), 0, 0)
	require.ErrorIs(t, err, ErrDifficulty)
}

func TestSealAtTheTarget(t *testing.T) {
	for _, d := range []Difficulty{1, 2, 3, 10, 1 << 32, math.MaxUint64 - 1, math.MaxUint64} {
		limit := new(big.Int).Lsh(big.NewInt(1), 256)
		limit.Sub(limit, big.NewInt(1)).Quo(limit, new(big.Int).SetUint64(uint64(d)))
		var at, above Seal
		limit.FillBytes(at[:])
		require.True(t, at.Meets(d), "difficulty %d", d)
		if d > 1 {
			new(big.Int).Add(limit, big.NewInt(1)).FillBytes(above[:])
			require.False(t, above.Meets(d), "difficulty %d", d)
		}
	}
	require.False(t, Seal{}.Meets(0))
}

func TestSolve(t *testing.T) {
	tests := []struct {
		name    string
		workers int
		start   uint64
	}{
		{"one worker", 1, 0},
		{"every core", 0, 12345},
		{"many workers", 7, 1 << 40},
		{"across the end of the nonces", 1, math.MaxUint64 - 10},
	}
	const difficulty = 5000
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := testChallenge()
			var last uint64
			fell := false
			solver := Solver{Workers: tt.workers, Progress: func(n uint64) {
				fell = fell || n < last
				last = n
			}}
			got, err := solver.Solve(nil, c, difficulty, tt.start)
			require.NoError(t, err)
			require.NoError(t, c.Verify(got.Nonce, difficulty))
			seal, err := c.Seal(got.Nonce)
			require.NoError(t, err)
			require.Equal(t, seal, got.Seal)
			require.False(t, fell, "progress never goes back")
			require.GreaterOrEqual(t, got.Hashes, last)
			if tt.workers == 1 {
				require.Equal(t, got.Nonce-tt.start+1, got.Hashes, "one worker finds the first solution")
				for n := tt.start; n != got.Nonce; n++ {
					require.ErrorIs(t, c.Verify(n, difficulty), ErrUnsolved)
				}
			}
		})
	}
}

func TestSolveStops(t *testing.T) {
	stop := make(chan struct{})
	stopped := false
	solver := Solver{Progress: func(n uint64) {
		if n > 10*batch && !stopped {
			stopped = true
			close(stop)
		}
	}}
	_, err := solver.Solve(stop, testChallenge(), math.MaxUint64, 0)
	require.ErrorIs(t, err, ErrStopped)

	_, err = Solver{}.Solve(stop, testChallenge(), math.MaxUint64, 0)
	require.ErrorIs(t, err, ErrStopped)
	require.ErrorContains(t, err, "after 0 hashes")
}

func TestAdjustment(t *testing.T) {
	const half = uint64(1) << 63
	wide := Adjustment{Target: 2, Min: 1, Max: math.MaxUint64}
	tests := []struct {
		name   string
		adjust Adjustment
		x      Difficulty
		regs   uint64
		want   Difficulty
	}{
		{"at the target", wide, 1000, 2, 1000},
		{"nobody came", wide, 1000, 0, 500},
		{"three times the target", wide, 1000, 6, 2000},
		{"half remembered", Adjustment{Target: 2, Alpha: half, Min: 1, Max: math.MaxUint64}, 1000, 6, 1500},
		{"all but all remembered", Adjustment{Target: 2, Alpha: math.MaxUint64, Min: 1, Max: math.MaxUint64}, 1000, 600, 1000},
		{"rounded down once", wide, 1001, 0, 500},
		{"kept above min", Adjustment{Target: 2, Min: 900, Max: 2000}, 1000, 0, 900},
		{"kept below max", Adjustment{Target: 2, Min: 900, Max: 1100}, 1000, 100, 1100},
		{"beyond the range", wide, math.MaxUint64, math.MaxUint64, math.MaxUint64},
		{"largest target", Adjustment{Target: math.MaxUint64, Min: 1, Max: math.MaxUint64}, 1 << 40, 0, 1 << 39},
		{"never below one", wide, 1, 0, 1},
		{"no target", Adjustment{Min: 5, Max: 9}, 100, 3, 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, tt.adjust.Next(tt.x, tt.regs))
		})
	}
}

func TestAdjustmentValidate(t *testing.T) {
	require.NoError(t, Adjustment{Target: 1, Min: 1, Max: 1}.Validate())
	for want, a := range map[string]Adjustment{
		"target is 0":          {Min: 1, Max: 1},
		"min is 0":             {Target: 1, Max: 1},
		"max 3 is below min 4": {Target: 1, Min: 4, Max: 3},
	} {
		err := a.Validate()
		require.ErrorIs(t, err, ErrAdjustment)
		require.ErrorContains(t, err, want)
	}
}

func TestHashRate(t *testing.T) {
	require.Equal(t, uint64(2_000_000), HashRate(1e7, 20, 100_000))
	require.Zero(t, HashRate(1e7, 20, 0))
	require.Equal(t, uint64(math.MaxUint64), HashRate(math.MaxUint64, math.MaxUint32, 1))
	require.Equal(t, uint64(math.MaxUint64), HashRate(math.MaxUint64, 1, 1000), "just fits")
	require.InDelta(t, 1.816e9, GPURate, 1e6)
	require.InDelta(t, 2.0, GPUs(2*GPURate), 1e-9)
}
