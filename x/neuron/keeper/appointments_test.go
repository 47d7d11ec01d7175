package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/evm/crypto/ethsecp256k1"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
	subnettypes "github.com/gotensor/gotensor/x/subnet/types"
)

var (
	alice = gotensor.Address{0xa1}
	bob   = gotensor.Address{0xb0}
	// keys of three hotkeys
	one, two, three = newSigner(1), newSigner(2), newSigner(3)
)

func appointment(operator gotensor.Address, netuid gotensor.NetUID, s signer) *types.MsgAppointHotkey {
	return &types.MsgAppointHotkey{
		Operator: addr.FormatAccount(operator), Netuid: uint32(netuid), Hotkey: s.String(), HotkeyPublicKey: s.public(),
		HotkeySignature: s.sign(types.AppointBytes(chainID, operator, netuid)),
	}
}

func withdrawal(operator gotensor.Address, netuid gotensor.NetUID) *types.MsgAppointHotkey {
	return &types.MsgAppointHotkey{Operator: addr.FormatAccount(operator), Netuid: uint32(netuid)}
}

// stakers has alice with 100 rao and bob with 7, the three hotkeys as uids 0, 1, 2 of both subnets, and stands in period 1.
func stakers(t *testing.T, given ...types.Appointment) *fixture {
	t.Helper()
	f := bareFixture(t)
	f.stake.validators[alice], f.stake.validators[bob] = 100, 7
	g := types.DefaultGenesis()
	g.Appointments = given
	for _, netuid := range []uint32{1, 2} {
		n := types.GenesisNeurons{Netuid: netuid}
		for uid, s := range []signer{one, two, three} {
			n.Neurons = append(n.Neurons, types.Neuron{Uid: uint32(uid), Hotkey: s.String(), Coldkey: coldkey(byte(uid))})
		}
		g.Subnets = append(g.Subnets, n)
	}
	require.NoError(t, f.k.InitGenesis(f.ctx, *g))
	f.to(t, 10)
	f.boundary(1)
	f.boundary(2)
	f.to(t, 15)
	return f
}

// counted is the stake by uid inside the work of a boundary.
func (f *fixture) counted(t *testing.T, netuid gotensor.NetUID) []gotensor.Rao {
	t.Helper()
	return f.stakeOf(t, netuid, true)
}

func (f *fixture) stakeOf(t *testing.T, netuid gotensor.NetUID, boundary bool) []gotensor.Rao {
	t.Helper()
	stake, validators, err := f.k.StakeByUID(f.ctx, netuid, boundary)
	require.NoError(t, err)
	seen := map[string]bool{}
	for uid, v := range validators {
		require.Equal(t, v == nil, stake[uid] == 0, "all validators of the tests have stake")
		require.False(t, v != nil && seen[string(v)], "one validator, one uid")
		seen[string(v)] = true
	}
	return stake
}

func (f *fixture) appoint(t *testing.T, m *types.MsgAppointHotkey) {
	t.Helper()
	_, err := f.msgs.AppointHotkey(f.ctx, m)
	require.NoError(t, err)
}

func rao(v ...gotensor.Rao) []gotensor.Rao { return v }

func TestAppointmentCountsFromTheSecondBoundary(t *testing.T) {
	// Period 1 began at 10. Made in its last block or in the block of its boundary, an appointment counts from boundary 3.
	for _, made := range []int64{10, 15, 19} {
		f := stakers(t)
		f.ctx = f.ctx.WithBlockHeight(made)
		f.appoint(t, appointment(alice, 1, one))
		require.Equal(t, rao(0, 0, 0), f.stakeOf(t, 1, false), "made at %d", made)
		f.ctx = f.ctx.WithBlockHeight(20)
		f.boundary(1)
		require.Equal(t, rao(0, 0, 0), f.counted(t, 1), "boundary 2")
		require.Equal(t, rao(100, 0, 0), f.stakeOf(t, 1, false), "shown as what boundary 3 will see")
		f.ctx = f.ctx.WithBlockHeight(30)
		f.boundary(1)
		require.Equal(t, rao(100, 0, 0), f.counted(t, 1), "boundary 3")
		require.Equal(t, rao(0, 0, 0), f.counted(t, 2), "not on subnet 2")
	}
	// In the block of the next boundary, after it, it belongs to the next period.
	f := stakers(t)
	f.ctx = f.ctx.WithBlockHeight(20)
	f.boundary(1)
	f.appoint(t, appointment(alice, 1, one))
	f.ctx = f.ctx.WithBlockHeight(30)
	f.boundary(1)
	require.Equal(t, rao(0, 0, 0), f.counted(t, 1), "boundary 3")
	f.ctx = f.ctx.WithBlockHeight(40)
	f.boundary(1)
	require.Equal(t, rao(100, 0, 0), f.counted(t, 1), "boundary 4")
}

