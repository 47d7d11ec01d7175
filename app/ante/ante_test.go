package ante_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/app/ante"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/testnet"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

var (
	alice    = testnet.NewKey("alice")
	aliceHot = testnet.NewKey("alice-hot")
	holder   = testnet.NewKey("holder")
	cold     = testnet.NewKey("cold")
	fresh    = testnet.NewKey("fresh")
	other    = testnet.NewKey("other")
)

// newChain has one validator, whose hotkey is registered as uid 0, and a holder of 100 TAO. Two blocks are made, so that there is a block to work on.
func newChain(t *testing.T) *testnet.Chain {
	t.Helper()
	c := testnet.New(t, spec(func(*genesis.Spec) {}))
	c.Blocks(2)
	return c
}

// spec is the chain of newChain, changed.
func spec(change func(s *genesis.Spec)) genesis.Spec {
	s := genesis.Localnet(genesis.LocalnetOptions{
		ChainID: "gotensor-test", GenesisTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Accounts:   []genesis.Account{{Address: holder.String(), Balance: 100 * genesis.OneTAO}},
		Validators: []genesis.Validator{alice.Validator(1000*genesis.OneTAO, true, &aliceHot)},
		Hyperparameters: map[string]int64{
			"tempo": 10_000, "immunity_period": 60_000, "min_difficulty": 16, "initial_difficulty": 16, "serving_rate_limit": 5_000,
			"max_registrations_per_block": 4,
		},
	})
	change(&s)
	return s
}

func send(from, to testnet.Key, atao int64) *banktypes.MsgSend {
	return banktypes.NewMsgSend(from.Account(), to.Account(), sdk.NewCoins(sdk.NewCoin(gotensor.BaseDenom, math.NewInt(atao))))
}

func TestPowAccepted(t *testing.T) {
	t.Run("from a key without an account, in the pool, again after a block, and in a block", func(t *testing.T) {
		c := newChain(t)
		tx := c.SignWork(fresh, c.Work(fresh, cold))
		res := c.Check(tx)
		require.Zero(t, res.Code, "%s", res.Log)
		c.Block()
		re := c.Recheck(tx)
		require.Zero(t, re.Code, "%s", re.Log)
		in := c.Block(tx).TxResults[0]
		require.Zero(t, in.Code, "%s", in.Log)
		require.Less(t, in.GasUsed, int64(ante.MaxPowGas))
		acc := c.Account.GetAccount(c.Context(), fresh.Account())
		require.EqualValues(t, 1, acc.GetSequence())
		require.True(t, acc.GetPubKey().Equals(fresh.Private.PubKey()))
		require.True(t, c.Balance(fresh.Account()).IsZero())
	})
	t.Run("after somebody sent dust to the key", func(t *testing.T) {
		c := newChain(t)
		c.Run(holder, send(holder, fresh, 1))
		require.NotZero(t, c.Account.GetAccount(c.Context(), fresh.Account()).GetAccountNumber())
		in := c.Block(c.SignWork(fresh, c.Work(fresh, cold))).TxResults[0]
		require.Zero(t, in.Code, "%s", in.Log)
	})
	t.Run("simulated without a signature", func(t *testing.T) {
		c := newChain(t)
		tx := c.Sign(testnet.Tx{Key: fresh, Msgs: []sdk.Msg{c.Work(fresh, cold)}, ChainID: "unsigned for this chain"})
		gas, _, err := c.Simulate(tx)
		require.NoError(t, err)
		require.Positive(t, gas.GasUsed)
	})
	t.Run("two newcomers in one block", func(t *testing.T) {
		c := newChain(t)
		res := c.Block(c.SignWork(fresh, c.Work(fresh, cold)), c.SignWork(other, c.Work(other, cold)))
		require.Zero(t, res.TxResults[0].Code, "%s", res.TxResults[0].Log)
		require.Zero(t, res.TxResults[1].Code, "%s", res.TxResults[1].Log)
	})
}

