package fakenode

import (
	"context"
	"math/big"

	authv1beta1 "cosmossdk.io/api/cosmos/auth/v1beta1"
	bankv1beta1 "cosmossdk.io/api/cosmos/bank/v1beta1"
	nodev1beta1 "cosmossdk.io/api/cosmos/base/node/v1beta1"
	basequeryv1beta1 "cosmossdk.io/api/cosmos/base/query/v1beta1"
	tendermintv1beta1 "cosmossdk.io/api/cosmos/base/tendermint/v1beta1"
	basev1beta1 "cosmossdk.io/api/cosmos/base/v1beta1"
	distributionv1beta1 "cosmossdk.io/api/cosmos/distribution/v1beta1"
	stakingv1beta1 "cosmossdk.io/api/cosmos/staking/v1beta1"
	blocktypes "cosmossdk.io/api/tendermint/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// decUnit is one in the SDK's decimals, which travel as integers with 18 places.
var decUnit = big.NewInt(1_000_000_000_000_000_000)

func decCoin(r gotensor.Rao) []*basev1beta1.DecCoin {
	return []*basev1beta1.DecCoin{{Denom: gotensor.BaseDenom, Amount: new(big.Int).Mul(r.Atao(), decUnit).String()}}
}

type authQueries struct {
	authv1beta1.UnimplementedQueryServer
	*Node
}

func (q authQueries) Account(_ context.Context, r *authv1beta1.QueryAccountRequest) (*authv1beta1.QueryAccountResponse, error) {
	who, err := keys.ParseAccount(r.GetAddress())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	x, ok := q.world.Accounts[who]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "account %s not found", r.GetAddress())
	}
	packed, err := anypb.New(&authv1beta1.BaseAccount{Address: r.GetAddress(), AccountNumber: x.Number, Sequence: x.Sequence})
	return &authv1beta1.QueryAccountResponse{Account: packed}, err
}

type bankQueries struct {
	bankv1beta1.UnimplementedQueryServer
	*Node
}

func (q bankQueries) Balance(_ context.Context, r *bankv1beta1.QueryBalanceRequest) (*bankv1beta1.QueryBalanceResponse, error) {
	who, err := keys.ParseAccount(r.GetAddress())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	amount := gotensor.Rao(0)
	if x, ok := q.world.Accounts[who]; ok {
		amount = x.Free
	}
	return &bankv1beta1.QueryBalanceResponse{Balance: &basev1beta1.Coin{Denom: r.GetDenom(), Amount: atao(amount)}}, nil
}

type stakingQueries struct {
	stakingv1beta1.UnimplementedQueryServer
	*Node
}

func (q stakingQueries) view(v *Validator) *stakingv1beta1.Validator {
	state := stakingv1beta1.BondStatus_BOND_STATUS_BONDED
	if v.Jailed {
		state = stakingv1beta1.BondStatus_BOND_STATUS_UNBONDED
	}
	rate := new(big.Int).Mul(big.NewInt(int64(v.TakePPM)), big.NewInt(1_000_000_000_000))
	return &stakingv1beta1.Validator{
		OperatorAddress: keys.Operator(v.Operator), Jailed: v.Jailed, Status: state, Tokens: atao(v.Stake),
		Description: &stakingv1beta1.Description{Moniker: v.Moniker},
		Commission:  &stakingv1beta1.Commission{CommissionRates: &stakingv1beta1.CommissionRates{Rate: rate.String()}},
	}
}

func (q stakingQueries) Validator(_ context.Context, r *stakingv1beta1.QueryValidatorRequest) (*stakingv1beta1.QueryValidatorResponse, error) {
	operator, err := keys.ParseOperator(r.GetValidatorAddr())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	v, ok := q.world.validator(operator)
	if !ok {
		return nil, status.Errorf(codes.NotFound, "validator %s not found", r.GetValidatorAddr())
	}
	return &stakingv1beta1.QueryValidatorResponse{Validator: q.view(v)}, nil
}

// Validators gives one validator a page, so that clients have to turn pages.
func (q stakingQueries) Validators(_ context.Context, r *stakingv1beta1.QueryValidatorsRequest) (*stakingv1beta1.QueryValidatorsResponse, error) {
	at := 0
	if key := r.GetPagination().GetKey(); len(key) > 0 {
		at = int(key[0])
	}
	out := &stakingv1beta1.QueryValidatorsResponse{Pagination: &basequeryv1beta1.PageResponse{}}
	if at < len(q.world.Validators) {
		out.Validators = append(out.Validators, q.view(q.world.Validators[at]))
	}
	if at+1 < len(q.world.Validators) {
		out.Pagination.NextKey = []byte{byte(at + 1)}
	}
	return out, nil
}

