package keeper

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name    string
		amount  gotensor.Rao
		weights []types.SubnetShare
		want    []share
	}{
		{"nothing listed: subnet 1", 10, nil, []share{{1, 10}}},
		{"one", 10, []types.SubnetShare{{Netuid: 7, Weight: 3}}, []share{{7, 10}}},
		{"in proportion", 100, []types.SubnetShare{{Netuid: 1, Weight: 3}, {Netuid: 2, Weight: 1}}, []share{{1, 75}, {2, 25}}},
		{"rounding goes to the first", 10, []types.SubnetShare{{Netuid: 2, Weight: 1}, {Netuid: 3, Weight: 1}, {Netuid: 4, Weight: 1}}, []share{{2, 4}, {3, 3}, {4, 3}}},
		{
			"nothing overflows", math.MaxUint64,
			[]types.SubnetShare{{Netuid: 1, Weight: 1_000_000}, {Netuid: 2, Weight: 1_000_000}},
			[]share{{1, math.MaxUint64/2 + 1}, {2, math.MaxUint64 / 2}},
		},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, split(c.amount, c.weights)) })
	}
}