func TestPowRefused(t *testing.T) {
	base := func(c *testnet.Chain) testnet.Tx {
		return testnet.Tx{Key: fresh, Msgs: []sdk.Msg{c.Work(fresh, cold)}, AccountNumber: testnet.Uint(0), Gas: 400_000}
	}
	tests := []struct {
		name string
		make func(c *testnet.Chain) testnet.Tx
		want error
	}{
		{"bad work", func(c *testnet.Chain) testnet.Tx {
			tx := base(c)
			work := *tx.Msgs[0].(*neurontypes.MsgRegisterPow)
			for c.Neuron.VerifyPow(c.Context(), &work) == nil {
				work.Nonce++
			}
			tx.Msgs = []sdk.Msg{&work}
			return tx
		}, neurontypes.ErrWork},
		{"work of another coldkey", func(c *testnet.Chain) testnet.Tx {
			tx := base(c)
			work := *tx.Msgs[0].(*neurontypes.MsgRegisterPow)
			for i := byte(0); c.Neuron.VerifyPow(c.Context(), &work) == nil; i++ {
				work.Coldkey = testnet.NewKey("thief" + string(rune('a'+i))).String()
			}
			tx.Msgs = []sdk.Msg{&work}
			return tx
		}, neurontypes.ErrWork},
		{"signed by another key", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.Key, tx.PubKey = other, &fresh; return tx }, sdkerrors.ErrUnauthorized},
		{"another key inside", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.Key = other; return tx }, sdkerrors.ErrInvalidPubKey},
		{"no key inside", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.NoPubKey = true; return tx }, sdkerrors.ErrInvalidPubKey},
		{"account number not 0", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.AccountNumber = testnet.Uint(7); return tx }, sdkerrors.ErrUnauthorized},
		{"sequence ahead", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.Sequence = testnet.Uint(1); return tx }, sdkerrors.ErrWrongSequence},
		{"another chain", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.ChainID = "elsewhere"; return tx }, sdkerrors.ErrUnauthorized},
		{"gas above the cap", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.Gas = ante.MaxPowGas + 1; return tx }, sdkerrors.ErrInvalidGasLimit},
		{"with a fee", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.Fee = 1; return tx }, sdkerrors.ErrInvalidRequest},
		{"with a memo", func(c *testnet.Chain) testnet.Tx { tx := base(c); tx.Memo = "hello"; return tx }, sdkerrors.ErrMemoTooLarge},
		{"in company without a fee", func(c *testnet.Chain) testnet.Tx {
			tx := base(c)
			tx.Msgs = append(tx.Msgs, testnet.Serve(fresh))
			return tx
		}, sdkerrors.ErrInvalidRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newChain(t)
			tx := c.Sign(tt.make(c))
			want := sdkerrors.ErrPanic // never returned: a test that forgets want fails
			require.ErrorAs(t, tt.want, &want)
			res := c.Check(tx)
			require.Equal(t, want.Codespace(), res.Codespace, "CheckTx: %s", res.Log)
			require.Equal(t, want.ABCICode(), res.Code, "CheckTx: %s", res.Log)
			in := c.Block(tx).TxResults[0]
			require.Equal(t, want.ABCICode(), in.Code, "block: %s", in.Log)
			require.Nil(t, c.Account.GetAccount(c.Context(), fresh.Account()), "a refused registration leaves no account")
		})
	}
}

func TestPowReplayed(t *testing.T) {
	t.Run("second copy in the pool", func(t *testing.T) {
		c := newChain(t)
		tx := c.SignWork(fresh, c.Work(fresh, cold))
		require.Zero(t, c.Check(tx).Code)
		require.NotZero(t, c.Check(tx).Code)
	})
	t.Run("second copy in one block", func(t *testing.T) {
		c := newChain(t)
		tx := c.SignWork(fresh, c.Work(fresh, cold))
		res := c.Block(tx, tx).TxResults
		require.Zero(t, res[0].Code, "%s", res[0].Log)
		require.NotZero(t, res[1].Code)
		require.EqualValues(t, 1, c.Account.GetAccount(c.Context(), fresh.Account()).GetSequence())
	})
	t.Run("again in a later block", func(t *testing.T) {
		c := newChain(t)
		tx := c.SignWork(fresh, c.Work(fresh, cold))
		require.Zero(t, c.Block(tx).TxResults[0].Code)
		require.NotZero(t, c.Check(tx).Code)
		require.NotZero(t, c.Block(tx).TxResults[0].Code)
	})
}