func (q stakingQueries) DelegatorDelegations(_ context.Context, r *stakingv1beta1.QueryDelegatorDelegationsRequest) (*stakingv1beta1.QueryDelegatorDelegationsResponse, error) {
	out := &stakingv1beta1.QueryDelegatorDelegationsResponse{}
	for _, d := range q.world.Delegations {
		if keys.Account(d.Delegator) != r.GetDelegatorAddr() {
			continue
		}
		out.DelegationResponses = append(out.DelegationResponses, &stakingv1beta1.DelegationResponse{
			Delegation: &stakingv1beta1.Delegation{DelegatorAddress: r.GetDelegatorAddr(), ValidatorAddress: keys.Operator(d.Operator)},
			Balance:    &basev1beta1.Coin{Denom: gotensor.BaseDenom, Amount: atao(d.Stake)},
		})
	}
	return out, nil
}

func (q stakingQueries) DelegatorUnbondingDelegations(_ context.Context, r *stakingv1beta1.QueryDelegatorUnbondingDelegationsRequest) (*stakingv1beta1.QueryDelegatorUnbondingDelegationsResponse, error) {
	out := &stakingv1beta1.QueryDelegatorUnbondingDelegationsResponse{}
	for _, u := range q.world.Unbondings {
		if keys.Account(u.Delegator) != r.GetDelegatorAddr() {
			continue
		}
		out.UnbondingResponses = append(out.UnbondingResponses, &stakingv1beta1.UnbondingDelegation{
			DelegatorAddress: r.GetDelegatorAddr(), ValidatorAddress: keys.Operator(u.Operator),
			Entries: []*stakingv1beta1.UnbondingDelegationEntry{{Balance: atao(u.Amount), CompletionTime: timestamppb.New(u.Free)}},
		})
	}
	return out, nil
}

func (q stakingQueries) Params(context.Context, *stakingv1beta1.QueryParamsRequest) (*stakingv1beta1.QueryParamsResponse, error) {
	return &stakingv1beta1.QueryParamsResponse{Params: &stakingv1beta1.Params{UnbondingTime: durationpb.New(q.world.UnbondingTime)}}, nil
}

type distributionQueries struct {
	distributionv1beta1.UnimplementedQueryServer
	*Node
}

func (q distributionQueries) DelegationTotalRewards(_ context.Context, r *distributionv1beta1.QueryDelegationTotalRewardsRequest) (*distributionv1beta1.QueryDelegationTotalRewardsResponse, error) {
	out := &distributionv1beta1.QueryDelegationTotalRewardsResponse{}
	for _, d := range q.world.Delegations {
		if keys.Account(d.Delegator) == r.GetDelegatorAddress() {
			out.Rewards = append(out.Rewards, &distributionv1beta1.DelegationDelegatorReward{ValidatorAddress: keys.Operator(d.Operator), Reward: decCoin(d.Earned)})
		}
	}
	return out, nil
}

func (q distributionQueries) ValidatorCommission(_ context.Context, r *distributionv1beta1.QueryValidatorCommissionRequest) (*distributionv1beta1.QueryValidatorCommissionResponse, error) {
	out := &distributionv1beta1.ValidatorAccumulatedCommission{}
	for _, v := range q.world.Validators {
		if keys.Operator(v.Operator) == r.GetValidatorAddress() {
			out.Commission = decCoin(v.Commission)
		}
	}
	return &distributionv1beta1.QueryValidatorCommissionResponse{Commission: out}, nil
}

type nodeService struct {
	nodev1beta1.UnimplementedServiceServer
	*Node
}

func (q nodeService) Config(context.Context, *nodev1beta1.ConfigRequest) (*nodev1beta1.ConfigResponse, error) {
	return &nodev1beta1.ConfigResponse{MinimumGasPrice: q.world.GasPrice}, nil
}

type blockService struct {
	tendermintv1beta1.UnimplementedServiceServer
	*Node
}

func (q blockService) GetBlockByHeight(_ context.Context, r *tendermintv1beta1.GetBlockByHeightRequest) (*tendermintv1beta1.GetBlockByHeightResponse, error) {
	if r.GetHeight() < 1 || r.GetHeight() > q.world.Height {
		return nil, status.Errorf(codes.InvalidArgument, "there is no block %d", r.GetHeight())
	}
	hash := q.world.blockHash(r.GetHeight())
	out := &blocktypes.BlockID{Hash: hash[:]}
	if q.faults.ShortHash {
		out.Hash = hash[1:]
	}
	return &tendermintv1beta1.GetBlockByHeightResponse{BlockId: out}, nil
}
