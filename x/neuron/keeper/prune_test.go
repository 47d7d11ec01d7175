package keeper

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

func TestVictim(t *testing.T) {
	type slot struct {
		registered int64
		emission   gotensor.Rao
		owned      bool
		hotkey     string
		incentive  uint16
	}
	cases := []struct {
		name      string
		slots     []slot
		nonImmune uint16
		ownerKeep uint16
		want      int // -1: none
	}{
		{"lowest emission", []slot{{1, 5, false, "", 0}, {2, 3, false, "", 0}, {3, 4, false, "", 0}}, 0, 1, 1},
		{"then the oldest", []slot{{3, 3, false, "", 0}, {1, 3, false, "", 0}, {2, 3, false, "", 0}}, 0, 1, 1},
		{"paid nothing alike, under upkeep: the least incentive", []slot{{1, 0, false, "", 40_000}, {2, 0, false, "", 0}, {3, 9, false, "", 65_535}}, 0, 1, 1},
		{"pay before incentive", []slot{{1, 1, false, "", 0}, {2, 0, false, "", 9}}, 0, 1, 1},
		{"then the lowest uid", []slot{{2, 3, false, "", 0}, {2, 3, false, "", 0}}, 0, 1, 0},
		{"not in immunity", []slot{{1, 5, false, "", 0}, {50, 0, false, "", 0}}, 0, 1, 0},
		{"the last immune height", []slot{{1, 5, false, "", 0}, {11, 0, false, "", 0}}, 0, 1, 0},
		{"the first mortal height", []slot{{1, 5, false, "", 0}, {10, 0, false, "", 0}}, 0, 1, 1},
		{"too few mortals: an immune one", []slot{{1, 0, false, "", 0}, {2, 0, false, "", 0}, {50, 9, false, "", 0}, {51, 8, false, "", 0}}, 2, 1, 3},
		{"one mortal more than the least", []slot{{1, 4, false, "", 0}, {2, 3, false, "", 0}, {50, 0, false, "", 0}}, 1, 1, 1},
		{"all immune", []slot{{50, 2, false, "", 0}, {51, 1, false, "", 0}}, 10, 1, 1},
		{"few mortals, none immune", []slot{{1, 2, false, "", 0}, {2, 1, false, "", 0}}, 10, 1, 1},
		{"owner's oldest is kept", []slot{{2, 0, true, "", 0}, {1, 0, true, "", 0}, {3, 9, false, "", 0}}, 0, 1, 0},
		{"owner keeps none", []slot{{2, 0, true, "", 0}, {1, 0, true, "", 0}, {3, 9, false, "", 0}}, 0, 0, 1},
		{"owner keeps more than he has", []slot{{2, 0, true, "", 0}, {1, 0, true, "", 0}, {3, 9, false, "", 0}}, 0, 10, 2},
		{"owner's hotkey is kept beside", []slot{{1, 0, true, "", 0}, {2, 0, false, "owner", 0}, {3, 9, false, "", 0}}, 0, 1, 2},
		{"nobody but the owner", []slot{{1, 0, true, "", 0}, {2, 0, false, "owner", 0}}, 0, 1, -1},
		{"nobody at all", nil, 0, 1, -1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := pruning{subnet: subnettypes.Subnet{Owner: "boss", OwnerHotkey: "owner"}, hyper: subnettypes.DefaultHyperparameters(1_000), height: 60}
			p.hyper.ImmunityPeriod, p.hyper.MinNonImmuneUIDs, p.hyper.OwnerImmuneNeuronLimit = 50_000, c.nonImmune, c.ownerKeep
			for uid, s := range c.slots {
				n := types.Neuron{Uid: uint32(uid), Hotkey: s.hotkey, RegisteredHeight: s.registered}
				if s.owned {
					n.Coldkey = "boss"
				}
				p.neurons, p.emission = append(p.neurons, n), append(p.emission, s.emission)
				p.incentive = append(p.incentive, s.incentive)
			}
			uid, ok := p.victim()
			require.Equal(t, c.want >= 0, ok)
			if ok {
				require.Equal(t, gotensor.UID(c.want), uid)
			}
		})
	}
}

func TestNoOwnerExemptsNobody(t *testing.T) {
	p := pruning{neurons: []types.Neuron{{}}, emission: []gotensor.Rao{0}, incentive: []uint16{0}, hyper: subnettypes.DefaultHyperparameters(1_000), height: 1 << 40}
	uid, ok := p.victim()
	require.True(t, ok, "an empty owner is not the owner of neurons without a coldkey")
	require.Zero(t, uid)
}
