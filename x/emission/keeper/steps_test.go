package keeper

import (
	"bytes"
	"slices"

	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	distributiontypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/x/internal/addr"
	neuronkeeper "github.com/gotensor/gotensor/x/neuron/keeper"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	weightskeeper "github.com/gotensor/gotensor/x/weights/keeper"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// block runs one block: the modules' beginnings, the transactions, the modules' ends, and then every check there is.
func (w *world) block(txs ...func()) {
	w.t.Helper()
	w.ctx = w.ctx.WithBlockHeight(w.ctx.BlockHeight() + 1).WithBlockTime(w.ctx.BlockTime().Add(blockTime)).WithEventManager(sdk.NewEventManager())
	require.NoError(w.t, w.BeginBlock(w.ctx))
	require.NoError(w.t, w.distribution.AllocateTokens(w.ctx, 0, nil))
	require.NoError(w.t, w.neurons.BeginBlock(w.ctx))
	require.NoError(w.t, w.subnets.BeginBlock(w.ctx))
	for _, tx := range txs {
		tx()
	}
	_, err := w.staking.BlockValidatorUpdates(w.ctx)
	require.NoError(w.t, err)
	require.NoError(w.t, w.EndBlock(w.ctx))
	w.verify()
}

func (w *world) blocks(n int) {
	w.t.Helper()
	for range n {
		w.block()
	}
}

// verify checks the module's invariants and the money of the whole chain, to the atao.
func (w *world) verify() {
	w.t.Helper()
	state, err := w.issuance.Get(w.ctx)
	require.NoError(w.t, err)
	issued := math.NewIntFromBigInt(gotensor.Rao(state.Issued).Atao())
	require.Equal(w.t, w.initial.Add(issued).Sub(w.burned).String(), w.supplyNow().String(), "supply = genesis + issued - burned")

	var outstanding sdk.DecCoins
	w.distribution.IterateValidatorOutstandingRewards(w.ctx, func(_ sdk.ValAddress, r distributiontypes.ValidatorOutstandingRewards) bool {
		outstanding = outstanding.Add(r.Rewards...)
		return false
	})
	pool, err := w.distribution.FeePool.Get(w.ctx)
	require.NoError(w.t, err)
	held, _ := outstanding.Add(pool.CommunityPool...).TruncateDecimal()
	require.Equal(w.t, w.balance(authtypes.NewModuleAddress(distributiontypes.ModuleName)).String(), held.AmountOf(gotensor.BaseDenom).String(),
		"x/distribution holds what it owes")
	if w.faulty {
		return
	}
	problems, err := w.Invariants(w.ctx)
	require.NoError(w.t, err)
	require.Empty(w.t, problems)
	owed, _, err := w.owed(w.ctx)
	require.NoError(w.t, err)
	require.Equal(w.t, owed.String(), w.balance(authtypes.NewModuleAddress(types.ModuleName)).String(), "the module account holds what it owes and no more")
}

func (w *world) supplyNow() math.Int { return w.bank.GetSupply(w.ctx, gotensor.BaseDenom).Amount }

func (w *world) balance(who sdk.AccAddress) math.Int {
	return w.bank.GetBalance(w.ctx, who, gotensor.BaseDenom).Amount
}

// tx runs a transaction: what a failing one wrote is gone.
func (w *world) tx(run func(ctx sdk.Context) error) error {
	cached, write := w.ctx.CacheContext()
	err := run(cached)
	if err == nil {
		write()
	}
	return err
}

// period runs to the next boundary of subnet 1, that block included. Meanwhile every validator that has a permit reveals what it
// committed in the period before and commits to rows.
func (w *world) period(rows map[int][]weightstypes.Entry) {
	w.t.Helper()
	clock, err := w.subnets.Clock(w.ctx, 1)
	require.NoError(w.t, err)
	w.block(func() { w.vote(1, rows) })
	for w.ctx.BlockHeight() < clock.NextBoundary {
		w.block()
	}
}

// voter is a hotkey on a subnet.
type voter struct {
	netuid uint32
	hotkey string
}

// vote is a commitment that waits for its period to end.
type vote struct {
	epoch uint64
	row   weightstypes.Row
}

// salt is the same for all: nothing here is secret.
var salt = bytes.Repeat([]byte{7}, weightstypes.SaltLen)

// vote reveals and commits for the given uids of a subnet, in order.
func (w *world) vote(netuid uint32, rows map[int][]weightstypes.Entry) {
	w.t.Helper()
	uids := make([]int, 0, len(rows))
	for uid := range rows {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	clock, err := w.subnets.Clock(w.ctx, gotensor.NetUID(netuid))
	require.NoError(w.t, err)
	for _, uid := range uids {
		neuron, err := w.neurons.NeuronAt(w.ctx, gotensor.NetUID(netuid), gotensor.UID(uid))
		require.NoError(w.t, err)
		key := voter{netuid, neuron.Hotkey}
		if old, ok := w.pending[key]; ok && old.epoch+1 == clock.Epoch {
			require.NoError(w.t, w.tx(func(ctx sdk.Context) error {
				_, err := weightskeeper.NewMsgServer(w.weights).Reveal(ctx, &weightstypes.MsgReveal{Hotkey: neuron.Hotkey, Netuid: netuid, Epoch: old.epoch, Row: old.row, Salt: salt})
				return err
			}))
		}
		delete(w.pending, key)
		if permit, err := w.neurons.Permit(w.ctx, gotensor.NetUID(netuid), gotensor.UID(uid)); err != nil || !permit {
			require.NoError(w.t, err)
			continue
		}
		row, err := weightstypes.EncodeRow(rows[uid])
		require.NoError(w.t, err)
		w.commit(netuid, neuron, clock.Epoch, row)
		w.pending[key] = vote{epoch: clock.Epoch, row: row}
	}
}

func (w *world) commit(netuid uint32, neuron neurontypes.Neuron, epoch uint64, row weightstypes.Row) {
	w.t.Helper()
	hotkey, err := addr.Account(neuron.Hotkey)
	require.NoError(w.t, err)
	hash, err := weightstypes.Preimage{
		ChainID: worldChain, NetUID: gotensor.NetUID(netuid), Hotkey: hotkey, RegisteredHeight: uint64(neuron.RegisteredHeight), Epoch: epoch, Row: row, Salt: salt,
	}.Hash()
	require.NoError(w.t, err)
	require.NoError(w.t, w.tx(func(ctx sdk.Context) error {
		_, err := weightskeeper.NewMsgServer(w.weights).Commit(ctx, &weightstypes.MsgCommit{Hotkey: neuron.Hotkey, Netuid: netuid, Epoch: epoch, Hash: hash[:]})
		return err
	}))
}

// entries makes a row of uid, weight pairs.
func entries(pairs ...uint16) []weightstypes.Entry {
	var row []weightstypes.Entry
	for i := 0; i < len(pairs); i += 2 {
		row = append(row, weightstypes.Entry{UID: gotensor.UID(pairs[i]), Value: pairs[i+1]})
	}
	return row
}

// agreed has all validators weigh all miners alike.
func (w *world) agreed() map[int][]weightstypes.Entry {
	var row []weightstypes.Entry
	for i := range w.set.miners {
		row = append(row, weightstypes.Entry{UID: gotensor.UID(w.set.validators + i), Value: 100})
	}
	rows := make(map[int][]weightstypes.Entry)
	for v := range w.set.validators {
		rows[v] = row
	}
	return rows
}

// warm runs until dividends flow: permits at the first boundary, commitments, reveals, and the epoch that counts them.
func (w *world) warm() {
	w.t.Helper()
	for range 10 {
		w.period(w.agreed())
		if report, err := w.Report(w.ctx, 1); err == nil && report.PaidEpochs > 0 {
			return
		}
	}
	w.t.Fatal("no paid epoch within ten periods")
}

// newDelegator gives somebody money, whose rewards go to a purse.
func (w *world) newDelegator(i int, amount math.Int) sdk.AccAddress {
	w.t.Helper()
	who := delegator(i)
	w.give(who, amount)
	require.NoError(w.t, w.distribution.SetWithdrawAddr(w.ctx, who, purse(who)))
	return who
}

func (w *world) delegate(who sdk.AccAddress, to int, amount math.Int) error {
	return w.tx(func(ctx sdk.Context) error {
		_, err := stakingkeeper.NewMsgServerImpl(w.staking).Delegate(ctx, &stakingtypes.MsgDelegate{
			DelegatorAddress: who.String(), ValidatorAddress: operator(to).String(), Amount: atao(amount),
		})
		return err
	})
}

func (w *world) undelegate(who sdk.AccAddress, from int, amount math.Int) error {
	return w.tx(func(ctx sdk.Context) error {
		_, err := stakingkeeper.NewMsgServerImpl(w.staking).Undelegate(ctx, &stakingtypes.MsgUndelegate{
			DelegatorAddress: who.String(), ValidatorAddress: operator(from).String(), Amount: atao(amount),
		})
		return err
	})
}

func (w *world) redelegate(who sdk.AccAddress, from, to int, amount math.Int) error {
	return w.tx(func(ctx sdk.Context) error {
		_, err := stakingkeeper.NewMsgServerImpl(w.staking).BeginRedelegate(ctx, &stakingtypes.MsgBeginRedelegate{
			DelegatorAddress: who.String(), ValidatorSrcAddress: operator(from).String(), ValidatorDstAddress: operator(to).String(), Amount: atao(amount),
		})
		return err
	})
}

// slash burns a share of a validator for a fault at a height and keeps the books.
func (w *world) slash(i int, at int64, percent int64) {
	w.t.Helper()
	validator, err := w.staking.GetValidator(w.ctx, operator(i))
	require.NoError(w.t, err)
	cons, err := validator.GetConsAddr()
	require.NoError(w.t, err)
	before := w.supplyNow()
	_, err = w.staking.Slash(w.ctx, cons, at, validator.ConsensusPower(sdk.DefaultPowerReduction), math.LegacyNewDecWithPrec(percent, 2))
	require.NoError(w.t, err)
	w.burned = w.burned.Add(before.Sub(w.supplyNow()))
}

func (w *world) jail(i int) {
	w.t.Helper()
	validator, err := w.staking.GetValidator(w.ctx, operator(i))
	require.NoError(w.t, err)
	cons, err := validator.GetConsAddr()
	require.NoError(w.t, err)
	if validator.IsJailed() {
		require.NoError(w.t, w.staking.Unjail(w.ctx, cons))
		return
	}
	require.NoError(w.t, w.staking.Jail(w.ctx, cons))
}

// claim withdraws a delegator's rewards and returns all he ever got.
func (w *world) claim(who sdk.AccAddress, from int) math.Int {
	w.t.Helper()
	if _, err := w.staking.GetDelegation(w.ctx, who, operator(from)); err == nil {
		_, err := w.distribution.WithdrawDelegationRewards(w.ctx, who, operator(from))
		require.NoError(w.t, err)
	}
	return w.balance(purse(who))
}

// register burns for a new neuron of subnet 1.
func (w *world) register(i int) error {
	coldkey := person(3, i)
	w.give(coldkey[:], tao(100))
	before := w.supplyNow()
	signed := keccak256(neurontypes.RegisterBytes(worldChain, coldkey, 1))
	consent := ecdsa.SignCompact(secretOf(i), signed, false)[1:]
	err := w.tx(func(ctx sdk.Context) error {
		_, err := neuronkeeper.NewMsgServer(w.neurons).RegisterBurn(ctx, &neurontypes.MsgRegisterBurn{
			Coldkey: coldkeyOf(i), Hotkey: hotkeyOf(i), Netuid: 1, MaxPrice: uint64(100 * gotensor.RaoPerTAO),
			HotkeyPublicKey: secretOf(i).PubKey().SerializeCompressed(), HotkeySignature: consent,
		})
		return err
	})
	w.burned = w.burned.Add(before.Sub(w.supplyNow()))
	return err
}

// streamOf returns a validator's stream on subnet 1.
func (w *world) streamOf(i int) types.Stream {
	w.t.Helper()
	streams, err := w.streamsOf(w.ctx, operator(i))
	require.NoError(w.t, err)
	require.Len(w.t, streams, 1)
	return streams[0]
}

// accruedOn returns what is owed to each uid.
func (w *world) accruedOn(netuid gotensor.NetUID) []gotensor.Rao {
	w.t.Helper()
	columns, err := w.neurons.Columns(w.ctx, netuid)
	require.NoError(w.t, err)
	return columns.Accrued
}
