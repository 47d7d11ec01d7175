package keeper

import (
	"context"

	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// stakingServer answers x/staking's messages and refuses those that would take the stake of the last producer: CometBFT's
// set would keep a validator that x/staking forgets, and the chain would halt.
type stakingServer struct {
	stakingtypes.MsgServer
	k Keeper
}

// GuardStaking wraps x/staking's message server with the rule of the last producer.
func GuardStaking(inner stakingtypes.MsgServer, k Keeper) stakingtypes.MsgServer {
	return stakingServer{inner, k}
}

// Undelegate runs x/staking's handler, then fails with ErrLastProducer if no eligible producer is left.
func (s stakingServer) Undelegate(ctx context.Context, msg *stakingtypes.MsgUndelegate) (*stakingtypes.MsgUndelegateResponse, error) {
	res, err := s.MsgServer.Undelegate(ctx, msg)
	if err != nil {
		return nil, err
	}
	return res, s.check(ctx, msg.ValidatorAddress)
}

// BeginRedelegate runs x/staking's handler, then fails with ErrLastProducer if no eligible producer is left.
func (s stakingServer) BeginRedelegate(
	ctx context.Context, msg *stakingtypes.MsgBeginRedelegate,
) (*stakingtypes.MsgBeginRedelegateResponse, error) {
	res, err := s.MsgServer.BeginRedelegate(ctx, msg)
	if err != nil {
		return nil, err
	}
	return res, s.check(ctx, msg.ValidatorSrcAddress)
}

func (s stakingServer) check(ctx context.Context, validator string) error {
	addr, err := s.k.staking.ValidatorAddressCodec().StringToBytes(validator)
	if err != nil {
		return err
	}
	return s.k.CheckNotLast(ctx, addr)
}
