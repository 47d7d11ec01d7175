package keeper_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

func TestRegisterPow(t *testing.T) {
	f := newFixture(t)
	f.to(t, 5)
	m := f.work(t, 1, 1, 5)
	require.NoError(t, f.k.VerifyPow(f.ctx, m))
	before := f.ctx.GasMeter().GasConsumed()
	res, err := f.msgs.RegisterPow(f.ctx, m)
	require.NoError(t, err)
	require.Equal(t, uint64(types.RegisterGas), f.ctx.GasMeter().GasConsumed()-before, "the gas is fixed")
	require.Zero(t, res.Uid)
	n, err := f.k.NeuronAt(f.ctx, 1, 0)
	require.NoError(t, err)
	require.Equal(t, types.Neuron{Hotkey: hotkey(1), Coldkey: coldkey(1), RegisteredHeight: 5}, n)
	h, _ := addr.Account(hotkey(1))
	require.True(t, f.accounts[string(h[:])], "the hotkey can sign")
	require.Zero(t, f.bank.burned)
	uid, found, err := f.k.UIDOf(f.ctx, 1, h)
	require.NoError(t, err)
	require.True(t, found)
	require.Zero(t, uid)
	e := f.events("EventRegistered")
	require.Len(t, e, 1)
	method, _ := e[0].GetAttribute("method")
	require.Equal(t, `"pow"`, method.Value)
	difficulty, _ := e[0].GetAttribute("difficulty")
	require.Equal(t, `"16"`, difficulty.Value)

	res, err = f.msgs.RegisterPow(f.ctx, f.work(t, 1, 2, 4))
	require.NoError(t, err)
	require.Equal(t, uint32(1), res.Uid)
	res, err = f.msgs.RegisterPow(f.ctx, f.work(t, 2, 1, 5))
	require.NoError(t, err)
	require.Zero(t, res.Uid, "one hotkey, another subnet")
}

func TestVerifyPowRefuses(t *testing.T) {
	cases := []struct {
		name   string
		change func(*fixture, *types.MsgRegisterPow)
		err    error
		want   string
	}{
		{"fields", func(_ *fixture, m *types.MsgRegisterPow) { m.Hotkey = "" }, types.ErrInvalidMessage, "hotkey"},
		{"no subnet", func(_ *fixture, m *types.MsgRegisterPow) { m.Netuid = 3 }, subnettypes.ErrNotFound, ""},
		{"other subnet", func(_ *fixture, m *types.MsgRegisterPow) { m.Netuid = 2 }, types.ErrWork, "at difficulty"},
		{"other coldkey", func(_ *fixture, m *types.MsgRegisterPow) { m.Coldkey = coldkey(9) }, types.ErrWork, "at difficulty"},
		{"other hotkey", func(_ *fixture, m *types.MsgRegisterPow) { m.Hotkey = hotkey(9) }, types.ErrWork, "at difficulty"},
		{"other block", func(_ *fixture, m *types.MsgRegisterPow) { m.BlockHeight-- }, types.ErrWork, "at difficulty"},
		{"future block", func(_ *fixture, m *types.MsgRegisterPow) { m.BlockHeight = 41 }, types.ErrStale, "one of the 30 blocks up to 40"},
		{"stale block", func(_ *fixture, m *types.MsgRegisterPow) { m.BlockHeight = 10 }, types.ErrStale, "block_height is 10"},
		{"closed", func(f *fixture, _ *types.MsgRegisterPow) { f.subnets.hyper[1].RegistrationAllowed = false }, types.ErrClosed, "registration_allowed is false"},
		{"no work wanted", func(f *fixture, _ *types.MsgRegisterPow) { f.subnets.hyper[1].PowRegistrationAllowed = false }, types.ErrClosed, "register by burn"},
		{"other chain", func(f *fixture, _ *types.MsgRegisterPow) { f.ctx = f.ctx.WithChainID("test-2") }, types.ErrWork, "at difficulty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.subnets.hyper[1].MinDifficulty = 1 << 16
			f.subnets.hyper[1].AdjustmentInterval = 20_000 // raises the difficulty to its least before block 40
			f.to(t, 40)
			f.subnets.hyper[1].AdjustmentInterval = 1 << 40
			m := hard(t, f, 1<<16)
			require.NoError(t, f.k.VerifyPow(f.ctx, m))
			c.change(f, m)
			err := f.k.VerifyPow(f.ctx, m)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.want)
			_, err = f.msgs.RegisterPow(f.ctx, m)
			require.ErrorIs(t, err, c.err)
			n, err := f.k.Count(f.ctx, 1)
			require.NoError(t, err)
			require.Zero(t, n)
		})
	}
}

