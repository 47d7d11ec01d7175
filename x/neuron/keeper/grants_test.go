package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

func (f *fixture) loan(delegator gotensor.Address, s signer, ppm uint32, seconds int64) *types.MsgGrantBandwidth {
	return &types.MsgGrantBandwidth{
		Delegator: addr.FormatAccount(delegator), Hotkey: s.String(), SharePpm: ppm, ExpiryUnix: f.ctx.BlockTime().Unix() + seconds,
		HotkeyPublicKey: s.public(), HotkeySignature: s.sign(types.GrantBytes(chainID, delegator)),
	}
}

func (f *fixture) bandwidth(t *testing.T, hotkey string) uint64 {
	t.Helper()
	q, err := f.query.Bandwidth(f.ctx, &types.QueryBandwidthRequest{Hotkey: hotkey})
	require.NoError(t, err)
	return q.Stake
}

func TestBandwidthIsLentAndTakenBack(t *testing.T) {
	f := newFixture(t)
	f.stake.delegators[alice], f.stake.delegators[bob], f.stake.delegators[one.addr] = 1_000, 90, 5
	give := func(m *types.MsgGrantBandwidth) error {
		_, err := f.msgs.GrantBandwidth(f.ctx, m)
		return err
	}
	require.Equal(t, uint64(1_000), f.bandwidth(t, addr.FormatAccount(alice)))
	require.NoError(t, give(f.loan(alice, one, 600_000, 100)))
	require.NoError(t, give(f.loan(bob, one, 333_333, 50)))
	require.Equal(t, uint64(5+600+29), f.bandwidth(t, one.String()), "rounded down")
	require.Equal(t, uint64(400), f.bandwidth(t, addr.FormatAccount(alice)), "what is lent is not there twice")

	err := give(f.loan(alice, two, 400_001, 100))
	require.ErrorIs(t, err, types.ErrGrant)
	require.ErrorContains(t, err, "share_ppm is 400001, 600000 are granted to others, want 1000000 in all")
	require.NoError(t, give(f.loan(alice, two, 400_000, 10)))
	require.NoError(t, give(f.loan(alice, one, 100_000, 100)), "a new grant to the same key replaces the old one")
	require.Zero(t, f.bandwidth(t, three.String()))
	require.Equal(t, uint64(400), f.bandwidth(t, two.String()))

	f.to(t, f.ctx.BlockHeight()+5)
	require.Zero(t, f.bandwidth(t, two.String()), "ten seconds later it has expired")
	require.Equal(t, uint64(900), f.bandwidth(t, addr.FormatAccount(alice)))
	require.NoError(t, give(f.loan(alice, three, 900_000, 100)), "and makes room")
	by, err := f.k.GrantsBy(f.ctx, alice)
	require.NoError(t, err)
	require.Len(t, by, 2, "the expired one is gone")

	require.NoError(t, give(&types.MsgGrantBandwidth{Delegator: addr.FormatAccount(alice), Hotkey: three.String()}))
	require.Zero(t, f.bandwidth(t, three.String()))
	err = give(&types.MsgGrantBandwidth{Delegator: addr.FormatAccount(alice), Hotkey: three.String()})
	require.ErrorIs(t, err, types.ErrInvalidMessage)
	require.ErrorContains(t, err, "has granted nothing")
	q, err := f.query.Bandwidth(f.ctx, &types.QueryBandwidthRequest{Hotkey: one.String()})
	require.NoError(t, err)
	require.Len(t, q.Grants, 2)
	_, err = f.query.Bandwidth(f.ctx, &types.QueryBandwidthRequest{Hotkey: "x"})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

func TestGrantRefused(t *testing.T) {
	f := newFixture(t)
	past := f.loan(alice, one, 1, 0)
	_, err := f.msgs.GrantBandwidth(f.ctx, past)
	require.ErrorContains(t, err, "want a later time")
	stolen := f.loan(alice, one, 1, 9)
	stolen.HotkeySignature = one.sign(types.GrantBytes(chainID, bob))
	_, err = f.msgs.GrantBandwidth(f.ctx, stolen)
	require.ErrorIs(t, err, types.ErrSignature)
	appointed := f.loan(alice, one, 1, 9)
	appointed.HotkeySignature = one.sign(types.AppointBytes(chainID, alice, 1))
	_, err = f.msgs.GrantBandwidth(f.ctx, appointed)
	require.ErrorIs(t, err, types.ErrSignature, "a signature under one tag is worth nothing under another")
	_, err = f.msgs.GrantBandwidth(f.ctx, &types.MsgGrantBandwidth{})
	require.ErrorIs(t, err, types.ErrInvalidMessage)
}

func TestGrantsAreBounded(t *testing.T) {
	f := newFixture(t)
	for i := range types.MaxGrantsByDelegator {
		_, err := f.msgs.GrantBandwidth(f.ctx, f.loan(alice, newSigner(byte(10+i)), 1, 9))
		require.NoError(t, err)
	}
	_, err := f.msgs.GrantBandwidth(f.ctx, f.loan(alice, one, 1, 9))
	require.ErrorIs(t, err, types.ErrGrant)
	require.ErrorContains(t, err, "delegator has 64 other grants")
	for i := range types.MaxGrantsToHotkey {
		_, err := f.msgs.GrantBandwidth(f.ctx, f.loan(gotensor.Address{1, byte(i), byte(i >> 8)}, one, 1, 9))
		require.NoError(t, err)
	}
	_, err = f.msgs.GrantBandwidth(f.ctx, f.loan(bob, one, 1, 9))
	require.ErrorIs(t, err, types.ErrGrant)
	require.ErrorContains(t, err, "hotkey has 256 other grants")
}
