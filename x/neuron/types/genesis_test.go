package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

func operator(b byte) string { return addr.FormatValidator(gotensor.Address{b}) }

func key(b byte) string { return addr.FormatAccount(gotensor.Address{b}) }

func fullGenesis() *types.GenesisState {
	hash := make([]byte, 32)
	return &types.GenesisState{
		Subnets: []types.GenesisNeurons{{
			Netuid: 1, Neurons: []types.Neuron{{Uid: 0, Hotkey: hot, Coldkey: cold}, {Uid: 1, Hotkey: key(3), Coldkey: cold}},
			Columns:   types.ZeroColumns(2),
			Admission: types.Admission{Difficulty: 1, BurnPrice: 1},
		}, {Netuid: 2}},
		Appointments: []types.Appointment{
			{Validator: operator(5), Netuid: 1, Hotkey: hot, PreviousHotkey: key(3)}, {Validator: operator(5), Netuid: 65_535, Hotkey: hot},
		},
		Grants:      []types.Grant{{Delegator: cold, Hotkey: hot, SharePpm: 500_000, ExpiryUnix: 1}, {Delegator: cold, Hotkey: key(3), SharePpm: 500_000, ExpiryUnix: 1}},
		BlockHashes: []types.BlockHash{{Height: 3, Hash: hash}, {Height: 4, Hash: hash}},
		UsedWorks:   []types.UsedWork{{BlockHeight: 3, Netuid: 1, Hotkey: hot}, {BlockHeight: 4, Netuid: 1, Hotkey: hot}, {BlockHeight: 4, Netuid: 1, Hotkey: key(3)}},
		RateUses:    []types.RateUse{{Hotkey: hot, Netuid: 1, Kind: 1, Used: 1}, {Hotkey: hot, Netuid: 1, Kind: 2, Used: 1}},
	}
}

func TestGenesisValidate(t *testing.T) {
	require.NoError(t, types.DefaultGenesis().Validate())
	require.NoError(t, fullGenesis().Validate())
	cases := []struct {
		name   string
		change func(*types.GenesisState)
		want   string
	}{
		{"order", func(g *types.GenesisState) { g.Subnets[1].Netuid = 1 }, "netuid 1 follows 1"},
		{"netuid", func(g *types.GenesisState) { g.Subnets[1].Netuid = 65_535 }, "netuid 65535"},
		{"gap", func(g *types.GenesisState) { g.Subnets[0].Neurons[1].Uid = 2 }, "uid is 2, want 1"},
		{"crowd", func(g *types.GenesisState) { g.Subnets[0].Neurons = make([]types.Neuron, 4_097) }, "4097 neurons"},
		{"hotkey twice", func(g *types.GenesisState) { g.Subnets[0].Neurons[1].Hotkey = hot }, "holds two uids"},
		{"hotkey", func(g *types.GenesisState) { g.Subnets[0].Neurons[1].Hotkey = "" }, "hotkey: invalid address"},
		{"height", func(g *types.GenesisState) { g.Subnets[0].Neurons[1].LastUpdate = -1 }, "want 0 or more"},
		{"endpoint", func(g *types.GenesisState) { g.Subnets[0].Neurons[1].Endpoint.Port = 1 }, "neurons[1].endpoint: host is empty"},
		{"columns", func(g *types.GenesisState) { g.Subnets[0].Columns.Permit = nil }, "permit has 0 bytes"},
		{"permit", func(g *types.GenesisState) { g.Subnets[0].Columns.Permit[1] = 7 }, "permit of uid 1 is 7"},
		{"no difficulty", func(g *types.GenesisState) { g.Subnets[0].Admission.Difficulty = 0 }, "difficulty is 0"},
		{"no price", func(g *types.GenesisState) { g.Subnets[0].Admission.BurnPrice = 0 }, "burn_price 0"},
		{"validator", func(g *types.GenesisState) { g.Appointments[0].Validator = hot }, "validator: invalid address"},
		{"appointed netuid", func(g *types.GenesisState) { g.Appointments[0].Netuid = 0 }, "netuid is 0, want 1..65535"},
		{"appointed twice", func(g *types.GenesisState) { g.Appointments[1].Netuid = 1 }, "appoints twice on netuid 1"},
		{"appointed height", func(g *types.GenesisState) { g.Appointments[1].Height = -1 }, "height is -1"},
		{"appointed hotkey", func(g *types.GenesisState) { g.Appointments[1].Hotkey = "x" }, "hotkey: invalid address"},
		{"previous hotkey", func(g *types.GenesisState) { g.Appointments[1].PreviousHotkey = "x" }, "previous_hotkey: invalid address"},
		{"two masters", func(g *types.GenesisState) { g.Appointments[1].Validator = operator(6) }, "want one"},
		{"grant delegator", func(g *types.GenesisState) { g.Grants[0].Delegator = "" }, "delegator: invalid address"},
		{"grant twice", func(g *types.GenesisState) { g.Grants[1].Hotkey = hot }, "twice"},
		{"grant share", func(g *types.GenesisState) { g.Grants[1].SharePpm = 0 }, "share_ppm is 0"},
		{"grant sum", func(g *types.GenesisState) { g.Grants[1].SharePpm++ }, "grants 1000001 ppm in all"},
		{"grant count", func(g *types.GenesisState) {
			g.Grants = nil
			for i := range 65 {
				g.Grants = append(g.Grants, types.Grant{Delegator: cold, Hotkey: addr.FormatAccount(gotensor.Address{9, byte(i)}), SharePpm: 1, ExpiryUnix: 1})
			}
		}, "65 grants by"},
		{"ring long", func(g *types.GenesisState) { g.BlockHashes = make([]types.BlockHash, 31) }, "31 block_hashes"},
		{"ring order", func(g *types.GenesisState) { g.BlockHashes[1].Height = 3 }, "height 3 follows 3"},
		{"ring hash", func(g *types.GenesisState) { g.BlockHashes[1].Hash = nil }, "hash has 0 bytes"},
		{"work height", func(g *types.GenesisState) { g.UsedWorks[0].BlockHeight = 2 }, "block_height 2 is not in block_hashes"},
		{"work order", func(g *types.GenesisState) { g.UsedWorks[1], g.UsedWorks[2] = g.UsedWorks[2], g.UsedWorks[1] }, "not in order"},
		{"work netuid", func(g *types.GenesisState) { g.UsedWorks[0].Netuid = 0 }, "netuid is 0"},
		{"work hotkey", func(g *types.GenesisState) { g.UsedWorks[0].Hotkey = "" }, "hotkey: invalid address"},
		{"use hotkey", func(g *types.GenesisState) { g.RateUses[0].Hotkey = "" }, "hotkey: invalid address"},
		{"use netuid", func(g *types.GenesisState) { g.RateUses[0].Netuid = 0 }, "netuid is 0"},
		{"use kind", func(g *types.GenesisState) { g.RateUses[0].Kind = 4 }, "kind 4"},
		{"use twice", func(g *types.GenesisState) { g.RateUses[1].Kind = 1 }, "is there twice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := fullGenesis()
			c.change(g)
			require.ErrorContains(t, g.Validate(), c.want)
		})
	}
}

func FuzzGenesisValidate(f *testing.F) {
	b, err := fullGenesis().Marshal()
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var g types.GenesisState
		if g.Unmarshal(b) != nil || g.Validate() != nil {
			return
		}
		for _, s := range g.Subnets {
			for uid, n := range s.Neurons {
				require.Equal(t, uint32(uid), n.Uid)
			}
		}
	})
}
