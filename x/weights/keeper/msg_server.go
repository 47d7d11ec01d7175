package keeper

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	neurontypes "github.com/gotensor/gotensor/x/neuron/types"
	"github.com/gotensor/gotensor/x/weights/types"
)

type msgServer struct{ Keeper }

// NewMsgServer returns the handlers of the module's messages.
func NewMsgServer(k Keeper) types.MsgServer { return msgServer{k} }

// Commit hides a row: in the present period only, once per hotkey and period, with a permit of the latest epoch.
func (s msgServer) Commit(ctx context.Context, msg *types.MsgCommit) (*types.MsgCommitResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	netuid := gotensor.NetUID(msg.Netuid)
	who, err := s.sender(ctx, netuid, msg.Hotkey)
	if err != nil {
		return nil, err
	}
	clock, err := s.subnets.Clock(ctx, netuid)
	if err != nil {
		return nil, err
	}
	if msg.Epoch != clock.Epoch {
		return nil, types.ErrPeriod.Wrapf("epoch is %d, the present period is %d", msg.Epoch, clock.Epoch)
	}
	permit, err := s.neurons.Permit(ctx, netuid, who.uid)
	if err != nil {
		return nil, err
	}
	if !permit {
		return nil, types.ErrNoPermit.Wrapf("uid %d of subnet %d: it takes stake at an epoch to get one", who.uid, netuid)
	}
	key := collections.Join4(uint16(netuid), who.hotkey[:], who.height, msg.Epoch)
	if taken, err := s.commitments.Has(ctx, key); err != nil {
		return nil, err
	} else if taken {
		return nil, types.ErrCommitted.Wrapf("uid %d of subnet %d in period %d, commit again in the next one", who.uid, netuid, msg.Epoch)
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	commitment := types.Commitment{Epoch: msg.Epoch, Height: sdkCtx.BlockHeight(), Hash: msg.Hash}
	if commitment.LeastEntries, commitment.MostEntries, err = s.bounds(ctx, netuid); err != nil {
		return nil, err
	}
	if err := s.commitments.Set(ctx, key, commitment); err != nil {
		return nil, err
	}
	return &types.MsgCommitResponse{}, sdkCtx.EventManager().EmitTypedEvent(&types.EventCommitted{
		Netuid: msg.Netuid, Uid: uint32(who.uid), Hotkey: msg.Hotkey, Epoch: msg.Epoch,
	})
}

// Reveal opens the commitment of the period before, and the row is in force at once. The row's length is judged by the bounds that held when
// it was committed to: since a missed reveal costs the row before, neither an owner who changes them nor who registers in between may make it
// impossible.
func (s msgServer) Reveal(ctx context.Context, msg *types.MsgReveal) (*types.MsgRevealResponse, error) {
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	netuid := gotensor.NetUID(msg.Netuid)
	who, err := s.sender(ctx, netuid, msg.Hotkey)
	if err != nil {
		return nil, err
	}
	clock, err := s.subnets.Clock(ctx, netuid)
	if err != nil {
		return nil, err
	}
	if clock.Epoch == 0 || msg.Epoch != clock.Epoch-1 {
		return nil, types.ErrPeriod.Wrapf("epoch is %d, the present period is %d and reveals those of the one before", msg.Epoch, clock.Epoch)
	}
	key := collections.Join4(uint16(netuid), who.hotkey[:], who.height, msg.Epoch)
	commitment, err := get(ctx, s.commitments, key)
	if err != nil {
		return nil, err
	}
	if err := s.checkRow(ctx, netuid, commitment, msg.Row); err != nil {
		return nil, err
	}
	if err := s.open(ctx, commitment, who, msg); err != nil {
		return nil, err
	}
	commitment.Revealed = true
	if err := s.commitments.Set(ctx, key, commitment); err != nil {
		return nil, err
	}
	if err := s.rows.Set(ctx, collections.Join3(uint16(netuid), who.hotkey[:], who.height), msg.Row); err != nil {
		return nil, err
	}
	if err := s.neurons.SetLastUpdate(ctx, netuid, who.uid, commitment.Height); err != nil {
		return nil, err
	}
	return &types.MsgRevealResponse{}, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventRevealed{
		Netuid: msg.Netuid, Uid: uint32(who.uid), Hotkey: msg.Hotkey, Epoch: msg.Epoch, Entries: uint32(msg.Row.Len()),
	})
}

