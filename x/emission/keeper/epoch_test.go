package keeper

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
	"github.com/gotensor/gotensor/yuma"
)

// report returns the latest report of subnet 1 and checks that it adds up.
func (w *world) report() types.EpochReport {
	w.t.Helper()
	report, err := w.Report(w.ctx, 1)
	require.NoError(w.t, err)
	require.True(w.t, report.Balanced(), "%+v", report)
	return report
}

func (w *world) pot(netuid gotensor.NetUID) types.Pot {
	w.t.Helper()
	pot, err := w.Pot(w.ctx, netuid)
	require.NoError(w.t, err)
	return pot
}

// events returns those of one kind in the present block.
func (w *world) events(kind string) int {
	n := 0
	for _, e := range w.ctx.EventManager().Events() {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// Until validators have revealed weights nobody is paid and all is carried; then it is paid at once, to the rao.
func TestEmissionCarriesUntilThereIsIncentive(t *testing.T) {
	w := newWorld(t, setting{validators: 2, miners: 3, tempo: 9})
	var carried uint64
	for {
		pending := w.pot(1).Pending
		w.period(w.agreed())
		report := w.report()
		require.Equal(t, 1, w.events("gotensor.emission.v1.EventEpoch"))
		require.GreaterOrEqual(t, report.Drained, pending+carried)
		require.Zero(t, w.pot(1).Pending)
		require.Equal(t, report.Carried, w.pot(1).Carried)
		if report.PaidEpochs == 1 {
			break
		}
		require.Equal(t, report.Drained, report.Carried)
		require.Empty(t, report.Error)
		require.Greater(t, report.Carried, carried)
		carried = report.Carried
	}
	report := w.report()
	require.Less(t, report.Carried, uint64(10), "only what rounding leaves")
	require.InDelta(t, float64(report.Incentive), float64(report.Dividends), 10)
	require.Zero(t, report.Owner)
	w.blocks(2)
	for miner := 2; miner < 5; miner++ {
		coldkey := person(3, miner)
		require.Equal(t, raoToAtao(report.Incentive/3).String(), w.balance(coldkey[:]).String(), "a third each, swept within a block")
	}
}

func TestOwnersCut(t *testing.T) {
	owner := person(6, 0)
	t.Run("goes to his coldkey", func(t *testing.T) {
		w := newWorld(t, setting{validators: 1, miners: 1, tempo: 9, owner: addr.FormatAccount(owner)})
		w.warm()
		report := w.report()
		require.Equal(t, report.Drained*18/100, report.Owner)
		require.Equal(t, raoToAtao(report.Owner).String(), w.balance(owner[:]).String())
	})
	t.Run("is carried if he cannot receive", func(t *testing.T) {
		blocked := addr.FormatAccount(gotensor.Address(authtypes.NewModuleAddress(types.ModuleName)))
		w := newWorld(t, setting{validators: 1, miners: 1, tempo: 9, owner: blocked})
		w.warm()
		report := w.report()
		require.Zero(t, report.Owner)
		require.GreaterOrEqual(t, report.Carried, report.Drained*18/100)
	})
}

// An epoch that fails or panics pays nobody, leaves no trace and does not stop the chain; the next one pays all of it.
func TestFailingEpochDoesNotStopTheChain(t *testing.T) {
	tests := map[string]struct {
		epoch func(*yuma.Input) (*yuma.Output, error)
		text  string
	}{
		"error": {func(*yuma.Input) (*yuma.Output, error) { return nil, errors.New("no luck") }, "no luck"},
		"panic": {func(in *yuma.Input) (*yuma.Output, error) { panic(len(in.Alpha)) }, "panicked"},
		"wrong length": {func(in *yuma.Input) (*yuma.Output, error) {
			out, err := yuma.Epoch(in)
			out.Permit = out.Permit[:1]
			return out, err
		}, "permit"},
		"pays too much": {func(in *yuma.Input) (*yuma.Output, error) {
			out, err := yuma.Epoch(in)
			out.ServerEmission[0] = in.Emission + 1
			return out, err
		}, "pays more than"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			broken := false
			w := newWorld(t, setting{validators: 2, miners: 2, tempo: 9, epoch: func(in *yuma.Input) (*yuma.Output, error) {
				if broken {
					return tt.epoch(in)
				}
				return yuma.Epoch(in)
			}})
			w.warm()
			w.block(func() { w.vote(1, w.agreed()) })
			w.block()
			before := w.report()
			columns, err := w.neurons.PackedColumns(w.ctx, 1)
			require.NoError(t, err)
			broken = true
			clock, err := w.subnets.Clock(w.ctx, 1)
			require.NoError(t, err)
			for w.ctx.BlockHeight() < clock.NextBoundary {
				w.block()
			}
			report := w.report()
			require.Contains(t, report.Error, tt.text)
			require.Equal(t, before.Epoch+1, report.Epoch)
			require.Equal(t, report.Drained, report.Carried)
			require.Equal(t, before.PaidEpochs, report.PaidEpochs)
			after, err := w.neurons.PackedColumns(w.ctx, 1)
			require.NoError(t, err)
			require.Equal(t, columns, after)
			next, err := w.subnets.Clock(w.ctx, 1)
			require.NoError(t, err)
			require.Equal(t, clock.Epoch+1, next.Epoch, "the clock goes on")
			if pot := w.pot(1); pot.Halted != "" {
				require.Equal(t, "pays too much", name, "only a broken invariant halts")
				return
			}
			broken = false
			w.period(w.agreed())
			require.Equal(t, before.PaidEpochs+1, w.report().PaidEpochs)
			require.Greater(t, w.report().Incentive, report.Carried/2-10, "what was carried is paid")
		})
	}
}

// A row that somebody tampered with in the state is refused, the subnet is halted, and only governance resumes it.
func TestTamperedRowHaltsTheSubnet(t *testing.T) {
	w := newWorld(t, setting{validators: 2, miners: 2, tempo: 9})
	w.warm()
	w.block(func() { w.vote(1, w.agreed()) }) // whoever does not reveal has no row at the boundary
	w.faulty = true
	tamper := func(row weightstypes.Row) {
		require.NoError(t, w.weights.InitGenesis(w.ctx, &weightstypes.GenesisState{}))
		state, err := w.weights.ExportGenesis(w.ctx)
		require.NoError(t, err)
		require.NotEmpty(t, state.Neurons)
		w.setRow(state.Neurons[0].Hotkey, row)
	}
	tamper(weightstypes.Row{Uids: []byte{3, 0, 2, 0}, Values: []byte{1, 0, 1, 0}})
	problems, err := w.Invariants(w.ctx)
	require.NoError(t, err)
	require.NotEmpty(t, problems)
	clock, err := w.subnets.Clock(w.ctx, 1)
	require.NoError(t, err)
	for w.ctx.BlockHeight() < clock.NextBoundary {
		w.block()
	}
	require.Equal(t, 1, w.events("gotensor.emission.v1.EventSubnetHalted"))
	require.Contains(t, w.pot(1).Halted, "uid 2 after uid 3")
	require.Contains(t, w.report().Error, "uid 2 after uid 3")
	carried := w.report().Carried

	for range 11 {
		w.block()
	}
	require.Contains(t, w.report().Error, "halted")
	require.Greater(t, w.report().Carried, carried, "emission waits")
	require.ErrorIs(t, w.BeforeRemoved(w.ctx, 1, w.neuron(3)), types.ErrHalted)

	msgs := NewMsgServer(w.Keeper)
	_, err = msgs.Resume(w.ctx, &types.MsgResume{Authority: coldkeyOf(1), Netuid: 1})
	require.ErrorIs(t, err, types.ErrAuthority)
	tamper(weightstypes.Row{Uids: []byte{2, 0, 3, 0}, Values: []byte{1, 0, 1, 0}})
	_, err = msgs.Resume(w.ctx, &types.MsgResume{Authority: w.Authority, Netuid: 1})
	require.NoError(t, err)
	_, err = msgs.Resume(w.ctx, &types.MsgResume{Authority: w.Authority, Netuid: 1})
	require.ErrorIs(t, err, types.ErrNotHalted)
	w.faulty = false
	paid := w.report().PaidEpochs
	w.period(w.agreed())
	require.Equal(t, paid+1, w.report().PaidEpochs)
}

// The invariants see money that is missing, and the epoch that finds it out pays nobody.
func TestMissingMoneyHaltsTheSubnet(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 9, interval: 1000})
	w.warm()
	thief := person(7, 7)
	require.NoError(t, w.bank.SendCoinsFromModuleToAccount(w.ctx, types.ModuleName, thief[:], coins(1)))
	w.faulty = true
	problems, err := w.Invariants(w.ctx)
	require.NoError(t, err)
	require.Len(t, problems, 1)
	require.Contains(t, problems[0], "owes")
	w.period(w.agreed())
	require.Contains(t, w.pot(1).Halted, "owes")
	require.Equal(t, w.report().Drained, w.report().Carried)
}

