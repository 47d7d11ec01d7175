package ante

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/gotensor/gotensor"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	weightstypes "github.com/gotensor/gotensor/x/weights/types"
)

// The most gas that a free message may want, by type: gas that is wanted fills the block, used or not.
const (
	MaxServeGas  = 300_000
	MaxCommitGas = 300_000
	MaxRevealGas = 3_000_000
)

// free is what the ante needs to know of a message that may go without a fee.
type free struct {
	netuid uint32
	kind   uint32
	gas    uint64
}

// freeMessage tells whether a message may go without a fee, and within which bounds.
func freeMessage(m sdk.Msg) (free, bool) {
	switch m := m.(type) {
	case *neurontypes.MsgServe:
		return free{m.Netuid, neurontypes.KindServe, MaxServeGas}, true
	case *weightstypes.MsgCommit:
		return free{m.Netuid, neurontypes.KindCommit, MaxCommitGas}, true
	case *weightstypes.MsgReveal:
		return free{m.Netuid, neurontypes.KindReveal, MaxRevealGas}, true
	}
	return free{}, false
}

type hotkeyDecorator struct{ neurons Neurons }

// newHotkey is the way of a lone fee-free message of a hotkey: the SDK's decorators without the fee.
func newHotkey(o Options) sdk.AnteHandler {
	return sdk.ChainAnteDecorators(
		authante.NewSetUpContextDecorator(),
		authante.NewExtensionOptionsDecorator(nil),
		authante.NewValidateBasicDecorator(),
		authante.NewTxTimeoutHeightDecorator(),
		authante.NewConsumeGasForTxSizeDecorator(o.Accounts),
		hotkeyDecorator{o.Neurons},
		authante.NewSetPubKeyDecorator(o.Accounts),
		authante.NewValidateSigCountDecorator(o.Accounts),
		authante.NewSigGasConsumeDecorator(o.Accounts, ConsumeSignatureGas),
		authante.NewSigVerificationDecorator(o.Accounts, o.SignModes),
		authante.NewIncrementSequenceDecorator(o.Accounts),
	)
}

// AnteHandle refuses unregistered hotkeys and used-up limits before the signature is checked. The use is counted here, so that it
// stays counted when the message fails and counts pending transactions too; a bad signature afterwards undoes it.
func (d hotkeyDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	sigTx, ok := tx.(authsigning.Tx)
	if !ok {
		return ctx, sdkerrors.ErrTxDecode.Wrapf("%T has no signatures", tx)
	}
	f, ok := freeMessage(sigTx.GetMsgs()[0])
	if !ok {
		return ctx, sdkerrors.ErrLogic.Wrap("not a free message")
	}
	if err := bare(ctx, sigTx, f.gas); err != nil {
		return ctx, err
	}
	signer, err := soleSigner(sigTx)
	if err != nil {
		return ctx, err
	}
	hotkey, err := gotensor.AddressFromBytes(signer)
	if err != nil {
		return ctx, sdkerrors.ErrInvalidAddress.Wrap(err.Error())
	}
	if f.netuid > 0xffff {
		return ctx, sdkerrors.ErrInvalidRequest.Wrapf("netuid is %d, want 1..65534", f.netuid)
	}
	if err := d.neurons.UseFreeMessage(ctx, hotkey, gotensor.NetUID(f.netuid), f.kind); err != nil {
		return ctx, err
	}
	return next(ctx, tx, simulate)
}
