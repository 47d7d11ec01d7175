package types

import (
	"cmp"

	errorsmod "cosmossdk.io/errors"

	"github.com/gotensor/gotensor/x/internal/addr"
)

// DefaultGenesis is the state before anyone has set weights.
func DefaultGenesis() *GenesisState { return &GenesisState{} }

// Validate checks the state without reference to other modules: netuids, heights, row and hash shapes, and the order of every list,
// which also keeps each key single. It fails with ErrGenesis.
func (g GenesisState) Validate() error {
	for i, w := range g.Neurons {
		if err := w.validate(); err != nil {
			return errorsmod.Wrapf(ErrGenesis, "neurons[%d]: %s", i, err)
		}
		if i > 0 && !before(g.Neurons[i-1], w) {
			return errorsmod.Wrapf(ErrGenesis, "neurons[%d] (netuid %d, %s): sort by netuid, hotkey and registered_height, each once", i, w.Netuid, w.Hotkey)
		}
	}
	for i, b := range g.BondsHeights {
		if _, err := NetUID(b.Netuid); err != nil {
			return errorsmod.Wrapf(ErrGenesis, "bonds_heights[%d]: %s", i, err)
		}
		if b.Height < 0 {
			return errorsmod.Wrapf(ErrGenesis, "bonds_heights[%d]: height is %d, want 0 or more", i, b.Height)
		}
		if i > 0 && b.Netuid <= g.BondsHeights[i-1].Netuid {
			return errorsmod.Wrapf(ErrGenesis, "bonds_heights[%d]: netuid %d twice or out of order", i, b.Netuid)
		}
	}
	return nil
}

// before orders two registrations as the exporter does; bech32 strings of one prefix and length sort in their own way, so
// the hotkey's order is that of its text.
func before(a, b GenesisNeuronWeights) bool {
	return cmp.Or(cmp.Compare(a.Netuid, b.Netuid), cmp.Compare(a.Hotkey, b.Hotkey),
		cmp.Compare(a.RegisteredHeight, b.RegisteredHeight)) < 0
}

func (w GenesisNeuronWeights) validate() error {
	if _, err := NetUID(w.Netuid); err != nil {
		return err
	}
	if _, err := addr.Account(w.Hotkey); err != nil {
		return errorsmod.Wrapf(ErrField, "hotkey: %s", err)
	}
	if w.RegisteredHeight < 0 {
		return errorsmod.Wrapf(ErrField, "registered_height is %d, want 0 or more", w.RegisteredHeight)
	}
	if err := w.Weights.Validate(); err != nil {
		return errorsmod.Wrap(err, "weights")
	}
	if err := w.Bonds.Validate(); err != nil {
		return errorsmod.Wrap(err, "bonds")
	}
	for i, c := range w.Commitments {
		switch {
		case len(c.Hash) != HashLen:
			return errorsmod.Wrapf(ErrField, "commitments[%d]: hash has %d bytes, want %d", i, len(c.Hash), HashLen)
		case c.Height < 0:
			return errorsmod.Wrapf(ErrField, "commitments[%d]: height is %d, want 0 or more", i, c.Height)
		case c.LeastEntries > c.MostEntries || c.MostEntries > MaxEntries:
			return errorsmod.Wrapf(ErrField, "commitments[%d]: least_entries is %d and most_entries %d, want them in order and at most %d",
				i, c.LeastEntries, c.MostEntries, MaxEntries)
		case i > 0 && c.Epoch <= w.Commitments[i-1].Epoch:
			return errorsmod.Wrapf(ErrField, "commitments[%d]: epoch %d after %d, sort them and give each once", i, c.Epoch, w.Commitments[i-1].Epoch)
		}
	}
	return nil
}