// Money that somebody else made is found by the next epoch, which pays nobody; what is burned leaves room for nothing.
func TestMoneyMintedElsewhereHaltsTheSubnet(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 9, interval: 1000})
	w.warm()
	w.block(func() { require.NoError(t, w.register(50)) })
	forger := person(7, 7)
	one := sdk.NewCoins(atao(math.OneInt()))
	require.NoError(t, w.bank.MintCoins(w.ctx, types.ModuleName, one))
	require.NoError(t, w.bank.SendCoinsFromModuleToAccount(w.ctx, types.ModuleName, forger[:], one))
	w.initial, w.faulty = w.initial.AddRaw(1), true // the test's own books stay in order
	problems, err := w.Invariants(w.ctx)
	require.NoError(t, err)
	require.Len(t, problems, 1, "one atao is enough")
	require.Contains(t, problems[0], "supply is "+w.supplyNow().String()+" atao, at most "+w.supplyNow().SubRaw(1).String())

	paid := w.report().PaidEpochs
	clock, err := w.subnets.Clock(w.ctx, 1)
	require.NoError(t, err)
	for w.ctx.BlockHeight() < clock.NextBoundary {
		w.block()
	}
	require.Equal(t, 1, w.events("gotensor.emission.v1.EventSubnetHalted"))
	require.Contains(t, w.pot(1).Halted, "supply is ")
	require.Equal(t, w.report().Drained, w.report().Carried)
	require.Equal(t, paid, w.report().PaidEpochs)
}

