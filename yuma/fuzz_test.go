package yuma

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fixed"
	"github.com/gotensor/gotensor/internal/vectors"
)

// fuzzInputs returns the inputs of all small epochs of the vectors.
func fuzzInputs(tb testing.TB) []*Input {
	tb.Helper()
	var inputs []*Input
	for _, file := range caseFiles(tb, vectors.Dir(tb, "yuma")) {
		c := loadCase(tb, file)
		var s state
		for _, step := range c.Steps {
			require.NoError(tb, json.Unmarshal(step.Set, &s))
			if s.N > 64 {
				break
			}
			inputs = append(inputs, cloneInput(s.input(tb)))
			s.Bonds, s.Permit = step.Out.Bonds, step.Out.Permit
		}
	}
	return inputs
}

// FuzzEpochInvariants checks what holds for every epoch on the vectors' inputs, as they are (seed 0) and changed at random.
func FuzzEpochInvariants(f *testing.F) {
	inputs := fuzzInputs(f)
	for i := range inputs {
		for seed := range uint64(4) {
			f.Add(uint16(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, index uint16, seed uint64) {
		if len(inputs) == 0 {
			t.Skip("no small case among these vectors")
		}
		in := cloneInput(inputs[int(index)%len(inputs)])
		rng := rand.New(rand.NewPCG(seed, uint64(index)))
		if seed != 0 {
			mutate(in, rng)
		}
		before := cloneInput(in)
		var (
			w   Workspace
			out Output
		)
		require.NoError(t, w.Epoch(in, &out))
		require.Equal(t, before, cloneInput(in), "the input is unchanged")
		requireShape(t, in, &out)
		requireShares(t, in, &w, &out)
		requireEarned(t, in, &w)
		requireRepeatable(t, in, &w, &out)
		requireRelabels(t, in, rng.Perm(in.N))
	})
}

// requireShape checks lengths, and that bonds are well-formed rows of permitted validators.
func requireShape(t *testing.T, in *Input, out *Output) {
	t.Helper()
	for _, n := range []int{
		len(out.Active), len(out.Permit), len(out.StakeWeight), len(out.Consensus), len(out.VTrust), len(out.Incentive), len(out.Dividends),
		len(out.ServerEmission), len(out.ValidatorEmission), len(out.CombinedEmission), len(out.TotalStake), len(out.Bonds),
	} {
		require.Equal(t, in.N, n)
	}
	for i, row := range out.Bonds {
		require.Len(t, row.Values, len(row.UIDs))
		require.True(t, out.Permit[i] || len(row.UIDs) == 0, "bonds of uid %d without permit", i)
		sorted := slices.Sorted(slices.Values(row.UIDs))
		require.Len(t, slices.Compact(sorted), len(row.UIDs), "duplicate uids in bonds of %d", i)
		require.True(t, len(sorted) == 0 || int(sorted[len(sorted)-1]) < in.N)
	}
}

// requireShares checks that shares sum to one within rounding or are all zero, and that no more than the emission is paid, and no less but
// for rounding.
func requireShares(t *testing.T, in *Input, w *Workspace, out *Output) {
	t.Helper()
	loss := fixed.I32F32(in.N)
	for name, shares := range map[string][]fixed.I32F32{
		"stake": w.stake.share, "active stake": w.stake.active, "incentive": w.incentive, "dividends": w.dividends,
	} {
		for _, share := range shares {
			require.True(t, share >= 0 && share <= fixed.One, "%s: %d", name, share)
		}
		if total := sum(shares); total != 0 {
			require.LessOrEqual(t, total, fixed.One, name)
			require.GreaterOrEqual(t, total, fixed.One-loss, name)
		}
	}
	paid, combined := new(big.Int), new(big.Int)
	for uid := range in.N {
		paid.Add(paid, raoInt(out.ServerEmission[uid]))
		paid.Add(paid, raoInt(out.ValidatorEmission[uid]))
		combined.Add(combined, raoInt(out.CombinedEmission[uid]))
	}
	emission := raoInt(in.Emission)
	require.LessOrEqual(t, paid.Cmp(emission), 0, "paid %s of %s", paid, emission)
	require.LessOrEqual(t, combined.Cmp(emission), 0, "combined %s of %s", combined, emission)
	if sum(w.stake.share) > 0 { // each of 2n payments loses less than 2^-32 of the emission and a rao
		least := new(big.Int).Rsh(emission, 32)
		least.Add(least, big.NewInt(2)).Mul(least, big.NewInt(int64(2*in.N)))
		least.Sub(emission, least)
		require.GreaterOrEqual(t, paid.Cmp(least), 0, "paid %s of %s", paid, emission)
	}
}

// requireEarned checks that only who is weighed by a staked validator has consensus, incentive and pay as a miner.
func requireEarned(t *testing.T, in *Input, w *Workspace) {
	t.Helper()
	weighed := make([]bool, in.N)
	for i, row := range in.Weights {
		for k, uid := range row.UIDs {
			if w.stake.active[i] > 0 && row.Values[k] > 0 && int(uid) < in.N && (int(uid) != i || in.owns(i)) {
				weighed[uid] = true
			}
		}
	}
	for uid, ok := range weighed {
		if !ok {
			require.Zero(t, w.consensus.median[uid], "consensus of %d", uid)
			require.Zero(t, w.incentive[uid], "incentive of %d", uid)
		}
	}
}

// requireRepeatable checks that the same input gives the same output, from a used workspace and a new one.
func requireRepeatable(t *testing.T, in *Input, w *Workspace, out *Output) {
	t.Helper()
	want := describe(out)
	fresh, err := Epoch(in)
	require.NoError(t, err)
	require.Equal(t, want, describe(fresh))
	var again Output
	require.NoError(t, w.Epoch(in, &again))
	require.Equal(t, want, describe(&again))
}

// requireRelabels checks that renaming the uids of an input with sorted rows renames its output. Where equal stakes compete for the last
// permit the higher uid has it, so there permits and bonds may differ.
func requireRelabels(t *testing.T, in *Input, name []int) {
	t.Helper()
	same := make([]int, in.N)
	for uid := range same {
		same[uid] = uid
	}
	in.LastUpdate = append(in.LastUpdate, make([]gotensor.Block, in.N)...)[:in.N]
	var w Workspace
	var a, b Output
	require.NoError(t, w.Epoch(relabel(in, same), &a))
	tied := tiedForPermit(&w, int(in.MaxValidators))
	require.NoError(t, w.Epoch(relabel(in, name), &b))
	bonds := relabelRows(a.Bonds, name)
	for uid, renamed := range name {
		require.Equal(t, a.Active[uid], b.Active[renamed])
		require.Equal(t, a.StakeWeight[uid], b.StakeWeight[renamed])
		require.Equal(t, a.Consensus[uid], b.Consensus[renamed])
		require.Equal(t, a.VTrust[uid], b.VTrust[renamed])
		require.Equal(t, a.Incentive[uid], b.Incentive[renamed])
		require.Equal(t, a.Dividends[uid], b.Dividends[renamed])
		require.Equal(t, a.ServerEmission[uid], b.ServerEmission[renamed])
		require.Equal(t, a.ValidatorEmission[uid], b.ValidatorEmission[renamed])
		require.Equal(t, a.CombinedEmission[uid], b.CombinedEmission[renamed])
		require.Equal(t, a.TotalStake[uid], b.TotalStake[renamed])
		if !tied {
			require.Equal(t, a.Permit[uid], b.Permit[renamed])
			require.Equal(t, flatten(bonds[renamed:renamed+1]), flatten(b.Bonds[renamed:renamed+1]))
		}
	}
}

// tiedForPermit tells whether the smallest of the k largest stakes equals the largest of the others.
func tiedForPermit(w *Workspace, k int) bool {
	shares := slices.Sorted(slices.Values(w.stake.share))
	cut := len(shares) - k
	return k > 0 && cut > 0 && shares[cut] == shares[cut-1]
}

func raoInt(r gotensor.Rao) *big.Int { return new(big.Int).SetUint64(uint64(r)) }