func TestGenesisAppointmentCountsAtOnce(t *testing.T) {
	f := stakers(t, types.Appointment{Validator: addr.FormatValidator(alice), Netuid: 65_535, Hotkey: two.String()},
		types.Appointment{Validator: addr.FormatValidator(bob), Netuid: 2, Hotkey: three.String()})
	require.Equal(t, rao(0, 100, 0), f.counted(t, 1))
	require.Equal(t, rao(0, 100, 7), f.counted(t, 2))
	_, validators, err := f.k.StakeByUID(f.ctx, 2, true)
	require.NoError(t, err)
	require.Equal(t, []sdk.ValAddress{nil, alice.Bytes(), bob.Bytes()}, validators)
}

func TestSwappedHotkeyActsUntilTheNewOneCounts(t *testing.T) {
	f := stakers(t, types.Appointment{Validator: addr.FormatValidator(alice), Netuid: 1, Hotkey: one.String()})
	f.appoint(t, appointment(alice, 1, two))
	for _, boundary := range []int64{20, 30, 40} {
		require.Equal(t, boundary > 30, f.counted(t, 1)[1] == 100, "before %d", boundary)
		require.Equal(t, boundary <= 30, f.counted(t, 1)[0] == 100, "before %d", boundary)
		f.ctx = f.ctx.WithBlockHeight(boundary)
		f.boundary(1)
	}
	// Back again, and taken back.
	f.appoint(t, appointment(alice, 1, one))
	require.Equal(t, rao(0, 100, 0), f.counted(t, 1))
	f.ctx = f.ctx.WithBlockHeight(50)
	f.boundary(1)
	require.Equal(t, rao(0, 100, 0), f.counted(t, 1), "at 50 two still acts")
	f.appoint(t, withdrawal(alice, 1))
	f.ctx = f.ctx.WithBlockHeight(60)
	f.boundary(1)
	require.Equal(t, rao(100, 0, 0), f.counted(t, 1), "one at 60")
	f.ctx = f.ctx.WithBlockHeight(70)
	f.boundary(1)
	require.Equal(t, rao(0, 0, 0), f.counted(t, 1), "nobody at 70")
}

func TestPendingAppointmentIsNotReplaced(t *testing.T) {
	f := stakers(t)
	f.appoint(t, appointment(alice, types.AllSubnets, one))
	refused := func(m *types.MsgAppointHotkey, want string) {
		t.Helper()
		_, err := f.msgs.AppointHotkey(f.ctx, m)
		require.ErrorIs(t, err, types.ErrPending)
		require.ErrorContains(t, err, want)
	}
	refused(appointment(alice, types.AllSubnets, two), "appointment of height 15 on netuid 65535: try again at height 98, in 83 blocks")
	refused(withdrawal(alice, types.AllSubnets), "try again at height 98")
	f.appoint(t, appointment(alice, 2, two)) // another key has its own turn
	f.ctx = f.ctx.WithBlockHeight(20)
	f.boundary(1)
	refused(appointment(alice, types.AllSubnets, two), "try again at height 97") // subnet 2 has not had a boundary
	f.ctx = f.ctx.WithBlockHeight(21)
	f.boundary(2)
	f.appoint(t, appointment(alice, types.AllSubnets, three))
}

func TestOwnAppointmentGoesBeforeThatForAllSubnets(t *testing.T) {
	all := types.Appointment{Validator: addr.FormatValidator(alice), Netuid: 65_535, Hotkey: one.String()}
	f := stakers(t, all, types.Appointment{Validator: addr.FormatValidator(alice), Netuid: 2, Hotkey: two.String()})
	require.Equal(t, rao(100, 0, 0), f.counted(t, 1))
	require.Equal(t, rao(0, 100, 0), f.counted(t, 2))
	f.appoint(t, withdrawal(alice, 2))
	require.Equal(t, rao(0, 100, 0), f.counted(t, 2))
	f.ctx = f.ctx.WithBlockHeight(20)
	f.boundary(2)
	f.ctx = f.ctx.WithBlockHeight(30)
	f.boundary(2)
	require.Equal(t, rao(100, 0, 0), f.counted(t, 2), "taken back: that for all subnets acts")

	f = stakers(t, all)
	f.appoint(t, appointment(alice, 2, three))
	require.Equal(t, rao(100, 0, 0), f.counted(t, 2), "until the first of its own counts, that for all subnets acts")
}