// A slash burns what nobody counts: there is less than could be, and that is in order.
func TestSlashLeavesLessThanTheBound(t *testing.T) {
	w := newWorld(t, setting{validators: 2, miners: 1, tempo: 9})
	w.warm()
	w.slash(1, w.ctx.BlockHeight(), 5)
	require.True(t, w.burned.IsPositive())
	paid := w.report().PaidEpochs
	w.period(w.agreed())
	require.Equal(t, paid+1, w.report().PaidEpochs)
}

// A new holder of a uid starts from zero: no weights count for him, no bonds, no pay.
func TestReplacedMinerInheritsNothing(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 2, tempo: 9, shape: func(s *subnettypes.GenesisSubnet) {
		s.Hyperparameters = []subnettypes.HyperparameterValue{
			{Name: "tempo", Value: 9 * targetMs},
			{Name: "immunity_period", Value: 21 * targetMs},
			{Name: "max_allowed_uids", Value: 3},
			{Name: "max_allowed_validators", Value: 1},
			{Name: "min_non_immune_uids", Value: 0},
		}
	}})
	row := entries(1, 100, 2, 10) // uid 2 earns least
	for range 5 {
		w.period(map[int][]weightstypes.Entry{0: row})
	}
	require.Equal(t, uint64(3), w.report().PaidEpochs)
	w.block(func() { w.vote(1, map[int][]weightstypes.Entry{0: row}) })
	w.block(func() { require.NoError(t, w.register(50)) })
	require.Equal(t, hotkeyOf(50), w.neuron(2).Hotkey)
	old := person(3, 2)
	got := w.balance(old[:])
	require.True(t, got.IsPositive())
	clock, err := w.subnets.Clock(w.ctx, 1)
	require.NoError(t, err)
	for w.ctx.BlockHeight() < clock.NextBoundary {
		w.block()
	}
	columns, err := w.neurons.Columns(w.ctx, 1)
	require.NoError(t, err)
	require.Zero(t, columns.Incentive[2])
	require.Zero(t, columns.Emission[2])
	require.Positive(t, columns.Incentive[1])
	require.Equal(t, got.String(), w.balance(old[:]).String())
}

// The pruned neuron's accrued pay reaches its own coldkey in the block of the pruning, even though the sweep had not come to it.
func TestPrunedNeuronIsPaidFirst(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 6, tempo: 9, sweep: 1, subnets: 2, shape: func(s *subnettypes.GenesisSubnet) {
		s.Hyperparameters = []subnettypes.HyperparameterValue{
			{Name: "tempo", Value: 9 * targetMs},
			{Name: "immunity_period", Value: 21 * targetMs},
			{Name: "max_allowed_uids", Value: 7},
			{Name: "max_allowed_validators", Value: 1},
			{Name: "min_non_immune_uids", Value: 0},
		}
	}})
	row := entries(1, 100, 2, 100, 3, 100, 4, 100, 5, 100, 6, 10)
	for range 3 {
		w.period(map[int][]weightstypes.Entry{0: row})
	}
	require.Equal(t, uint64(1), w.report().PaidEpochs)
	owed := w.accruedOn(1)
	require.Zero(t, owed[1], "the sweep of the epoch's own block paid the first")
	require.Positive(t, owed[6])
	w.block(func() { require.NoError(t, w.register(51)) })
	coldkey := person(3, 6)
	require.Equal(t, raoToAtao(uint64(owed[6])).String(), w.balance(coldkey[:]).String())
	require.Zero(t, w.accruedOn(1)[6])
	w.blocks(5) // the next epoch is further away
	for uid, amount := range w.accruedOn(1) {
		require.Zero(t, amount, "uid %d", uid)
	}
	newcomer := person(3, 51)
	require.True(t, w.balance(newcomer[:]).LT(tao(100)), "he paid and got nothing")
}

