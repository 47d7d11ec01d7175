package ante_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/gotensor/gotensor/internal/testnet"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// TestOneWorkPaysForOneTransaction: work that was spent on a registration which waits or failed does not carry a second one, or one
// proof of work would fill every block of its 30 for nothing.
func TestOneWorkPaysForOneTransaction(t *testing.T) {
	sign := func(c *testnet.Chain, work *neurontypes.MsgRegisterPow, sequence, gas uint64) []byte {
		return c.Sign(testnet.Tx{
			Key: fresh, Msgs: []sdk.Msg{work}, AccountNumber: testnet.Uint(0), Sequence: testnet.Uint(sequence), Gas: gas,
		})
	}
	t.Run("waiting in the pool", func(t *testing.T) {
		c := newChain(t)
		work := c.Work(fresh, cold)
		first := sign(c, work, 0, 400_000)
		require.Zero(t, c.Check(first).Code)
		second := c.Check(sign(c, work, 1, 400_000))
		require.Equal(t, neurontypes.ErrWorkUsed.ABCICode(), second.Code, "%s", second.Log)
		c.Block()
		require.Zero(t, c.Recheck(first).Code, "the pool keeps it")
		second = c.Check(sign(c, work, 1, 400_000))
		require.Equal(t, neurontypes.ErrWorkUsed.ABCICode(), second.Code, "%s", second.Log)
		in := c.Block(first).TxResults[0]
		require.Zero(t, in.Code, "%s", in.Log)
	})
	t.Run("failed for want of gas", func(t *testing.T) {
		c := newChain(t)
		work := c.Work(fresh, cold)
		in := c.Block(sign(c, work, 0, 100_000)).TxResults[0]
		require.Equal(t, sdkerrors.ErrOutOfGas.ABCICode(), in.Code, "%s", in.Log)
		in = c.Block(sign(c, work, 1, 400_000)).TxResults[0]
		require.Equal(t, neurontypes.ErrWorkUsed.ABCICode(), in.Code, "%s", in.Log)
		in = c.Block(sign(c, c.Work(fresh, cold), 1, 400_000)).TxResults[0]
		require.Zero(t, in.Code, "work on a newer block: %s", in.Log)
	})
	t.Run("for a coldkey that cannot be paid", func(t *testing.T) {
		c := newChain(t)
		module := authtypes.NewModuleAddress(neurontypes.ModuleName)
		work := c.WorkFor(fresh, module)
		res := c.Check(sign(c, work, 0, 400_000))
		require.Equal(t, neurontypes.ErrInvalidMessage.ABCICode(), res.Code, "%s", res.Log)
	})
	t.Run("nested in another's transaction", func(t *testing.T) {
		c := newChain(t)
		c.Run(holder, send(holder, fresh, 1))
		expiry := c.Time().Add(time.Hour)
		grant, err := authz.NewMsgGrant(fresh.Account(), holder.Account(), authz.NewGenericAuthorization(sdk.MsgTypeURL(&neurontypes.MsgRegisterPow{})), &expiry)
		require.NoError(t, err)
		c.Run(fresh, grant)
		work := c.Work(fresh, cold)
		spent := c.Block(sign(c, work, 1, 100_000)).TxResults[0]
		require.NotZero(t, spent.Code)
		exec := authz.NewMsgExec(holder.Account(), []sdk.Msg{work})
		in := c.Try(holder, &exec)
		require.Equal(t, neurontypes.ErrWorkUsed.ABCICode(), in.Code, "%s", in.Log)
		exec = authz.NewMsgExec(holder.Account(), []sdk.Msg{c.Work(fresh, cold)})
		c.Run(holder, &exec)
	})
}

// TestGrantsToNewAccounts: allowances and authorizations make the account of a key that has none, but never that of a module.
func TestGrantsToNewAccounts(t *testing.T) {
	c := newChain(t)
	expiry := c.Time().Add(time.Hour)
	allowance := func(to sdk.AccAddress) sdk.Msg {
		m, err := feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{Expiration: &expiry}, holder.Account(), to)
		require.NoError(t, err)
		return m
	}
	authorization := func(to sdk.AccAddress) sdk.Msg {
		m, err := authz.NewMsgGrant(holder.Account(), to, authz.NewGenericAuthorization(sdk.MsgTypeURL(&banktypes.MsgSend{})), &expiry)
		require.NoError(t, err)
		return m
	}
	c.Run(holder, allowance(fresh.Account()))
	c.Run(holder, authorization(other.Account()))
	for _, key := range []testnet.Key{fresh, other} {
		require.NotNil(t, c.Account.GetAccount(c.Context(), key.Account()), key.Name)
	}
	module := authtypes.NewModuleAddress(neurontypes.ModuleName)
	require.Nil(t, c.Account.GetAccount(c.Context(), module), "x/neuron makes it when it first burns")
	for _, m := range []sdk.Msg{allowance(module), authorization(module)} {
		res := c.Try(holder, m)
		require.Equal(t, sdkerrors.ErrUnauthorized.ABCICode(), res.Code, "%s", res.Log)
	}
}

// TestNoBallast: what goes free carries no extension options, which nobody reads and every node would store.
func TestNoBallast(t *testing.T) {
	c := newChain(t)
	for name, add := range map[string]func(*txtypes.TxBody, *codectypes.Any){
		"critical": func(b *txtypes.TxBody, a *codectypes.Any) { b.ExtensionOptions = append(b.ExtensionOptions, a) },
		"non-critical": func(b *txtypes.TxBody, a *codectypes.Any) {
			b.NonCriticalExtensionOptions = append(b.NonCriticalExtensionOptions, a)
		},
	} {
		var raw txtypes.TxRaw
		require.NoError(t, raw.Unmarshal(c.Sign(testnet.Tx{Key: aliceHot, Msgs: []sdk.Msg{testnet.Serve(aliceHot)}, Gas: 300_000})))
		var body txtypes.TxBody
		require.NoError(t, body.Unmarshal(raw.BodyBytes))
		add(&body, &codectypes.Any{TypeUrl: sdk.MsgTypeURL(&banktypes.MsgSend{}), Value: make([]byte, 10_000)})
		var err error
		raw.BodyBytes, err = body.Marshal()
		require.NoError(t, err)
		encoded, err := raw.Marshal()
		require.NoError(t, err)
		res := c.Check(encoded)
		require.Equal(t, sdkerrors.ErrTxDecode.ABCICode(), res.Code, "%s: %s", name, res.Log)
	}
}