func TestHotkeyMessages(t *testing.T) {
	serve := func(key testnet.Key) testnet.Tx {
		return testnet.Tx{Key: key, Msgs: []sdk.Msg{testnet.Serve(key)}}
	}
	tests := []struct {
		name string
		make func(c *testnet.Chain) testnet.Tx
		want error // nil: accepted
	}{
		{"registered", func(*testnet.Chain) testnet.Tx { return serve(aliceHot) }, nil},
		{"not registered", func(*testnet.Chain) testnet.Tx { return serve(holder) }, neurontypes.ErrNotRegistered},
		{"not registered, no account", func(*testnet.Chain) testnet.Tx { return serve(fresh) }, neurontypes.ErrNotRegistered},
		{"limit used up", func(c *testnet.Chain) testnet.Tx { c.Run(aliceHot, testnet.Serve(aliceHot)); return serve(aliceHot) }, neurontypes.ErrRateLimit},
		{"commit without a permit", func(c *testnet.Chain) testnet.Tx {
			commit, _ := c.Hide(aliceHot, testnet.Weights(1))
			return testnet.Tx{Key: aliceHot, Msgs: []sdk.Msg{commit}}
		}, neurontypes.ErrNoPermit},
		{"gas above the cap", func(*testnet.Chain) testnet.Tx { tx := serve(aliceHot); tx.Gas = ante.MaxServeGas + 1; return tx }, sdkerrors.ErrInvalidGasLimit},
		{"with a memo", func(*testnet.Chain) testnet.Tx { tx := serve(aliceHot); tx.Memo = "hello"; return tx }, sdkerrors.ErrMemoTooLarge},
		{"wrong sequence", func(*testnet.Chain) testnet.Tx { tx := serve(aliceHot); tx.Sequence = testnet.Uint(9); return tx }, sdkerrors.ErrWrongSequence},
		{"wrong account number", func(*testnet.Chain) testnet.Tx {
			tx := serve(aliceHot)
			tx.AccountNumber = testnet.Uint(999)
			return tx
		}, sdkerrors.ErrUnauthorized},
		{"signed by another key", func(*testnet.Chain) testnet.Tx {
			tx := serve(aliceHot)
			tx.Key, tx.PubKey = other, &aliceHot
			return tx
		}, sdkerrors.ErrWrongSequence},
		{"two messages without a fee", func(*testnet.Chain) testnet.Tx {
			tx := serve(aliceHot)
			tx.Msgs = append(tx.Msgs, testnet.Serve(aliceHot))
			return tx
		}, sdkerrors.ErrInvalidRequest},
		{"two messages with a fee that nobody can pay", func(*testnet.Chain) testnet.Tx {
			tx := serve(aliceHot)
			tx.Msgs = append(tx.Msgs, testnet.Serve(aliceHot))
			tx.Fee = 1
			return tx
		}, sdkerrors.ErrInsufficientFunds},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newChain(t)
			tx := tt.make(c)
			if tt.name == "signed by another key" {
				tx.Sequence, tt.want = testnet.Uint(0), sdkerrors.ErrUnauthorized
			}
			encoded := c.Sign(tx)
			res := c.Check(encoded)
			in := c.Block(encoded).TxResults[0]
			if tt.want == nil {
				require.Zero(t, res.Code, "%s", res.Log)
				require.Zero(t, in.Code, "%s", in.Log)
				return
			}
			want := sdkerrors.ErrPanic
			require.ErrorAs(t, tt.want, &want)
			require.Equal(t, want.ABCICode(), res.Code, "CheckTx: %s", res.Log)
			require.Equal(t, want.Codespace(), res.Codespace)
			require.Equal(t, want.ABCICode(), in.Code, "block: %s", in.Log)
		})
	}
}

// TestLimitsCountAttempts: a use is counted when the message itself fails and while it waits in the pool, but not for a
// signature that is not the hotkey's.
func TestLimitsCountAttempts(t *testing.T) {
	t.Run("failed message", func(t *testing.T) {
		enough := newChain(t).Run(aliceHot, testnet.Serve(aliceHot)).GasUsed
		c := newChain(t)
		tx := c.Sign(testnet.Tx{Key: aliceHot, Msgs: []sdk.Msg{testnet.Serve(aliceHot)}, Gas: uint64(enough) - 1})
		require.Equal(t, sdkerrors.ErrOutOfGas.ABCICode(), c.Block(tx).TxResults[0].Code)
		again := c.Try(aliceHot, testnet.Serve(aliceHot))
		require.Equal(t, neurontypes.ErrRateLimit.ABCICode(), again.Code, "%s", again.Log)
	})
	t.Run("pending message", func(t *testing.T) {
		c := newChain(t)
		require.Zero(t, c.Check(c.Sign(testnet.Tx{Key: aliceHot, Msgs: []sdk.Msg{testnet.Serve(aliceHot)}})).Code)
		next := c.Check(c.Sign(testnet.Tx{Key: aliceHot, Msgs: []sdk.Msg{testnet.Serve(aliceHot)}, Sequence: testnet.Uint(1)}))
		require.Equal(t, neurontypes.ErrRateLimit.ABCICode(), next.Code, "%s", next.Log)
	})
	t.Run("forged signature", func(t *testing.T) {
		c := newChain(t)
		forged := testnet.Tx{Key: other, PubKey: &aliceHot, Msgs: []sdk.Msg{testnet.Serve(aliceHot)}, Sequence: testnet.Uint(0)}
		require.NotZero(t, c.Block(c.Sign(forged)).TxResults[0].Code)
		c.Run(aliceHot, testnet.Serve(aliceHot))
	})
}

func TestStock(t *testing.T) {
	c := newChain(t)
	c.Run(holder, send(holder, fresh, 5))
	require.Equal(t, "5", c.Balance(fresh.Account()).String())

	before := c.Balance(holder.Account())
	paid := c.Block(c.Sign(testnet.Tx{Key: holder, Msgs: []sdk.Msg{send(holder, fresh, 5)}, Fee: 1000})).TxResults[0]
	require.Zero(t, paid.Code, "%s", paid.Log)
	require.Equal(t, "1005", before.Sub(c.Balance(holder.Account())).String())

	forged := c.Block(c.Sign(testnet.Tx{Key: other, PubKey: &holder, Msgs: []sdk.Msg{send(holder, other, 5)}, Sequence: testnet.Uint(2)})).TxResults[0]
	require.NotZero(t, forged.Code)
}
