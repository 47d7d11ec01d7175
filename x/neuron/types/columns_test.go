package types_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/neuron/types"
)

func someTable() types.Table {
	return types.Table{
		EpochColumns: types.EpochColumns{
			Stake: []gotensor.Rao{1, 1 << 63}, Consensus: []uint16{2, 65_535}, Incentive: []uint16{3, 0}, Dividends: []uint16{4, 1},
			ValidatorTrust: []uint16{5, 256}, Permit: []bool{true, false}, Active: []bool{false, true}, Emission: []gotensor.Rao{6, 7},
		},
		Accrued: []gotensor.Rao{8, gotensor.MaxSupply},
	}
}

func TestColumnsRoundTrip(t *testing.T) {
	v := someTable()
	p, err := v.Pack(2)
	require.NoError(t, err)
	require.Equal(t, []byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80}, p.Stake, "little-endian")
	require.Equal(t, []byte{5, 0, 0, 1}, p.ValidatorTrust)
	require.Equal(t, []byte{1, 0}, p.Permit)
	got, err := p.Unpack(2)
	require.NoError(t, err)
	require.Equal(t, v, got)
	zero := types.ZeroColumns(3)
	require.NoError(t, zero.Validate(3))
}

func TestColumnsOfTheWrongShapeAreRefused(t *testing.T) {
	for _, c := range types.AllColumns() {
		t.Run(c.String(), func(t *testing.T) {
			p := types.ZeroColumns(2)
			field := c.Field(&p)
			*field = (*field)[1:]
			_, err := p.Unpack(2)
			require.ErrorIs(t, err, types.ErrColumns)
			require.ErrorContains(t, err, c.String()+" has")
		})
	}
	p := types.ZeroColumns(2)
	p.Active[1] = 2
	require.ErrorContains(t, p.Validate(2), "active of uid 1 is 2, want 0 or 1")
	require.ErrorIs(t, p.Validate(types.MaxNeurons+1), types.ErrColumns)

	v := someTable()
	v.Dividends = v.Dividends[:1]
	_, err := v.Pack(2)
	require.ErrorContains(t, err, "dividends has 1 entries, want 2")
	v = someTable()
	v.Accrued = nil
	_, err = v.Pack(2)
	require.ErrorContains(t, err, "accrued has 0 entries, want 2")
	require.Equal(t, "column 77", types.Column(77).String())
}

func FuzzColumns(f *testing.F) {
	v := someTable()
	p, err := v.Pack(2)
	require.NoError(f, err)
	b, err := p.Marshal()
	require.NoError(f, err)
	f.Add(b, 2)
	f.Add([]byte{}, 0)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		var p types.Columns
		if p.Unmarshal(b) != nil || n < 0 {
			return
		}
		v, err := p.Unpack(n)
		if err != nil {
			require.ErrorIs(t, err, types.ErrColumns)
			return
		}
		again, err := v.Pack(n)
		require.NoError(t, err)
		require.NoError(t, again.Validate(n))
		for _, c := range types.AllColumns() {
			require.Equal(t, len(*c.Field(&p)), n*c.Width())
			require.Equal(t, string(*c.Field(&p)), string(*c.Field(&again)), "what is accepted has one encoding")
		}
	})
}

func ExampleColumns_Unpack() {
	p := types.ZeroColumns(2)
	p.Incentive[2] = 9
	v, err := p.Unpack(2)
	fmt.Println(v.Incentive, err)
	_, err = p.Unpack(3)
	fmt.Println(err)
	// Output:
	// [0 9] <nil>
	// stake has 16 bytes, want 3 entries of 8: malformed columns
}
