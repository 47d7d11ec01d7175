package keeper

import (
	"context"

	"github.com/gotensor/gotensor/x/emission/types"
)

type msgServer struct{ Keeper }

// NewMsgServer returns the handlers of the module's messages.
func NewMsgServer(k Keeper) types.MsgServer { return msgServer{k} }

// UpdateParams replaces the parameters; a new share counts from the next block on.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := s.authorise(msg.Authority); err != nil {
		return nil, err
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, s.params.Set(ctx, msg.Params)
}

// Resume clears a halted subnet. Its next epoch checks the invariants again.
func (s msgServer) Resume(ctx context.Context, msg *types.MsgResume) (*types.MsgResumeResponse, error) {
	if err := s.authorise(msg.Authority); err != nil {
		return nil, err
	}
	netuid, err := types.NetUID(msg.Netuid)
	if err != nil {
		return nil, err
	}
	pot, err := s.Pot(ctx, netuid)
	if err != nil {
		return nil, err
	}
	if pot.Halted == "" {
		return nil, types.ErrNotHalted.Wrapf("subnet %d", netuid)
	}
	pot.Halted = ""
	return &types.MsgResumeResponse{}, s.pots.Set(ctx, uint16(netuid), pot)
}

func (s msgServer) authorise(sender string) error {
	if sender != s.Authority {
		return types.ErrAuthority.Wrapf("authority is %q, want %s", sender, s.Authority)
	}
	return nil
}
