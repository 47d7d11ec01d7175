package testnet

import (
	"context"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	signingtypes "github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/gotensor/gotensor"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// Tx is a transaction to be signed. Zero fields are filled in: gas 200,000, the account's number and sequence.
type Tx struct {
	Key  Key
	Msgs []sdk.Msg
	Gas  uint64
	// Fee in atao.
	Fee           int64
	Memo          string
	AccountNumber *uint64
	Sequence      *uint64
	// PubKey replaces the key's own in the transaction.
	PubKey *Key
	// NoPubKey leaves the public key out.
	NoPubKey bool
	ChainID  string
}

// Uint is a pointer to n, for Tx.
func Uint(n uint64) *uint64 { return &n }

// Sign encodes a signed transaction.
func (c *Chain) Sign(tx Tx) []byte {
	c.t.Helper()
	number, sequence := c.signer(tx)
	b := c.TxConfig.NewTxBuilder()
	require.NoError(c.t, b.SetMsgs(tx.Msgs...))
	b.SetMemo(tx.Memo)
	b.SetGasLimit(tx.Gas)
	if tx.Gas == 0 {
		b.SetGasLimit(200_000)
	}
	if tx.Fee > 0 {
		b.SetFeeAmount(sdk.NewCoins(sdk.NewCoin(gotensor.BaseDenom, math.NewInt(tx.Fee))))
	}
	id := c.id
	if tx.ChainID != "" {
		id = tx.ChainID
	}
	pub := tx.Key
	if tx.PubKey != nil {
		pub = *tx.PubKey
	}
	data := &signingtypes.SingleSignatureData{SignMode: signingtypes.SignMode_SIGN_MODE_DIRECT}
	sig := signingtypes.SignatureV2{PubKey: pub.Private.PubKey(), Data: data, Sequence: sequence}
	if tx.NoPubKey {
		sig.PubKey = nil
	}
	require.NoError(c.t, b.SetSignatures(sig))
	raw, err := authsigning.GetSignBytesAdapter(context.Background(), c.TxConfig.SignModeHandler(),
		signingtypes.SignMode_SIGN_MODE_DIRECT, authsigning.SignerData{
			Address: tx.Key.String(), ChainID: id, AccountNumber: number, Sequence: sequence, PubKey: pub.Private.PubKey(),
		}, b.GetTx())
	require.NoError(c.t, err)
	data.Signature, err = tx.Key.Private.Sign(raw)
	require.NoError(c.t, err)
	require.NoError(c.t, b.SetSignatures(sig))
	encoded, err := c.TxConfig.TxEncoder()(b.GetTx())
	require.NoError(c.t, err)
	return encoded
}

func (c *Chain) signer(tx Tx) (number, sequence uint64) {
	if acc := c.Account.GetAccount(c.Context(), tx.Key.Account()); acc != nil {
		number, sequence = acc.GetAccountNumber(), acc.GetSequence()
	}
	if tx.AccountNumber != nil {
		number = *tx.AccountNumber
	}
	if tx.Sequence != nil {
		sequence = *tx.Sequence
	}
	return number, sequence
}

// Check runs CheckTx, as a node does before it takes a transaction into its pool.
func (c *Chain) Check(tx []byte) *abci.ResponseCheckTx {
	c.t.Helper()
	res, err := c.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_New})
	require.NoError(c.t, err)
	return res
}

// Recheck runs CheckTx on a transaction that waited in the pool while a block came.
func (c *Chain) Recheck(tx []byte) *abci.ResponseCheckTx {
	c.t.Helper()
	res, err := c.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_Recheck})
	require.NoError(c.t, err)
	return res
}

// Try signs one message and delivers it in a block of its own.
func (c *Chain) Try(key Key, msgs ...sdk.Msg) *abci.ExecTxResult {
	c.t.Helper()
	return c.Block(c.Sign(Tx{Key: key, Msgs: msgs, Gas: gasFor(msgs)})).TxResults[0]
}

// gasFor is plenty, within the caps of messages that go without a fee.
func gasFor(msgs []sdk.Msg) uint64 {
	switch msgs[0].(type) {
	case *neurontypes.MsgServe, *weightstypes.MsgCommit:
		return 300_000
	}
	return 2_000_000
}

// Run is Try that must succeed.
func (c *Chain) Run(key Key, msgs ...sdk.Msg) *abci.ExecTxResult {
	c.t.Helper()
	res := c.Try(key, msgs...)
	require.Zero(c.t, res.Code, "%s", res.Log)
	return res
}

// Balance of an account in atao.
func (c *Chain) Balance(a sdk.AccAddress) math.Int {
	return c.Bank.GetBalance(c.Context(), a, gotensor.BaseDenom).Amount
}

func cmtFlag(absent bool) cmtproto.BlockIDFlag {
	if absent {
		return cmtproto.BlockIDFlagAbsent
	}
	return cmtproto.BlockIDFlagCommit
}

func (c *Chain) header() cmtproto.Header {
	return cmtproto.Header{ChainID: c.id, Height: c.height, Time: c.time, AppHash: c.appHash}
}
