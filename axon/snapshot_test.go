package axon_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/metagraph"
)

func TestSnapshot(t *testing.T) {
	validator, miner, holder, whale := gotensor.Address{1}, gotensor.Address{2}, gotensor.Address{3}, gotensor.Address{4}
	graph, err := metagraph.New(metagraph.Info{}, []metagraph.Neuron{
		{UID: 0, Hotkey: validator, Stake: 100, Permit: true},
		{UID: 1, Hotkey: miner},
		{UID: 2, Hotkey: whale, Stake: math.MaxUint64},
	})
	require.NoError(t, err)
	var s axon.Snapshot
	_, ok := s.Lookup(validator)
	require.False(t, ok, "nobody is known before the first snapshot")

	grants := map[gotensor.Address]gotensor.Rao{validator: 5, holder: 7, whale: 1}
	s.Set(graph, grants)
	grants[gotensor.Address{9}] = 1 // the snapshot is its own
	for name, tc := range map[string]struct {
		addr gotensor.Address
		want axon.Caller
		ok   bool
	}{
		"stake and grant": {validator, axon.Caller{Weight: 105, Registered: true, Validator: true}, true},
		"miner":           {miner, axon.Caller{Registered: true}, true},
		"grant only":      {holder, axon.Caller{Weight: 7}, true},
		"no overflow":     {whale, axon.Caller{Weight: math.MaxUint64, Registered: true}, true},
		"stranger":        {gotensor.Address{9}, axon.Caller{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := s.Lookup(tc.addr)
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.ok, ok)
		})
	}
	s.Set(nil, map[gotensor.Address]gotensor.Rao{holder: 7})
	got, ok := s.Lookup(holder)
	require.True(t, ok)
	require.Equal(t, axon.Caller{Weight: 7}, got)
}
