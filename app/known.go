package app

import (
	"errors"

	abci "github.com/cometbft/cometbft/abci/types"

	"cosmossdk.io/core/comet"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// knownOnly leaves out of a block's votes and evidence what concerns validators that x/staking has forgotten. CometBFT's set follows two
// blocks late, and evidence stays valid by height when it is too old by time; x/distribution, x/slashing and x/evidence all fail on
// a validator that they cannot find, and a BeginBlock that fails halts the chain. Nothing is lost: who has no stake left
// can neither be paid nor slashed. Work per block: one read per vote and per piece of evidence.
func (a *App) knownOnly(ctx sdk.Context) (sdk.Context, error) {
	var votes []abci.VoteInfo
	for _, v := range ctx.VoteInfos() {
		ok, err := a.isStaking(ctx, v.Validator.Address)
		if err != nil {
			return ctx, err
		}
		if ok {
			votes = append(votes, v)
		}
	}
	ctx = ctx.WithVoteInfos(votes)
	info := ctx.CometInfo()
	if info == nil || info.GetEvidence() == nil {
		return ctx, nil
	}
	var known evidenceList
	for i := range info.GetEvidence().Len() {
		e := info.GetEvidence().Get(i)
		ok, err := a.isStaking(ctx, e.Validator().Address())
		if err != nil {
			return ctx, err
		}
		if ok {
			known = append(known, e)
		}
	}
	return ctx.WithCometInfo(knownInfo{info, known}), nil
}

// isStaking tells whether a consensus address belongs to a staking validator, in any state.
func (a *App) isStaking(ctx sdk.Context, address []byte) (bool, error) {
	_, err := a.Staking.GetValidatorByConsAddr(ctx, address)
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return false, nil
	}
	return err == nil, err
}

// knownInfo is what CometBFT tells of a block, with the evidence that concerns anybody.
type knownInfo struct {
	comet.BlockInfo
	evidence evidenceList
}

// GetEvidence returns the evidence against validators that x/staking knows.
func (i knownInfo) GetEvidence() comet.EvidenceList { return i.evidence }

type evidenceList []comet.Evidence

// Len is the number of pieces.
func (l evidenceList) Len() int { return len(l) }

// Get returns one of them.
func (l evidenceList) Get(i int) comet.Evidence { return l[i] }
