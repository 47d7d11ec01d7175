package yuma

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

// small is a subnet of two validators of equal stake and two miners: both prefer uid 2.
func small() *Input {
	return &Input{
		Params: Params{
			Tempo: 10, ActivityCutoff: 100, Kappa: 32767, BondsPenalty: 65535, BondsMovingAverage: 900_000, MaxValidators: 2,
		},
		N: 4, Block: 100, LastStep: 89, Emission: 1000,
		Alpha:      []gotensor.Rao{500, 500, 0, 0},
		LastUpdate: []gotensor.Block{95, 95, 95, 95},
		Registered: []gotensor.Block{1, 1, 1, 1},
		Permit:     []bool{true, true, false, false},
		Weights:    []Row{{UIDs: []uint16{2, 3}, Values: []uint16{3, 1}}, {UIDs: []uint16{2, 3}, Values: []uint16{3, 1}}, {}, {}},
		Bonds:      make([]Row, 4),
	}
}

func TestEpochRefusesMalformedInput(t *testing.T) {
	uid := func(u uint16) *uint16 { return &u }
	for _, tc := range []struct {
		name   string
		change func(*Input)
		want   error
		says   string
	}{
		{"negative n", func(in *Input) { in.N = -1 }, ErrRange, "N is -1"},
		{"too many uids", func(in *Input) { in.N = MaxN + 1 }, ErrRange, "N is 32769"},
		{"owner past the end", func(in *Input) { in.Owner = uid(4) }, ErrRange, "Owner is uid 4"},
		{"moving average", func(in *Input) { in.Yuma3, in.BondsMovingAverage = true, maxBondsMovingAverage }, ErrRange, "BondsMovingAverage"},
		{"one stake beyond the range", func(in *Input) { in.Alpha[2] = 1 << 63 }, ErrRange, "total stake"},
		{"stakes beyond the range", func(in *Input) { in.Alpha[2], in.Alpha[3] = 1<<62, 1<<62 }, ErrRange, "total stake"},
		{"short alpha", func(in *Input) { in.Alpha = in.Alpha[:3] }, ErrShape, "Alpha has 3 elements, want N = 4"},
		{"short tao", func(in *Input) { in.TAO = make([]gotensor.Rao, 1) }, ErrShape, "TAO has 1 elements"},
		{"no registration", func(in *Input) { in.Registered = nil }, ErrShape, "Registered has 0 elements"},
		{"long permit", func(in *Input) { in.Permit = make([]bool, 5) }, ErrShape, "Permit has 5 elements"},
		{"missing rows", func(in *Input) { in.Weights = in.Weights[:1] }, ErrShape, "Weights has 1 elements"},
		{"missing bonds", func(in *Input) { in.Bonds = nil }, ErrShape, "Bonds has 0 elements"},
		{"lopsided row", func(in *Input) { in.Weights[1].Values = in.Weights[1].Values[:1] }, ErrShape, "Weights[1] has 2 UIDs and 1 Values"},
		{"uid twice", func(in *Input) { in.Weights[0] = Row{UIDs: []uint16{3, 2, 3}, Values: []uint16{1, 1, 1}} }, ErrDuplicate, "Weights[0] names uid 3 twice"},
		{"bond twice", func(in *Input) { in.Bonds[3] = Row{UIDs: []uint16{2, 2}, Values: []uint16{1, 1}} }, ErrDuplicate, "Bonds[3] names uid 2 twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := small()
			tc.change(in)
			var (
				w   Workspace
				out Output
			)
			err := w.Epoch(in, &out)
			require.ErrorIs(t, err, tc.want)
			require.ErrorContains(t, err, tc.says)
			require.Equal(t, Output{}, out, "the output is as it was")
			_, err = Epoch(in)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestEpochRules(t *testing.T) {
	owner := uint16(0)
	for _, tc := range []struct {
		name   string
		change func(*Input)
		check  func(*require.Assertions, *Output)
	}{
		{"honest", func(*Input) {}, func(is *require.Assertions, out *Output) {
			is.Equal([]uint16{0, 0, 49151, 16383}, out.Incentive)
			is.Equal([]gotensor.Rao{0, 0, 375, 125}, out.ServerEmission)
			is.Equal([]gotensor.Rao{250, 250, 0, 0}, out.ValidatorEmission)
		}},
		{"nobody weighs: stake earns all", func(in *Input) { in.Weights = make([]Row, 4) }, func(is *require.Assertions, out *Output) {
			is.Equal([]gotensor.Rao{500, 500, 0, 0}, out.CombinedEmission)
			is.Equal(make([]uint16, 4), out.Incentive)
		}},
		{"no minority counts", func(in *Input) { in.Alpha[1] = 100; in.Weights[1] = Row{UIDs: []uint16{3}, Values: []uint16{1}} }, func(is *require.Assertions, out *Output) {
			is.Equal([]uint16{0, 0, 49151, 16383}, out.Consensus)
			is.Less(out.VTrust[1], out.VTrust[0])
		}},
		{"a weight older than its target is dropped", func(in *Input) { in.Registered[2] = 95 }, func(is *require.Assertions, out *Output) {
			is.Zero(out.Incentive[2])
			is.Equal(uint16(65535), out.Incentive[3])
		}},
		{"no weight for oneself", func(in *Input) { in.Weights[0] = Row{UIDs: []uint16{0}, Values: []uint16{1}} }, func(is *require.Assertions, out *Output) {
			is.Zero(out.Incentive[0])
		}},
		{"but for the owner", func(in *Input) {
			in.Owner, in.Alpha[1] = &owner, 1
			in.Weights[0] = Row{UIDs: []uint16{0}, Values: []uint16{1}}
		}, func(is *require.Assertions, out *Output) { is.Equal(uint16(65535), out.Incentive[0]) }},
		{"ties for a permit go to the higher uid", func(in *Input) { in.MaxValidators = 1 }, func(is *require.Assertions, out *Output) {
			is.Equal([]bool{false, true, false, false}, out.Permit)
			is.Empty(out.Bonds[0].UIDs)
		}},
		{"an inactive validator has no say", func(in *Input) { in.ActivityCutoff, in.LastUpdate[1] = 10, 1 }, func(is *require.Assertions, out *Output) {
			is.Equal([]bool{true, false, true, true}, out.Active)
			is.Equal([]gotensor.Rao{500, 0, 0, 0}, out.ValidatorEmission)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := small()
			tc.change(in)
			out, err := Epoch(in)
			require.NoError(t, err)
			tc.check(require.New(t), out)
		})
	}
}

func TestEpochFeedsBackIntoItself(t *testing.T) {
	for _, yuma3 := range []bool{false, true} {
		var w Workspace
		var out Output
		shared, apart := small(), small()
		shared.Yuma3, apart.Yuma3 = yuma3, yuma3
		for range 5 {
			require.NoError(t, w.Epoch(shared, &out))
			shared.Bonds, shared.Permit = out.Bonds, out.Permit // the next epoch writes where it reads
			fresh, err := Epoch(apart)
			require.NoError(t, err)
			apart.Bonds, apart.Permit = fresh.Bonds, fresh.Permit
			require.Equal(t, describe(fresh), describe(&out))
		}
	}
}

func TestUpscaleRow(t *testing.T) {
	for _, tc := range []struct {
		name      string
		row, want []uint16
	}{
		{"empty", nil, nil},
		{"zeros", []uint16{0, 0}, []uint16{0, 0}},
		{"one", []uint16{7}, []uint16{65535}},
		{"half", []uint16{1, 2}, []uint16{32768, 65535}},
		{"full already", []uint16{65535, 9}, []uint16{65535, 9}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			UpscaleRow(tc.row)
			require.Equal(t, tc.want, tc.row)
		})
	}
}