// open tells whether the message opens the commitment.
func (s msgServer) open(ctx context.Context, commitment types.Commitment, who sender, msg *types.MsgReveal) error {
	if len(commitment.Hash) == 0 {
		return types.ErrNotCommitted.Wrapf("uid %d of subnet %d in period %d", who.uid, msg.Netuid, msg.Epoch)
	}
	if commitment.Revealed {
		return types.ErrRevealed.Wrapf("uid %d of subnet %d in period %d", who.uid, msg.Netuid, msg.Epoch)
	}
	hash, err := types.Preimage{
		ChainID:          sdk.UnwrapSDKContext(ctx).ChainID(),
		NetUID:           gotensor.NetUID(msg.Netuid),
		Hotkey:           who.hotkey,
		RegisteredHeight: who.height,
		Epoch:            msg.Epoch,
		Row:              msg.Row,
		Salt:             msg.Salt,
	}.Hash()
	if err != nil {
		return err
	}
	if !bytes.Equal(hash[:], commitment.Hash) {
		return types.ErrMismatch.Wrapf("got %X, committed was %X: chain id, netuid, hotkey, registration, epoch, row and salt must be the same",
			hash, commitment.Hash)
	}
	return nil
}

// checkRow checks a row against the subnet's size and the commitment's bounds, or the present ones if it has none.
func (s msgServer) checkRow(ctx context.Context, netuid gotensor.NetUID, c types.Commitment, row types.Row) error {
	n, err := s.neurons.Count(ctx, netuid)
	if err != nil {
		return err
	}
	least, most := c.LeastEntries, c.MostEntries
	if most == 0 {
		if least, most, err = s.bounds(ctx, netuid); err != nil {
			return err
		}
	}
	if row.Len() > int(most) {
		return types.ErrRow.Wrapf("%d entries, max_allowed_uids is %d", row.Len(), most)
	}
	return row.CheckWeights(n, int(least))
}

// bounds are the fewest and the most entries that a row may have now.
func (s msgServer) bounds(ctx context.Context, netuid gotensor.NetUID) (least, most uint32, err error) {
	n, err := s.neurons.Count(ctx, netuid)
	if err != nil {
		return 0, 0, err
	}
	parameters, err := s.subnets.Hyperparameters(ctx, netuid)
	return uint32(min(int(parameters.MinAllowedWeights), n)), uint32(parameters.MaxAllowedUIDs), err
}

// sender is the registration that signs a message.
type sender struct {
	uid    gotensor.UID
	hotkey gotensor.Address
	height uint64
}

func (s msgServer) sender(ctx context.Context, netuid gotensor.NetUID, text string) (sender, error) {
	hotkey, err := decodeHotkey(text)
	if err != nil {
		return sender{}, err
	}
	uid, neuron, err := s.neuronOf(ctx, netuid, hotkey)
	if err != nil {
		return sender{}, err
	}
	_, height, err := identify(neuron)
	return sender{uid: uid, hotkey: hotkey, height: height}, err
}

func decodeHotkey(text string) (gotensor.Address, error) {
	hotkey, err := addr.Account(text)
	if err != nil {
		return hotkey, types.ErrField.Wrapf("hotkey: %s", err)
	}
	return hotkey, nil
}

// neuronOf fails with types.ErrNotRegistered.
func (k Keeper) neuronOf(ctx context.Context, netuid gotensor.NetUID, hotkey gotensor.Address) (gotensor.UID, neurontypes.Neuron, error) {
	uid, found, err := k.neurons.UIDOf(ctx, netuid, hotkey)
	if err != nil {
		return 0, neurontypes.Neuron{}, err
	}
	if !found {
		return 0, neurontypes.Neuron{}, types.ErrNotRegistered.Wrapf("%s on subnet %d", hotkey, netuid)
	}
	neuron, err := k.neurons.NeuronAt(ctx, netuid, uid)
	return uid, neuron, err
}
