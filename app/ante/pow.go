package ante

import (
	"bytes"

	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"google.golang.org/protobuf/types/known/anypb"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"

	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
)

// Bounds of a registration by proof of work.
const (
	// MaxPowGas is the most gas that it may want: what is wanted fills the block, used or not. The largest subnet takes half of it.
	MaxPowGas = 400_000
	// MaxPowBytes is the most that the transaction may measure.
	MaxPowBytes = 1024
)

type powDecorator struct {
	accounts  Accounts
	neurons   Neurons
	signModes *txsigning.HandlerMap
}

// newPow is the way of a lone MsgRegisterPow.
func newPow(o Options) sdk.AnteHandler {
	return sdk.ChainAnteDecorators(
		authante.NewSetUpContextDecorator(),
		authante.NewExtensionOptionsDecorator(nil),
		authante.NewValidateBasicDecorator(),
		authante.NewTxTimeoutHeightDecorator(),
		powDecorator{o.Accounts, o.Neurons, o.SignModes},
	)
}

// AnteHandle refuses by rising cost: shape, then work, then signature; what passes has an account and the next sequence, and its work
// is used up. The
// account number that is signed is always 0, whether or not somebody made the account before: a number is a hash that
// the signer cannot know in advance, and a transfer to the key must not break its registration.
func (d powDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	sigTx, ok := tx.(authsigning.Tx)
	if !ok {
		return ctx, sdkerrors.ErrTxDecode.Wrapf("%T has no signatures", tx)
	}
	if err := bare(ctx, sigTx, MaxPowGas); err != nil {
		return ctx, err
	}
	if len(ctx.TxBytes()) > MaxPowBytes {
		return ctx, sdkerrors.ErrTxTooLarge.Wrapf("registration has %d bytes, want at most %d", len(ctx.TxBytes()), MaxPowBytes)
	}
	msg := sigTx.GetMsgs()[0].(*neurontypes.MsgRegisterPow)
	signer, err := soleSigner(sigTx)
	if err != nil {
		return ctx, err
	}
	sig, key, err := soleSignature(sigTx, signer)
	if err != nil {
		return ctx, err
	}
	if ctx, err = d.neurons.SpendPow(ctx, msg); err != nil {
		return ctx, err
	}
	ctx.GasMeter().ConsumeGas(SignatureGas, "signature: eth_secp256k1")
	acc := d.accounts.GetAccount(ctx, signer)
	if acc == nil {
		acc = d.accounts.NewAccountWithAddress(ctx, signer)
	}
	if sig.Sequence != acc.GetSequence() {
		return ctx, sdkerrors.ErrWrongSequence.Wrapf("sequence is %d, want %d", sig.Sequence, acc.GetSequence())
	}
	if !simulate && !ctx.IsReCheckTx() && ctx.IsSigverifyTx() {
		if err := d.verify(ctx, tx, signer, key, sig); err != nil {
			return ctx, err
		}
	}
	if acc.GetPubKey() == nil {
		if err := acc.SetPubKey(key); err != nil {
			return ctx, err
		}
	}
	if err := acc.SetSequence(acc.GetSequence() + 1); err != nil {
		return ctx, err
	}
	d.accounts.SetAccount(ctx, acc)
	return next(ctx, tx, simulate)
}

func (d powDecorator) verify(
	ctx sdk.Context, tx sdk.Tx, signer sdk.AccAddress, key *ethsecp256k1.PubKey, sig signing.SignatureV2,
) error {
	adaptable, ok := tx.(authsigning.V2AdaptableTx)
	if !ok {
		return sdkerrors.ErrTxDecode.Wrapf("%T cannot be signed", tx)
	}
	packed, err := codectypes.NewAnyWithValue(key)
	if err != nil {
		return err
	}
	data := txsigning.SignerData{
		Address: signer.String(), ChainID: ctx.ChainID(), AccountNumber: 0, Sequence: sig.Sequence,
		PubKey: &anypb.Any{TypeUrl: packed.TypeUrl, Value: packed.Value},
	}
	if err := authsigning.VerifySignature(ctx, key, data, sig.Data, d.signModes, adaptable.GetSigningTxData()); err != nil {
		return sdkerrors.ErrUnauthorized.Wrapf("a registration by proof of work is signed with account number 0, sequence %d and "+
			"chain id %s: %s", sig.Sequence, ctx.ChainID(), err)
	}
	return nil
}

// bare refuses what a transaction without a fee must not have: a fee, a payer, a granter, a memo, an unordered nonce, much gas.
func bare(ctx sdk.Context, tx authsigning.Tx, maxGas uint64) error {
	unordered, _ := tx.(sdk.TxWithUnordered)
	switch {
	case !tx.GetFee().IsZero():
		return sdkerrors.ErrInvalidRequest.Wrapf("fee is %s, want none: this message goes free", tx.GetFee())
	case len(tx.FeeGranter()) > 0:
		return sdkerrors.ErrInvalidRequest.Wrap("fee granter is set, but there is no fee")
	case tx.GetMemo() != "":
		return sdkerrors.ErrMemoTooLarge.Wrapf("memo has %d bytes, want none", len(tx.GetMemo()))
	case unordered != nil && unordered.GetUnordered():
		return sdkerrors.ErrNotSupported.Wrap("unordered transactions are not enabled")
	case ctx.IsCheckTx() && tx.GetGas() == 0:
		return sdkerrors.ErrOutOfGas.Wrap("gas limit is 0")
	case tx.GetGas() > maxGas:
		return sdkerrors.ErrInvalidGasLimit.Wrapf("gas limit is %d, want at most %d for this message", tx.GetGas(), maxGas)
	}
	return nil
}

func soleSigner(tx authsigning.Tx) (sdk.AccAddress, error) {
	signers, err := tx.GetSigners()
	if err != nil {
		return nil, err
	}
	if len(signers) != 1 {
		return nil, sdkerrors.ErrUnauthorized.Wrapf("%d signers, want the hotkey alone", len(signers))
	}
	return signers[0], nil
}

// soleSignature returns the one signature and its key, which must be inside the transaction and be the signer's.
func soleSignature(tx authsigning.Tx, signer sdk.AccAddress) (signing.SignatureV2, *ethsecp256k1.PubKey, error) {
	sigs, err := tx.GetSignaturesV2()
	if err != nil {
		return signing.SignatureV2{}, nil, err
	}
	if len(sigs) != 1 {
		return signing.SignatureV2{}, nil, sdkerrors.ErrUnauthorized.Wrapf("%d signatures, want 1", len(sigs))
	}
	key, ok := sigs[0].PubKey.(*ethsecp256k1.PubKey)
	if !ok || len(key.Key) != ethsecp256k1.PubKeySize {
		return signing.SignatureV2{}, nil, sdkerrors.ErrInvalidPubKey.Wrapf("public key is %T, want the hotkey's eth_secp256k1 key", sigs[0].PubKey)
	}
	if _, ok := sigs[0].Data.(*signing.SingleSignatureData); !ok {
		return signing.SignatureV2{}, nil, sdkerrors.ErrUnauthorized.Wrapf("signature is %T, want a single one", sigs[0].Data)
	}
	address := key.Address()
	if address == nil || !bytes.Equal(address, signer) {
		return signing.SignatureV2{}, nil, sdkerrors.ErrInvalidPubKey.Wrapf("public key is of %s, the hotkey is %s", sdk.AccAddress(address), signer)
	}
	return sigs[0], key, nil
}