// The sweep pays at most its budget a block, goes round all subnets, and comes to the end of each.
func TestSweepGoesRound(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 5, tempo: 99, sweep: 3, subnets: 12})
	for netuid := gotensor.NetUID(1); netuid <= 12; netuid++ {
		amounts := []gotensor.Rao{0, 5, 0, 7, 11, 13}
		require.NoError(t, w.neurons.Accrue(w.ctx, netuid, amounts))
		w.issue(36)
	}
	total := func() (sum gotensor.Rao, left int) {
		for netuid := gotensor.NetUID(1); netuid <= 12; netuid++ {
			for _, amount := range w.accruedOn(netuid) {
				if sum += amount; amount > 0 {
					left++
				}
			}
		}
		return sum, left
	}
	_, left := total()
	require.Equal(t, 48, left)
	for range 16 {
		w.block()
		_, now := total()
		require.Equal(t, left-3, now, "three a block while there is somebody to pay")
		require.Equal(t, 3, w.events("gotensor.emission.v1.EventIncentivePaid"))
		left = now
	}
	require.Zero(t, left)
	for miner, amount := range []uint64{5, 0, 7, 11, 13} {
		coldkey := person(3, miner+1)
		require.Equal(t, raoToAtao(12*amount).String(), w.balance(coldkey[:]).String())
	}
	w.blocks(3)
}

// A coldkey that may not receive loses its pay to the community pool, and the sweep goes on.
func TestSweepToABlockedColdkey(t *testing.T) {
	w := newWorld(t, setting{validators: 1, miners: 1, tempo: 99, plain: true})
	blocked := gotensor.Address(authtypes.NewModuleAddress(types.ModuleName))
	before := w.pool()
	require.NoError(t, w.Bank.MintCoins(w.ctx, types.ModuleName, coins(1)))
	require.NoError(t, w.payColdkey(w.ctx, addr.FormatAccount(blocked), 1))
	require.Equal(t, raoToAtao(1).String(), w.pool().Sub(before).String())
}

// issue mints into the module account and counts it, as if a block had.
func (w *world) issue(amount gotensor.Rao) {
	w.t.Helper()
	state, err := w.issuance.Get(w.ctx)
	require.NoError(w.t, err)
	state.Issued += uint64(amount)
	require.NoError(w.t, w.issuance.Set(w.ctx, state))
	require.NoError(w.t, w.Bank.MintCoins(w.ctx, types.ModuleName, coins(amount)))
}

// neuron returns a neuron of subnet 1.
func (w *world) neuron(uid gotensor.UID) (n neurontypes.Neuron) {
	w.t.Helper()
	n, err := w.neurons.NeuronAt(w.ctx, 1, uid)
	require.NoError(w.t, err)
	return n
}

// setRow writes a row past every check, as a fault in the store would.
func (w *world) setRow(hotkey string, row weightstypes.Row) {
	w.t.Helper()
	raw, err := row.Marshal()
	require.NoError(w.t, err)
	address, err := addr.Account(hotkey)
	require.NoError(w.t, err)
	key, err := collections.EncodeKeyWithPrefix(weightstypes.RowsKey, collections.TripleKeyCodec(collections.Uint16Key, collections.BytesKey, collections.Uint64Key),
		collections.Join3(uint16(1), address.Bytes(), uint64(0)))
	require.NoError(w.t, err)
	w.ctx.KVStore(w.keys[weightstypes.StoreKey]).Set(key, raw)
}

func TestLongReasonsAreCut(t *testing.T) {
	require.Equal(t, "short", shorten("short"))
	require.Len(t, shorten(strings.Repeat("x", 1000)), maxReason)
	require.LessOrEqual(t, len(shorten(strings.Repeat("ä", 1000))), maxReason)
}