func TestRegisteredAndSpentWorkIsRefused(t *testing.T) {
	f := newFixture(t)
	f.to(t, 5)
	m := f.work(t, 1, 1, 5)
	_, err := f.msgs.RegisterPow(f.ctx, m)
	require.NoError(t, err)
	require.ErrorIs(t, f.k.VerifyPow(f.ctx, f.work(t, 1, 1, 4)), types.ErrRegistered)

	// The hotkey is pruned while the hash is still in the ring: the same work does not count again.
	f.subnets.hyper[1].MaxAllowedUIDs = 1
	f.to(t, 6)
	_, err = f.msgs.RegisterPow(f.ctx, f.work(t, 1, 2, 6))
	require.NoError(t, err)
	err = f.k.VerifyPow(f.ctx, m)
	require.ErrorIs(t, err, types.ErrWorkUsed)
	require.ErrorContains(t, err, "work on a newer block")
	require.NoError(t, f.k.VerifyPow(f.ctx, f.work(t, 1, 1, 6)))
	f.to(t, 36)
	require.ErrorIs(t, f.k.VerifyPow(f.ctx, m), types.ErrStale, "and then it is stale")
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Empty(t, g.UsedWorks, "nothing is kept of it")
	require.Len(t, g.BlockHashes, types.RingLen)
}

func TestLimitsPerBlockAndInterval(t *testing.T) {
	f := newFixture(t)
	f.to(t, 5)
	for i := range byte(2) {
		_, err := f.msgs.RegisterPow(f.ctx, f.work(t, 1, i, 5))
		require.NoError(t, err)
	}
	third := f.work(t, 1, 2, 5)
	err := f.k.VerifyPow(f.ctx, third)
	require.ErrorIs(t, err, types.ErrTooMany)
	require.ErrorContains(t, err, "2 registrations in this block, want at most 2: try again in the next")
	require.NoError(t, f.k.VerifyPow(f.ctx.WithIsCheckTx(true), third), "in the mempool it waits for the next block")
	f.to(t, 6)
	_, err = f.msgs.RegisterPow(f.ctx, third)
	require.NoError(t, err)
	f.subnets.hyper[1].TargetRegistrationsPerInterval = 1
	err = f.k.VerifyPow(f.ctx.WithIsCheckTx(true), f.work(t, 1, 3, 5))
	require.ErrorIs(t, err, types.ErrTooMany)
	require.ErrorContains(t, err, "3 registrations in this interval, want at most 3: try again at height 50")
	_, err = f.msgs.RegisterBurn(f.ctx, burnOf(3, 1, 1))
	require.ErrorIs(t, err, types.ErrTooMany, "burns count too")
	f.to(t, 50)
	require.NoError(t, f.k.VerifyPow(f.ctx, f.work(t, 1, 3, 45)))
}

