package keeper

import (
	"context"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/gotensor/gotensor/x/producer/types"
)

// InitGenesis stores the state and returns CometBFT's first set: the powers that an exported chain last told, or for a new
// chain the eligible producers. x/staking must be initialised before. It fails if the set is empty.
func (k Keeper) InitGenesis(ctx context.Context, g types.GenesisState) ([]abci.ValidatorUpdate, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	if err := k.params.Set(ctx, g.Params); err != nil {
		return nil, err
	}
	for i, p := range g.Producers {
		addr, err := k.staking.ValidatorAddressCodec().StringToBytes(p.Validator)
		if err != nil {
			return nil, fmt.Errorf("%w: producers[%d].validator: %w", types.ErrGenesis, i, err)
		}
		if _, found, err := k.validator(ctx, addr); err != nil || !found {
			return nil, fmt.Errorf("%w: producers[%d].validator %s is no staking validator", types.ErrGenesis, i, p.Validator)
		}
		if err := k.producers.Set(ctx, addr, p); err != nil {
			return nil, err
		}
	}
	var updates []abci.ValidatorUpdate
	for i, p := range g.Powers {
		addr, err := k.staking.ValidatorAddressCodec().StringToBytes(p.Validator)
		if err != nil {
			return nil, fmt.Errorf("%w: powers[%d].validator: %w", types.ErrGenesis, i, err)
		}
		if err := k.powers.Set(ctx, addr, p); err != nil {
			return nil, err
		}
		updates = append(updates, update(p.PubKey, p.Power))
	}
	if len(g.Powers) == 0 {
		var err error
		if updates, err = k.Updates(ctx); err != nil {
			return nil, err
		}
	}
	if len(updates) == 0 {
		return nil, fmt.Errorf("%w: genesis needs one bonded validator of at least 1 TAO among its producers", types.ErrValidatorEmpty)
	}
	return updates, nil
}

// ExportGenesis returns the whole state, each list by validator address.
func (k Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	producers, err := k.Producers(ctx)
	if err != nil {
		return nil, err
	}
	powers, err := k.Powers(ctx)
	if err != nil {
		return nil, err
	}
	return &types.GenesisState{Params: params, Producers: producers, Powers: powers}, nil
}
