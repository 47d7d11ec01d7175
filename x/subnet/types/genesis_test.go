package types_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/subnet/types"
)

var alice = addr.FormatAccount(gotensor.Address{1})

func textSubnet(netuid uint32) types.GenesisSubnet {
	return types.GenesisSubnet{Subnet: types.Subnet{Netuid: netuid, Name: "text", Mechanism: "text", Settings: `{"k":1}`, Owner: alice}}
}

func TestGenesisValidate(t *testing.T) {
	g := types.DefaultGenesis()
	require.NoError(t, g.Validate())
	g.Subnets = []types.GenesisSubnet{textSubnet(1), textSubnet(7)}
	require.NoError(t, g.Validate())

	cases := []struct {
		name   string
		change func(*types.GenesisState)
		err    error
		want   string
	}{
		{"target", func(g *types.GenesisState) { g.Params.TargetBlockMs = 99 }, types.ErrInvalidParams, "target_block_ms is 99, want 100..60000"},
		{"epochs", func(g *types.GenesisState) { g.Params.MaxEpochsPerBlock = 0 }, types.ErrInvalidParams, "max_epochs_per_block is 0, want 1..128"},
		{"order", func(g *types.GenesisState) { g.Subnets[1].Subnet.Netuid = 1 }, types.ErrInvalidGenesis, "netuid 1 follows 1"},
		{"too many", func(g *types.GenesisState) { g.Subnets = make([]types.GenesisSubnet, 129) }, types.ErrInvalidGenesis, "129 subnets"},
		{"netuid", func(g *types.GenesisState) { g.Subnets[1].Subnet.Netuid = 65_535 }, types.ErrInvalidSubnet, "netuid is 65535, want 1..65534"},
		{"name", func(g *types.GenesisState) { g.Subnets[0].Subnet.Name = "" }, types.ErrInvalidSubnet, "name has 0 bytes, want 1..64"},
		{"mechanism", func(g *types.GenesisState) { g.Subnets[0].Subnet.Mechanism = strings.Repeat("m", 33) }, types.ErrInvalidSubnet, "mechanism has 33 bytes"},
		{"long settings", func(g *types.GenesisState) { g.Subnets[0].Subnet.Settings = strings.Repeat(" ", 4_097) }, types.ErrInvalidSubnet, "settings have 4097 bytes"},
		{"settings", func(g *types.GenesisState) { g.Subnets[0].Subnet.Settings = "{" }, types.ErrInvalidSubnet, "settings are not JSON"},
		{"owner", func(g *types.GenesisState) { g.Subnets[0].Subnet.Owner = "cosmos1xyz" }, types.ErrInvalidSubnet, "owner: invalid address"},
		{"owner hotkey", func(g *types.GenesisState) { g.Subnets[0].Subnet.OwnerHotkey = "x" }, types.ErrInvalidSubnet, "owner_hotkey: invalid address"},
		{"created", func(g *types.GenesisState) { g.Subnets[0].Subnet.CreatedHeight = -1 }, types.ErrInvalidSubnet, "created_height is -1"},
		{"unknown", setting("rho", 1), types.ErrUnknownParameter, `subnets[0]: hyperparameters[0]: "rho"`},
		{"range", setting("tempo", 1), types.ErrOutOfRange, "tempo is 1 ms, want 1000..25920000"},
		{"conflict", setting("alpha_low", 65_000), types.ErrConflict, "alpha_low 65000 is above"},
		{"twice", func(g *types.GenesisState) { setting("tempo", 5_000)(g); setting("tempo", 5_000)(g) }, types.ErrInvalidGenesis, "tempo is there twice"},
		{"clock", func(g *types.GenesisState) { g.Subnets[0].Clock.Epoch = 4 }, types.ErrInvalidGenesis, "clock: next_boundary is 0"},
		{"change unknown", changed("rho", 1), types.ErrUnknownParameter, `changes[0]: "rho"`},
		{"change height", changed("tempo", 0), types.ErrInvalidGenesis, "height of tempo is 0"},
		{"change twice", func(g *types.GenesisState) { changed("tempo", 1)(g); changed("tempo", 1)(g) }, types.ErrInvalidGenesis, "changes[1]: tempo is there twice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := types.DefaultGenesis()
			g.Subnets = []types.GenesisSubnet{textSubnet(1), textSubnet(7)}
			c.change(g)
			err := g.Validate()
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func setting(name string, v int64) func(*types.GenesisState) {
	return func(g *types.GenesisState) {
		g.Subnets[0].Hyperparameters = append(g.Subnets[0].Hyperparameters, types.HyperparameterValue{Name: name, Value: v})
	}
}

func changed(name string, height int64) func(*types.GenesisState) {
	return func(g *types.GenesisState) {
		g.Subnets[0].Changes = append(g.Subnets[0].Changes, types.HyperparameterChange{Name: name, Height: height})
	}
}

func FuzzGenesisValidate(f *testing.F) {
	g := types.DefaultGenesis()
	g.Subnets = []types.GenesisSubnet{textSubnet(1)}
	setting("tempo", 5_000)(g)
	b, err := g.Marshal()
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var g types.GenesisState
		if g.Unmarshal(b) != nil || g.Validate() != nil {
			return
		}
		for _, s := range g.Subnets {
			h, err := s.Typed(g.Params.TargetBlockMs)
			require.NoError(t, err)
			require.NoError(t, h.Validate())
		}
	})
}