func TestOneHotkeyActsForOneValidator(t *testing.T) {
	f := stakers(t, types.Appointment{Validator: addr.FormatValidator(alice), Netuid: 1, Hotkey: one.String()})
	for _, netuid := range []gotensor.NetUID{1, 2, types.AllSubnets} {
		_, err := f.msgs.AppointHotkey(f.ctx, appointment(bob, netuid, one))
		require.ErrorIs(t, err, types.ErrAppointed, netuid)
		require.ErrorContains(t, err, "acts for "+addr.FormatValidator(alice)+" on netuid 1")
	}
	f.appoint(t, appointment(alice, 2, one)) // the same validator may
	f.appoint(t, appointment(alice, 1, two))
	_, err := f.msgs.AppointHotkey(f.ctx, appointment(bob, 1, one))
	require.ErrorIs(t, err, types.ErrAppointed, "it acts for alice until two counts")
	f.ctx = f.ctx.WithBlockHeight(20)
	f.boundary(1)
	f.boundary(2)
	_, err = f.msgs.AppointHotkey(f.ctx, appointment(bob, 1, one))
	require.ErrorIs(t, err, types.ErrAppointed, "and on subnet 2")
	f.appoint(t, withdrawal(alice, 2))
	f.ctx = f.ctx.WithBlockHeight(30)
	f.boundary(1)
	f.boundary(2)
	f.appoint(t, appointment(bob, 1, one))
	f.ctx = f.ctx.WithBlockHeight(40)
	f.boundary(1)
	f.ctx = f.ctx.WithBlockHeight(50)
	f.boundary(1)
	require.Equal(t, rao(7, 100, 0), f.counted(t, 1))
}

func TestAppointmentRefused(t *testing.T) {
	high := appointment(alice, 1, one) // the other form of the signature, with s in the upper half
	high.HotkeySignature = upperHalf(high.HotkeySignature)
	foreign := appointment(alice, 1, one)
	foreign.HotkeySignature = one.sign(types.AppointBytes("test-2", alice, 1))
	otherKey := appointment(alice, 1, one)
	otherKey.HotkeyPublicKey = two.public()
	noKey := appointment(alice, 1, one)
	noKey.HotkeyPublicKey = make([]byte, 33)
	signedByTwo := appointment(alice, 1, one)
	signedByTwo.HotkeySignature = two.sign(types.AppointBytes(chainID, alice, 1))
	forBob := appointment(alice, 1, one)
	forBob.HotkeySignature = one.sign(types.AppointBytes(chainID, bob, 1))
	otherNet := appointment(alice, 1, one)
	otherNet.HotkeySignature = one.sign(types.AppointBytes(chainID, alice, 2))
	zero := appointment(alice, 1, one)
	zero.HotkeySignature = make([]byte, 64)
	cases := []struct {
		name string
		msg  *types.MsgAppointHotkey
		err  error
		want string
	}{
		{"fields", &types.MsgAppointHotkey{}, types.ErrInvalidMessage, "operator"},
		{"no subnet", appointment(alice, 9, one), subnettypes.ErrNotFound, ""},
		{"no validator", appointment(gotensor.Address{0xee}, 1, one), types.ErrNotValidator, "create the validator first"},
		{"high s", high, types.ErrSignature, "out of range"},
		{"zero", zero, types.ErrSignature, "out of range"},
		{"other chain", foreign, types.ErrSignature, "not made by this key"},
		{"other key", otherKey, types.ErrSignature, "belongs to " + two.String()},
		{"no key", noKey, types.ErrSignature, "hotkey_public_key:"},
		{"signed by another", signedByTwo, types.ErrSignature, "not made by this key"},
		{"for another validator", forBob, types.ErrSignature, "not made by this key"},
		{"for another subnet", otherNet, types.ErrSignature, "not made by this key"},
		{"nothing to take back", withdrawal(bob, 1), types.ErrInvalidMessage, "no appointment on netuid 1 to take back"},
		{"the same again", appointment(alice, 1, three), types.ErrInvalidMessage, "is appointed on netuid 1 already"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := stakers(t, types.Appointment{Validator: addr.FormatValidator(alice), Netuid: 1, Hotkey: three.String()})
			_, err := f.msgs.AppointHotkey(f.ctx, c.msg)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.want)
			q, err := f.query.Appointments(f.ctx, &types.QueryAppointmentsRequest{})
			require.NoError(t, err)
			require.Len(t, q.Appointments, 1)
			require.Equal(t, three.String(), q.Appointments[0].Hotkey)
		})
	}
	f := stakers(t)
	withID := appointment(alice, 1, one)
	withID.HotkeySignature = append(withID.HotkeySignature, 1)
	f.appoint(t, withID)
	require.Len(t, f.events("EventAppointed"), 1)
}

func upperHalf(sig []byte) []byte {
	s := new(secpScalar)
	s.SetByteSlice(sig[32:])
	s.Negate()
	b := s.Bytes()
	return append(append([]byte(nil), sig[:32]...), b[:]...)
}

// The check is that of the accounts' keys: what they sign it takes, and what it takes they take.
func TestSignatureParityWithAccountKeys(t *testing.T) {
	for seed := range byte(8) {
		s := newSigner(seed + 1)
		signed := types.AppointBytes(chainID, alice, 1)
		key := &ethsecp256k1.PrivKey{Key: s.key.Serialize()}
		require.Equal(t, key.PubKey().Address().Bytes(), s.addr[:])
		require.True(t, key.PubKey().VerifySignature(signed, s.sign(signed)))
		theirs, err := key.Sign(signed)
		require.NoError(t, err)
		f := stakers(t)
		m := appointment(alice, 1, s)
		m.HotkeySignature = theirs[:64]
		f.appoint(t, m)
	}
}
