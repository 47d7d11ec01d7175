package issuance

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

const (
	second = Nanos(1_000_000_000)
	tao    = gotensor.RaoPerTAO
	full   = gotensor.MaxSupply
)

func TestMint(t *testing.T) {
	tests := []struct {
		name            string
		state           State
		elapsed, target Nanos
		minted          gotensor.Rao
		spare           Nanos
	}{
		{"one TAO in twelve seconds", State{}, 12 * second, 12 * second, tao, 0},
		{"a sixth in two", State{}, 2 * second, 2 * second, tao / 6, 8},
		{"the spare time completes a rao", State{Spare: 11}, 1, second, 1, 0},
		{"eleven ns are worth nothing yet", State{}, 11, second, 0, 11},
		{"ten target times at most", State{}, 3600 * second, 2 * second, 20 * tao / 12, 8},
		{"second era pays half", State{Supply: full / 2}, 12 * second, 12 * second, tao / 2, 0},
		{"third era pays a quarter", State{Supply: full / 4 * 3}, 12 * second, 12 * second, tao / 4, 0},
		{"last rao before the halving", State{Supply: full/2 - 1}, 12, second, 1, 0},
		{"crossing pays each side its rate", State{Supply: full/2 - 10}, 10*12 + 5*24 + 7, second, 15, 7},
		{"no time", State{Spare: 5}, 0, second, 0, 5},
		{"clock went back", State{Spare: 5}, -second, second, 0, 5},
		{"no target", State{}, second, 0, 0, 0},
		{"negative target", State{}, second, -1, 0, 0},
		{"target beyond the range of ten blocks", State{}, 120, math.MaxInt64, 10, 0},
		{"last rao", State{Supply: full - 1}, Nanos(12) << 54, math.MaxInt64, 1, 0},
		{"not quite the last rao", State{Supply: full - 1}, Nanos(12)<<54 - 1, math.MaxInt64, 0, Nanos(12)<<54 - 1},
		{"nothing left", State{Supply: full, Spare: 3}, 12 * second, 12 * second, 0, 0},
		{"beyond the cap", State{Supply: full + 5}, 12 * second, 12 * second, 0, 0},
		{"spare of a slower era is not revalued", State{Supply: 0, Spare: Nanos(12)<<54 - 1}, 1, second, 1, 0},
		{"negative spare counts as none", State{Spare: -100}, 12, second, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			minted, next := Mint(tt.state, tt.elapsed, tt.target)
			require.Equal(t, tt.minted, minted)
			require.Equal(t, tt.state.Supply+minted, next.Supply)
			require.Equal(t, tt.spare, next.Spare)
		})
	}
}

// The halving count is checked against floor(log2(1/(1-I/cap))) in exact rationals, around every boundary.
func TestHalvingBoundaries(t *testing.T) {
	limit := new(big.Int).SetUint64(uint64(full))
	want := func(supply gotensor.Rao) int {
		remaining := new(big.Int).SetUint64(uint64(full - supply))
		h := 0
		for new(big.Int).Lsh(remaining, uint(h+1)).Cmp(limit) <= 0 {
			h++
		}
		return h
	}
	for h := range MaxHalvings {
		boundary := full - full>>(h+1)
		for _, supply := range []gotensor.Rao{boundary - 1, boundary, boundary + 1} {
			if supply >= full {
				continue
			}
			require.Equal(t, want(supply), Halvings(supply), "supply %d", supply)
		}
		require.Equal(t, h, Halvings(boundary-1))
		require.Equal(t, h+1, Halvings(boundary))
		require.Equal(t, boundary, NextHalving(boundary-1))
	}
	require.Equal(t, MaxHalvings, Halvings(full-1))
	require.Equal(t, full, NextHalving(full-1))
	require.Equal(t, full, NextHalving(full))
}

func TestRate(t *testing.T) {
	require.Equal(t, tao, Rate(0))
	require.Equal(t, tao, Rate(full/2-1))
	require.Equal(t, tao/2, Rate(full/2))
	require.Equal(t, gotensor.Rao(1), Rate(full-full>>29))
	require.Equal(t, gotensor.Rao(0), Rate(full-full>>30))
	require.Equal(t, gotensor.Rao(0), Rate(full))
}

// In steps of ten years of ten-block time the supply reaches the cap and stays there.
func TestMintEndsAtTheCap(t *testing.T) {
	s := State{}
	var total gotensor.Rao
	year := 365 * 24 * 3600 * second
	for range 1_000 {
		minted, next := Mint(s, 10*year, year)
		require.GreaterOrEqual(t, next.Supply, s.Supply)
		require.NoError(t, next.Validate())
		total += minted
		s = next
	}
	require.Equal(t, full, s.Supply)
	require.Equal(t, full, total)
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name  string
		state State
		want  string
	}{
		{"start", State{}, ""},
		{"largest spare", State{Supply: full / 2, Spare: 23}, ""},
		{"spare worth a rao", State{Supply: full / 2, Spare: 24}, "spare is 24 ns, want 0 to 23"},
		{"negative spare", State{Spare: -1}, "spare is -1 ns"},
		{"above the cap", State{Supply: full + 1}, "supply is 21000000000000001 rao"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.state.Validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrState)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name   string
		total  gotensor.Rao
		shares []PPM
		parts  []gotensor.Rao
		rest   gotensor.Rao
	}{
		{"chain", 1_000_000_000, []PPM{50_000, 20_000}, []gotensor.Rao{50_000_000, 20_000_000}, 930_000_000},
		{"rounding goes to the rest", 7, []PPM{500_000}, []gotensor.Rao{3}, 4},
		{"all named", 10, []PPM{333_333, 333_333, 333_334}, []gotensor.Rao{3, 3, 3}, 1},
		{"none named", 10, nil, []gotensor.Rao{}, 10},
		{"nothing to split", 0, []PPM{Million}, []gotensor.Rao{0}, 0},
		{"largest amount", math.MaxUint64, []PPM{Million}, []gotensor.Rao{math.MaxUint64}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parts, rest, err := Split(tt.total, tt.shares...)
			require.NoError(t, err)
			require.Equal(t, tt.parts, parts)
			require.Equal(t, tt.rest, rest)
		})
	}
	_, _, err := Split(10, 600_000, 400_001)
	require.ErrorIs(t, err, ErrShares)
	require.ErrorContains(t, err, "1000001")
}
