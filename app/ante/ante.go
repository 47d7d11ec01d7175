// Package ante decides which transactions reach the modules, and what they pay. There are three ways in:
//
//  1. pow.go: a lone MsgRegisterPow. The work is the fee: it is checked first, then the signature with account number 0, and the
//     hotkey's account is made. A key that owns nothing and has no account yet comes in this way.
//  2. hotkey.go: a lone Serve, Commit or Reveal without a fee. A registered hotkey acts within rate limits that are counted here.
//  3. Everything else takes the SDK's own decorators and pays its fee.
//
// Start at New.
package ante

import (
	"context"
	"errors"

	"github.com/cosmos/evm/crypto/ethsecp256k1"

	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/crypto/types/multisig"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/gotensor/gotensor"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// SignatureGas is the price of checking one eth_secp256k1 signature, the same as the EVM's.
const SignatureGas = 21_000

// Neurons is what the ante asks of x/neuron.
type Neurons interface {
	// SpendPow fails unless the proof of work is worth a registration now, and uses it up. The message wants the context that it returns.
	SpendPow(ctx sdk.Context, msg *neurontypes.MsgRegisterPow) (sdk.Context, error)
	// UseFreeMessage counts a message against the hotkey's limit; it fails if the limit is reached or the hotkey may not send it.
	UseFreeMessage(ctx context.Context, hotkey gotensor.Address, netuid gotensor.NetUID, kind uint32) error
}

// Accounts is what the ante asks of x/auth.
type Accounts interface {
	authante.AccountKeeper
	NewAccountWithAddress(ctx context.Context, addr sdk.AccAddress) sdk.AccountI
}

// Options are the keepers that the ante reads and writes.
type Options struct {
	Accounts  Accounts
	Bank      authtypes.BankKeeper
	FeeGrant  authante.FeegrantKeeper
	Neurons   Neurons
	SignModes *txsigning.HandlerMap
}

// New returns the handler that every transaction passes.
func New(o Options) (sdk.AnteHandler, error) {
	if o.Accounts == nil || o.Bank == nil || o.Neurons == nil || o.SignModes == nil {
		return nil, errors.New("ante: accounts, bank, neurons and sign modes are all needed")
	}
	stock, err := authante.NewAnteHandler(authante.HandlerOptions{
		AccountKeeper: o.Accounts, BankKeeper: o.Bank, FeegrantKeeper: o.FeeGrant,
		SignModeHandler: o.SignModes, SigGasConsumer: ConsumeSignatureGas,
	})
	if err != nil {
		return nil, err
	}
	pow, hotkey := newPow(o), newHotkey(o)
	return func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		switch way, err := choose(tx); {
		case err != nil:
			return ctx, err
		case way == wayPow:
			return pow(ctx, tx, simulate)
		case way == wayHotkey:
			return hotkey(ctx, tx, simulate)
		default:
			return stock(ctx, tx, simulate)
		}
	}, nil
}

type way int

const (
	wayStock way = iota
	wayPow
	wayHotkey
)

// choose finds the way of a transaction by its messages and its fee. A message that may go free is refused in company
// without a fee: its limits count transactions.
func choose(tx sdk.Tx) (way, error) {
	msgs := tx.GetMsgs()
	free := feeOf(tx).IsZero()
	for _, m := range msgs {
		_, isPow := m.(*neurontypes.MsgRegisterPow)
		_, isHotkey := freeMessage(m)
		switch {
		case !isPow && !isHotkey:
			continue
		case isPow && len(msgs) == 1:
			return wayPow, nil
		case isHotkey && len(msgs) == 1 && free:
			return wayHotkey, nil
		case free:
			return wayStock, sdkerrors.ErrInvalidRequest.Wrapf("%s goes without a fee only as the sole message of its transaction; "+
				"there are %d", sdk.MsgTypeURL(m), len(msgs))
		}
	}
	return wayStock, nil
}

func feeOf(tx sdk.Tx) sdk.Coins {
	if f, ok := tx.(sdk.FeeTx); ok {
		return f.GetFee()
	}
	return nil
}

// ConsumeSignatureGas charges SignatureGas for an eth_secp256k1 signature, and for each of a multisig's; it refuses other keys.
func ConsumeSignatureGas(meter storetypes.GasMeter, sig signing.SignatureV2, params authtypes.Params) error {
	switch key := sig.PubKey.(type) {
	case *ethsecp256k1.PubKey:
		meter.ConsumeGas(SignatureGas, "signature: eth_secp256k1")
		return nil
	case multisig.PubKey:
		data, ok := sig.Data.(*signing.MultiSignatureData)
		if !ok {
			return sdkerrors.ErrInvalidPubKey.Wrapf("multisig key with %T", sig.Data)
		}
		return consumeMultisig(meter, data, key, params)
	default:
		return errorsmod.Wrapf(sdkerrors.ErrInvalidPubKey, "%T; accounts have eth_secp256k1 keys", sig.PubKey)
	}
}

func consumeMultisig(meter storetypes.GasMeter, data *signing.MultiSignatureData, key multisig.PubKey, params authtypes.Params) error {
	keys := key.GetPubKeys()
	if data.BitArray.Count() != len(keys) {
		return sdkerrors.ErrInvalidPubKey.Wrapf("multisig names %d keys of %d", data.BitArray.Count(), len(keys))
	}
	next := 0
	for i, k := range keys {
		if !data.BitArray.GetIndex(i) {
			continue
		}
		if next >= len(data.Signatures) {
			return sdkerrors.ErrInvalidPubKey.Wrapf("multisig has %d signatures, fewer than its bits", len(data.Signatures))
		}
		if err := ConsumeSignatureGas(meter, signing.SignatureV2{PubKey: k, Data: data.Signatures[next]}, params); err != nil {
			return err
		}
		next++
	}
	return nil
}
