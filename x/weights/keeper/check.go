package keeper

import (
	"context"
	"fmt"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/weights/types"
)

// Check returns what is wrong with the stored rows, bonds and commitments of a subnet, in words; nothing is: an empty slice. Every
// stored value must belong to a present registration, rows must be well-formed for the subnet's size, and commitments must be
// of the present period or the one before.
func (k Keeper) Check(ctx context.Context, netuid gotensor.NetUID) ([]string, error) {
	neurons, err := k.neurons.Neurons(ctx, netuid)
	if err != nil {
		return nil, err
	}
	index, err := indexOf(neurons)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, kind := range []struct {
		name string
		rows rowMap
	}{{"weights", k.rows}, {"bonds", k.bonds}} {
		err := kind.rows.Walk(ctx, rowsOf(netuid), func(key registration, row types.Row) (bool, error) {
			uid, ok := index[identity{string(key.K2()), key.K3()}]
			if !ok {
				problems = append(problems, fmt.Sprintf("%s of subnet %d belong to nobody: hotkey %X registered at %d", kind.name, netuid, key.K2(), key.K3()))
			} else if _, err := row.Entries(len(neurons)); err != nil {
				problems = append(problems, fmt.Sprintf("%s of subnet %d, uid %d: %s", kind.name, netuid, uid, err))
			}
			return false, nil
		})
		if err != nil {
			return nil, err
		}
	}
	clock, err := k.subnets.Clock(ctx, netuid)
	if err != nil {
		return nil, err
	}
	err = k.commitments.Walk(ctx, commitmentsIn(netuid), func(key committed, c types.Commitment) (bool, error) {
		if _, ok := index[identity{string(key.K2()), key.K3()}]; !ok {
			problems = append(problems, fmt.Sprintf("commitment of subnet %d belongs to nobody: hotkey %X registered at %d", netuid, key.K2(), key.K3()))
		}
		if key.K4() > clock.Epoch || clock.Epoch-key.K4() > 1 || c.Epoch != key.K4() {
			problems = append(problems, fmt.Sprintf("commitment of subnet %d in period %d is stored in period %d", netuid, key.K4(), clock.Epoch))
		}
		return false, nil
	})
	return problems, err
}
