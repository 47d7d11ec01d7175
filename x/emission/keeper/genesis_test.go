package keeper

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/gogoproto/proto"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distributiontypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// snapshot is the whole chain.
type snapshot struct {
	auth         *authtypes.GenesisState
	bank         *banktypes.GenesisState
	staking      *stakingtypes.GenesisState
	distribution *distributiontypes.GenesisState
	subnet       *subnettypes.GenesisState
	neuron       *neurontypes.GenesisState
	weights      *weightstypes.GenesisState
	emission     *types.GenesisState
}

func (w *world) export() snapshot {
	w.t.Helper()
	s := snapshot{
		auth: w.accounts.ExportGenesis(w.ctx), bank: w.bank.ExportGenesis(w.ctx), staking: w.staking.ExportGenesis(w.ctx),
		distribution: w.distribution.ExportGenesis(w.ctx),
	}
	var err error
	s.subnet, err = w.subnets.ExportGenesis(w.ctx)
	require.NoError(w.t, err)
	s.neuron, err = w.neurons.ExportGenesis(w.ctx)
	require.NoError(w.t, err)
	s.weights, err = w.weights.ExportGenesis(w.ctx)
	require.NoError(w.t, err)
	s.emission, err = w.ExportGenesis(w.ctx)
	require.NoError(w.t, err)
	return s
}

// bytes are the JSON of the parts that belong to this chain, by name.
func (s snapshot) bytes(w *world) map[string]string {
	out := make(map[string]string)
	for name, m := range map[string]proto.Message{"weights": s.weights, "emission": s.emission, "neuron": s.neuron, "subnet": s.subnet} {
		out[name] = string(w.cdc.MustMarshalJSON(m))
	}
	return out
}

// reborn is another chain that begins from the snapshot, at the height and time of the one that made it.
func (w *world) reborn(s snapshot) *world {
	w.t.Helper()
	d := emptyWorld(w.t, w.set)
	d.ctx = d.ctx.WithBlockHeight(w.ctx.BlockHeight()).WithBlockTime(w.ctx.BlockTime())
	d.accounts.InitGenesis(d.ctx, *s.auth)
	d.bank.InitGenesis(d.ctx, s.bank)
	d.distribution.InitGenesis(d.ctx, *s.distribution)
	d.staking.InitGenesis(d.ctx, s.staking)
	require.NoError(d.t, d.subnets.InitGenesis(d.ctx, *s.subnet))
	require.NoError(d.t, d.neurons.InitGenesis(d.ctx, *s.neuron))
	require.NoError(d.t, d.weights.InitGenesis(d.ctx, s.weights))
	require.NoError(d.t, d.InitGenesis(d.ctx, s.emission))
	d.initial, d.burned = w.initial, w.burned
	for key, value := range w.pending {
		d.pending[key] = value
	}
	return d
}

// Export with dividends, sweep and commitments under way, import, export: the same bytes; and after two more periods both chains
// are still the same.
func TestExportImportInMidStream(t *testing.T) {
	w := newWorld(t, setting{validators: 3, miners: 4, tempo: 19, sweep: 1, subnets: 2, interval: 7, owner: addr.FormatAccount(person(6, 0))})
	w.warm()
	who := w.newDelegator(1, tao(500))
	w.block(func() { w.vote(1, w.agreed()) }, func() { require.NoError(t, w.delegate(who, 1, tao(300))) })
	w.block(func() { require.NoError(t, w.register(60)) })
	first := w.export()
	require.Len(t, first.emission.Streams, 3)
	require.Equal(t, w.initial.String(), first.emission.Issuance.GenesisSupply, "and not what there is by now")
	require.NotEqual(t, w.initial.String(), w.supplyNow().String())
	require.NotZero(t, first.neuron.Burned)
	require.NotZero(t, first.emission.SweepUid)
	require.NotEmpty(t, first.weights.Neurons)

	d := w.reborn(first)
	require.Equal(t, first.bytes(w), d.export().bytes(d))

	for _, chain := range []*world{w, d} {
		for chain.ctx.BlockHeight()%20 != 0 || chain.ctx.BlockHeight() < 100 {
			chain.block()
		}
		chain.period(chain.agreed())
		chain.period(chain.agreed())
	}
	require.Equal(t, w.ctx.BlockHeight(), d.ctx.BlockHeight())
	require.Equal(t, w.export().bytes(w), d.export().bytes(d))
	require.Equal(t, w.supplyNow().String(), d.supplyNow().String())
	require.Equal(t, w.claim(who, 1).String(), d.claim(who, 1).String())
}

func TestInitGenesisRefuses(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 19})
	w.warm()
	stream := types.Stream{Validator: addr.FormatValidator(person(1, 0)), Netuid: 1, Total: 5, Start: 1, End: 2}
	tests := map[string]struct {
		change func(*types.GenesisState)
		text   string
	}{
		"a pot that is not covered":    {func(g *types.GenesisState) { g.Pots[0].Pending += 1e9 }, "owes"},
		"a stream that is not covered": {func(g *types.GenesisState) { g.Streams[0].Total += 1e9 }, "owes"},
		"params":                       {func(g *types.GenesisState) { g.Params.SweepPerBlock = 0 }, "sweep_per_block is 0"},
		"streams out of order":         {func(g *types.GenesisState) { g.Streams = []types.Stream{stream, stream} }, "each once"},
		"more than was issued":         {func(g *types.GenesisState) { g.Issuance.Issued-- }, "supply is"},
		"another genesis supply":       {func(g *types.GenesisState) { g.Issuance.GenesisSupply = "1" }, "at most"},
		"genesis supply in words":      {func(g *types.GenesisState) { g.Issuance.GenesisSupply = "many" }, "leave it empty"},
		"more issued than there is": {func(g *types.GenesisState) {
			g.Issuance.GenesisSupply, g.Issuance.Issued = "", uint64(gotensor.MaxSupply)
		}, "set genesis_supply"},
		"report that does not add up": {func(g *types.GenesisState) { g.Reports[0].Carried++ }, "do not add up"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := w.export()
			tt.change(s.emission)
			cached, _ := w.ctx.CacheContext()
			require.ErrorIs(t, w.InitGenesis(cached, s.emission), types.ErrGenesis)
			require.ErrorContains(t, w.InitGenesis(cached, s.emission), tt.text)
		})
	}
	t.Run("an empty genesis supply follows from the rest", func(t *testing.T) {
		s := w.export()
		s.emission.Issuance.GenesisSupply = ""
		d := w.reborn(s)
		require.Equal(t, w.initial.String(), d.export().emission.Issuance.GenesisSupply)
	})
	t.Run("more TAO than can exist", func(t *testing.T) {
		cached, _ := w.ctx.CacheContext()
		require.NoError(t, w.bank.MintCoins(cached, types.ModuleName, sdk.NewCoins(atao(tao(int64(gotensor.MaxSupply/gotensor.RaoPerTAO))))))
		require.ErrorContains(t, w.InitGenesis(cached, types.DefaultGenesis()), "lower the balances")
	})
}