func TestRegisterBurn(t *testing.T) {
	f := newFixture(t)
	f.to(t, 10)
	cold, _ := addr.Account(coldkey(1))
	m := burnOf(1, 1, uint64(gotensor.RaoPerTAO))

	_, err := f.msgs.RegisterBurn(f.ctx, m)
	require.ErrorIs(t, err, errFunds)
	f.bank.rao[string(cold[:])] = 3 * gotensor.RaoPerTAO
	cheap := *m
	cheap.MaxPrice = 500_000_000
	_, err = f.msgs.RegisterBurn(f.ctx, &cheap)
	require.ErrorIs(t, err, types.ErrPrice)
	require.ErrorContains(t, err, "max_price 500000000: raise it or wait, the price halves every 7200 blocks")
	blocked := *m
	blocked.Coldkey = addr.FormatAccount(f.bank.blocked)
	_, err = f.msgs.RegisterBurn(f.ctx, &blocked)
	require.ErrorContains(t, err, "cannot be paid")

	res, err := f.msgs.RegisterBurn(f.ctx, m)
	require.NoError(t, err)
	require.Less(t, res.Paid, uint64(gotensor.RaoPerTAO), "ten blocks of decay")
	require.Equal(t, gotensor.Rao(res.Paid), f.bank.burned)
	require.Equal(t, 3*gotensor.RaoPerTAO-gotensor.Rao(res.Paid), f.bank.rao[string(cold[:])])
	burned, err := f.k.Burned(f.ctx)
	require.NoError(t, err)
	require.Equal(t, f.bank.burned, burned)
	h, _ := addr.Account(hotkey(1))
	require.True(t, f.accounts[string(h[:])], "the hotkey can sign")

	q, err := f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, (res.Paid*107+99)/100, q.BurnPrice, "it jumps by 1.07")
	f.to(t, 10+7_200)
	q, err = f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
	require.NoError(t, err)
	require.InEpsilon(t, float64(res.Paid)*0.535, float64(q.BurnPrice), 1e-6, "and halves in four hours")
	_, err = f.msgs.RegisterBurn(f.ctx, m)
	require.ErrorIs(t, err, types.ErrRegistered)
	f.subnets.hyper[1].RegistrationAllowed = false
	_, err = f.msgs.RegisterBurn(f.ctx, m)
	require.ErrorIs(t, err, types.ErrClosed)
	_, err = f.msgs.RegisterBurn(f.ctx, burnOf(1, 1, 0))
	require.ErrorIs(t, err, types.ErrInvalidMessage)
}

// TestBurnNeedsTheHotkey: nobody registers another's hotkey under a coldkey, subnet or chain that it did not sign, and nothing is burned.
func TestBurnNeedsTheHotkey(t *testing.T) {
	consent := func(chain string, cold string, netuid gotensor.NetUID) []byte {
		a, _ := addr.Account(cold)
		return types.RegisterBytes(chain, a, netuid)
	}
	cases := []struct {
		name   string
		change func(*types.MsgRegisterBurn)
		want   string
	}{
		{"another's public key", func(m *types.MsgRegisterBurn) {
			m.HotkeyPublicKey, m.HotkeySignature = hot(2).public(), hot(2).sign(consent(chainID, m.Coldkey, 1))
		}, "hotkey_public_key belongs to " + hotkey(2)},
		{"signed by another", func(m *types.MsgRegisterBurn) { m.HotkeySignature = hot(2).sign(consent(chainID, m.Coldkey, 1)) }, "was not made by this key"},
		{"no point of the curve", func(m *types.MsgRegisterBurn) { m.HotkeyPublicKey = make([]byte, 33) }, "hotkey_public_key"},
		{"no signature", func(m *types.MsgRegisterBurn) { m.HotkeySignature = make([]byte, 64) }, "out of range"},
		{"for another coldkey", func(m *types.MsgRegisterBurn) { m.HotkeySignature = hot(1).sign(consent(chainID, coldkey(2), 1)) }, "was not made by this key"},
		{"stolen from another's message", func(m *types.MsgRegisterBurn) { m.Coldkey = coldkey(9) }, "was not made by this key"},
		{"for another subnet", func(m *types.MsgRegisterBurn) { m.HotkeySignature = hot(1).sign(consent(chainID, m.Coldkey, 2)) }, "was not made by this key"},
		{"for another chain", func(m *types.MsgRegisterBurn) { m.HotkeySignature = hot(1).sign(consent("test-2", m.Coldkey, 1)) }, "was not made by this key"},
		{"under another tag", func(m *types.MsgRegisterBurn) {
			a, _ := addr.Account(m.Coldkey)
			m.HotkeySignature = hot(1).sign(types.AppointBytes(chainID, a, 1))
		}, "was not made by this key"},
	}
	f := newFixture(t)
	for _, i := range []byte{1, 9} {
		cold, _ := addr.Account(coldkey(i))
		f.bank.rao[string(cold[:])] = 3 * gotensor.RaoPerTAO
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := burnOf(1, 1, 1<<62)
			c.change(m)
			_, err := f.msgs.RegisterBurn(f.ctx, m)
			require.ErrorIs(t, err, types.ErrSignature)
			require.ErrorContains(t, err, c.want)
			cold, _ := addr.Account(m.Coldkey)
			require.Equal(t, 3*gotensor.RaoPerTAO, f.bank.rao[string(cold[:])])
			require.Zero(t, f.bank.burned)
			n, err := f.k.Count(f.ctx, 1)
			require.NoError(t, err)
			require.Zero(t, n)
		})
	}
	_, err := f.msgs.RegisterBurn(f.ctx, burnOf(1, 1, 1<<62))
	require.NoError(t, err, "with its consent it goes through")
}

