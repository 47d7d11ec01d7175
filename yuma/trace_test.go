package yuma

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/fixed"
)

// TestTraceAddsUp computes incentive and dividends from the trace by the formulas of its documentation, on the vectors' inputs as they are
// and changed at random, and wants the epoch's own, to the bit.
func TestTraceAddsUp(t *testing.T) {
	for index, base := range fuzzInputs(t) {
		for seed := range uint64(3) {
			in := cloneInput(base)
			if seed > 0 {
				mutate(in, rand.New(rand.NewPCG(seed, uint64(index))))
			}
			var out, plain Output
			trace := Trace{}
			w := Workspace{Trace: &trace}
			require.NoError(t, w.Epoch(in, &out))
			require.NoError(t, new(Workspace).Epoch(in, &plain))
			require.Equal(t, describe(&plain), describe(&out), "a traced epoch is the same")
			requireTrace(t, in, &trace, &out)
		}
	}
}

// FuzzTrace: a traced epoch is the same as one without, also from a workspace that was used before.
func FuzzTrace(f *testing.F) {
	inputs := fuzzInputs(f)
	f.Add(uint16(0), uint64(0))
	f.Add(uint16(3), uint64(5))
	var used Workspace
	f.Fuzz(func(t *testing.T, index uint16, seed uint64) {
		if len(inputs) == 0 {
			t.Skip("no small case among these vectors")
		}
		in := cloneInput(inputs[int(index)%len(inputs)])
		mutate(in, rand.New(rand.NewPCG(seed, uint64(index))))
		var plain, traced Output
		require.NoError(t, used.Epoch(in, &plain))
		w := Workspace{Trace: &Trace{}}
		require.NoError(t, w.Epoch(in, &traced))
		require.Equal(t, describe(&plain), describe(&traced))
		requireTrace(t, in, w.Trace, &traced)
	})
}

func requireTrace(t *testing.T, in *Input, trace *Trace, out *Output) {
	t.Helper()
	ranks, columns := make([]fixed.I32F32, in.N), make([]fixed.I32F32, in.N)
	for i, row := range trace.Weights {
		var trust fixed.I32F32
		for k, uid := range row.UIDs {
			clipped := min(row.Values[k], trace.Consensus[uid])
			trust += clipped
			ranks[uid] += fixed.MulShare(trace.Say[i], clipped)
		}
		require.Equal(t, trust, trace.VTrust[i])
		for k, uid := range trace.Bonds[i].UIDs {
			columns[uid] = columns[uid].Add(trace.Bonds[i].Values[k])
		}
	}
	normalise(ranks)
	require.Equal(t, ranks, trace.Incentive)
	worths := make([]fixed.I32F32, in.N)
	for i, row := range trace.Bonds {
		for k, uid := range row.UIDs {
			worths[i] += fixed.MulShare(trace.Incentive[uid], row.Values[k].SafeDiv(columns[uid]))
		}
		if in.Yuma3 {
			worths[i] = worths[i].MulOrZero(trace.Say[i])
		}
	}
	normalise(worths)
	require.Equal(t, worths, trace.Dividends)
	for uid := range in.N {
		require.Equal(t, out.Incentive[uid], trace.Incentive[uid].U16())
		require.Equal(t, out.Dividends[uid], trace.Dividends[uid].U16())
		require.Equal(t, out.Consensus[uid], trace.Consensus[uid].U16())
		require.Equal(t, out.StakeWeight[uid], trace.Stake[uid].U16())
	}
}

func TestTraceRowAt(t *testing.T) {
	row := TraceRow{UIDs: []uint16{5, 2}, Values: []fixed.I32F32{7, 0}}
	v, ok := row.At(5)
	require.True(t, ok)
	require.Equal(t, fixed.I32F32(7), v)
	_, ok = row.At(2)
	require.True(t, ok, "an explicit zero is named")
	_, ok = row.At(3)
	require.False(t, ok)
}
