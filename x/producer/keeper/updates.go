package keeper

import (
	"bytes"
	"context"
	"fmt"
	"sort"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/gotensor/gotensor/x/producer/types"
)

// member is a validator in the set that CometBFT should have.
type member struct {
	addr  []byte
	power types.Power
}

// Updates brings CometBFT's set in line with stake and opt-ins: it stores the new set and returns the difference to the
// former one by validator address. While nobody is eligible it changes nothing, so that the set is never empty. It reads every
// validator that opted in, at most as many as were ever bonded at once.
func (k Keeper) Updates(ctx context.Context) ([]abci.ValidatorUpdate, error) {
	want, err := k.eligible(ctx)
	if err != nil {
		return nil, fmt.Errorf("choose producers: %w", err)
	}
	if len(want) == 0 {
		return nil, nil
	}
	return k.replace(ctx, want)
}

// eligible returns the validators that are bonded, not jailed and opted in and hold a whole TAO, the largest MaxProducers of
// them, by address. Opt-ins of validators that no longer exist are forgotten.
func (k Keeper) eligible(ctx context.Context) ([]member, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	optIns, err := k.producers.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	addrs, err := optIns.Keys()
	if err != nil {
		return nil, err
	}
	var all []member
	for _, addr := range addrs {
		v, found, err := k.validator(ctx, addr)
		if err != nil {
			return nil, err
		}
		if !found {
			if err := k.producers.Remove(ctx, addr); err != nil {
				return nil, err
			}
			continue
		}
		p := v.ConsensusPower(k.staking.PowerReduction(ctx))
		if v.IsJailed() || p < 1 { // ConsensusPower is 0 unless bonded
			continue
		}
		key, err := consensusKey(v)
		if err != nil {
			return nil, err
		}
		all = append(all, member{addr, types.Power{Validator: v.OperatorAddress, PubKey: key, Power: p}})
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].power.Power > all[j].power.Power })
	if len(all) > int(params.MaxProducers) {
		all = all[:params.MaxProducers]
	}
	sort.Slice(all, func(i, j int) bool { return bytes.Compare(all[i].addr, all[j].addr) < 0 })
	return all, nil
}

// replace stores the set and returns what changed: departures first, then new powers, each by address. A key that changes hands within
// one block, or a validator that was made anew with another key, is one change per key: CometBFT refuses two.
func (k Keeper) replace(ctx context.Context, want []member) ([]abci.ValidatorUpdate, error) {
	it, err := k.powers.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	told, err := it.KeyValues()
	if err != nil {
		return nil, err
	}
	wanted := make(map[string]types.Power, len(want))
	stays := make(map[string]bool, len(want))
	for _, m := range want {
		wanted[string(m.addr)] = m.power
		stays[string(m.power.PubKey)] = true
	}
	former := make(map[string]int64, len(told)) // key -> power
	var updates []abci.ValidatorUpdate
	for _, kv := range told {
		former[string(kv.Value.PubKey)] = kv.Value.Power
		if !stays[string(kv.Value.PubKey)] {
			updates = append(updates, update(kv.Value.PubKey, 0))
		}
		if _, ok := wanted[string(kv.Key)]; ok {
			continue
		}
		if err := k.powers.Remove(ctx, kv.Key); err != nil {
			return nil, err
		}
	}
	for _, m := range want {
		if former[string(m.power.PubKey)] != m.power.Power {
			updates = append(updates, update(m.power.PubKey, m.power.Power))
		}
		if err := k.powers.Set(ctx, m.addr, m.power); err != nil {
			return nil, err
		}
	}
	return updates, nil
}

func update(key []byte, power int64) abci.ValidatorUpdate {
	return abci.ValidatorUpdate{PubKey: cmtcrypto.PublicKey{Sum: &cmtcrypto.PublicKey_Ed25519{Ed25519: key}}, Power: power}
}

// consensusKey returns the validator's ed25519 key, 32 bytes, or ErrConsensusKey.
func consensusKey(v stakingtypes.Validator) ([]byte, error) {
	key, err := v.ConsPubKey()
	if err != nil {
		return nil, err
	}
	if _, ok := key.(*ed25519.PubKey); !ok {
		return nil, fmt.Errorf("%w: validator %s has a %s key", types.ErrConsensusKey, v.OperatorAddress, key.Type())
	}
	return key.Bytes(), nil
}
