package yuma

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

// requireNaive compares an epoch of a used workspace with the naive one.
func requireNaive(t *testing.T, w *Workspace, in *Input) {
	t.Helper()
	var out Output
	require.NoError(t, w.Epoch(in, &out))
	want := newNaive(t, in)
	require.Equal(t, want.median, w.consensus.median[:in.N])
	require.Equal(t, want.vtrust, w.vtrust[:in.N])
	require.Equal(t, want.incentive, w.incentive[:in.N])
	require.Equal(t, want.dividends, w.dividends[:in.N])
	require.Equal(t, flatten(want.stored), flatten(out.Bonds))
}

// TestEpochIsNaive compares on the vectors' inputs, as they are and changed at random.
func TestEpochIsNaive(t *testing.T) {
	var w Workspace
	for index, base := range fuzzInputs(t) {
		for seed := range uint64(20) {
			in := cloneInput(base)
			if seed > 0 {
				mutate(in, rand.New(rand.NewPCG(seed, uint64(index))))
			}
			requireNaive(t, &w, in)
		}
	}
}

// TestLargeEpochIsNaive compares on random networks of more neurons than the vectors', several epochs of each.
func TestLargeEpochIsNaive(t *testing.T) {
	var w Workspace
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 7))
		in := randomInput(rng)
		for range 3 {
			requireNaive(t, &w, in)
			out, err := Epoch(in)
			require.NoError(t, err)
			in.Bonds, in.Permit = out.Bonds, out.Permit
			in.Block, in.LastStep = in.Block+360, in.Block
			mutate(in, rng)
		}
	}
}

// FuzzEpochIsNaive compares on random networks.
func FuzzEpochIsNaive(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	var w Workspace
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 8))
		in := randomInput(rng)
		mutate(in, rng)
		requireNaive(t, &w, in)
	})
}

// randomInput is a subnet of up to 150 uids, dense or sparse, of like or unlike stakes, of validators who agree, differ, copy or name only
// one.
func randomInput(rng *rand.Rand) *Input {
	n := 1 + rng.IntN(150)
	in := benchInput(n, 1+rng.IntN(n), pick(rng, 1, 10, 50, 90, 100))
	in.TAO = make([]gotensor.Rao, n)
	in.Kappa, in.BondsPenalty = pick[uint16](rng, 0, 1000, 32767, 60000, 65535), pick[uint16](rng, 0, 30000, 65535, 65535)
	in.BondsMovingAverage = pick[uint64](rng, 0, 900_000, 900_000, 1_000_000, 1_500_000)
	in.Yuma3, in.Liquid.Enabled = rng.IntN(2) == 0, rng.IntN(2) == 0
	style := rng.IntN(5)
	for i := range in.Weights {
		row := &in.Weights[i]
		switch style {
		case 0: // all alike
			*row = Row{UIDs: slices.Clone(in.Weights[0].UIDs), Values: slices.Clone(in.Weights[0].Values)}
		case 1: // few levels
			for k := range row.Values {
				row.Values[k] = row.Values[k] >> 13 << 13
			}
		case 2: // one each
			if len(row.UIDs) > 0 {
				k := rng.IntN(len(row.UIDs))
				row.UIDs, row.Values = row.UIDs[k:k+1], row.Values[k:k+1]
			}
		}
		if rng.IntN(4) == 0 {
			in.Bonds[i] = Row{}
		}
		if rng.IntN(8) == 0 {
			in.Alpha[i] *= gotensor.Rao(1 + rng.IntN(100))
		}
	}
	return in
}