func TestNewcomerInheritsNothing(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 1)
	f.columns(t, 1, 8, []gotensor.Rao{9, 9, 9, 4, 9, 9, 9, 9})
	h3, _ := addr.Account(hotkey(3))
	require.NoError(t, f.k.SetLastUpdate(f.ctx, 1, 3, 7))
	require.NoError(t, f.k.UseFreeMessage(f.ctx, h3, 1, types.KindCommit))
	old, err := f.k.NeuronAt(f.ctx, 1, 3)
	require.NoError(t, err)

	require.Equal(t, gotensor.UID(3), f.register(t, 1, 20), "the lowest emission of the immune, since none is outside immunity")
	require.Equal(t, []types.Neuron{old}, f.hook.heard, "the hook hears of the neuron as it was")
	require.Equal(t, gotensor.Rao(4), f.hook.paid[coldkey(3)])
	n, err := f.k.NeuronAt(f.ctx, 1, 3)
	require.NoError(t, err)
	require.Equal(t, types.Neuron{Uid: 3, Hotkey: hotkey(20), Coldkey: coldkey(20), RegisteredHeight: f.ctx.BlockHeight()}, n)
	v, err := f.k.Columns(f.ctx, 1)
	require.NoError(t, err)
	require.Zero(t, v.Stake[3])
	require.Zero(t, v.Consensus[3]+v.Incentive[3]+v.Dividends[3]+v.ValidatorTrust[3])
	require.False(t, v.Permit[3] || v.Active[3])
	require.Zero(t, v.Emission[3]+v.Accrued[3])
	require.Equal(t, uint16(3), v.Incentive[2], "others keep theirs")
	_, found, err := f.k.UIDOf(f.ctx, 1, h3)
	require.NoError(t, err)
	require.False(t, found)
	require.ErrorIs(t, f.k.UseFreeMessage(f.ctx, h3, 1, types.KindServe), types.ErrNotRegistered)
	count, err := f.k.Count(f.ctx, 1)
	require.NoError(t, err)
	require.Equal(t, 8, count)
	pruned := f.events("EventPruned")
	require.Len(t, pruned, 1)
	paid, _ := pruned[0].GetAttribute("paid")
	require.Equal(t, `"4"`, paid.Value)
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Empty(t, g.RateUses)
	require.NoError(t, g.Validate())
}

func TestNobodyIsPrunedUnpaidOrForTheOwner(t *testing.T) {
	newcomer := func(f *fixture) error {
		f.to(t, f.ctx.BlockHeight()+1)
		cold, _ := addr.Account(coldkey(30))
		f.bank.rao[string(cold[:])] = 1_000 * gotensor.RaoPerTAO
		cached, _ := f.ctx.CacheContext()
		_, err := f.msgs.RegisterBurn(cached, burnOf(30, 1, 1<<62))
		return err
	}
	f := newFixture(t)
	f.fill(t, 1)
	f.columns(t, 1, 8, []gotensor.Rao{1, 2, 3, 4, 5, 6, 7, 8})
	f.hook.idle = true
	require.ErrorIs(t, newcomer(f), types.ErrUnpaid)
	f.hook.fail = errors.New("no cheese")
	require.ErrorIs(t, newcomer(f), f.hook.fail)
	f.hook.idle, f.hook.fail = false, nil
	f.subnets.hyper[1].MaxAllowedUIDs = 1
	f.subnets.hyper[1].OwnerImmuneNeuronLimit = 10
	f.subnets.subnets[0].Owner = coldkey(0)
	require.NoError(t, newcomer(f))
	q, err := f.query.Registration(f.ctx, &types.QueryRegistrationRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, int32(1), q.WouldPrune, "uid 0 is the owner's")
	require.True(t, q.Open)

	g := newFixture(t)
	g.subnets.hyper[1].MaxAllowedUIDs = 1
	g.register(t, 1, 0)
	g.subnets.subnets[0].Owner = coldkey(0)
	require.ErrorIs(t, newcomer(g), types.ErrNoSlot)
	q, err = g.query.Registration(g.ctx, &types.QueryRegistrationRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, int32(-1), q.WouldPrune)
	require.False(t, q.Open)
	require.Contains(t, q.ClosedBecause, "no slot can be freed")
}
