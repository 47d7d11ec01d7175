package types

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
)

func TestGenesisValidate(t *testing.T) {
	a, b := addr.FormatAccount(gotensor.Address{1}), addr.FormatAccount(gotensor.Address{2})
	if a > b {
		a, b = b, a
	}
	hash := bytes.Repeat([]byte{1}, HashLen)
	tests := []struct {
		name  string
		state GenesisState
		fail  string
	}{
		{"default", *DefaultGenesis(), ""},
		{"full", GenesisState{
			Neurons: []GenesisNeuronWeights{
				{Netuid: 1, Hotkey: a, RegisteredHeight: 4, Weights: row(t, 0, 1), Commitments: []Commitment{{Epoch: 3, Hash: hash}, {Epoch: 4, Hash: hash}}},
				{Netuid: 1, Hotkey: b},
				{Netuid: 2, Hotkey: a},
			},
			BondsHeights: []BondsHeight{{Netuid: 1, Height: 7}, {Netuid: 2}},
		}, ""},
		{"netuid 0", GenesisState{Neurons: []GenesisNeuronWeights{{Hotkey: a}}}, "netuid is 0"},
		{"no hotkey", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1}}}, "hotkey"},
		{"negative height", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1, Hotkey: a, RegisteredHeight: -1}}}, "registered_height is -1"},
		{"bad row", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1, Hotkey: a, Weights: Row{Uids: []byte{1}}}}}, "weights"},
		{"bad bonds", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1, Hotkey: a, Bonds: Row{Uids: []byte{1}}}}}, "bonds"},
		{"short hash", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1, Hotkey: a, Commitments: []Commitment{{Hash: hash[1:]}}}}}, "hash has 31 bytes"},
		{"commitment height", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1, Hotkey: a, Commitments: []Commitment{{Hash: hash, Height: -1}}}}}, "height is -1"},
		{"commitments unsorted", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1, Hotkey: a, Commitments: []Commitment{{Epoch: 4, Hash: hash}, {Epoch: 4, Hash: hash}}}}}, "epoch 4 after 4"},
		{"neuron twice", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1, Hotkey: a}, {Netuid: 1, Hotkey: a}}}, "neurons[1]"},
		{"neurons unsorted", GenesisState{Neurons: []GenesisNeuronWeights{{Netuid: 1, Hotkey: b}, {Netuid: 1, Hotkey: a}}}, "neurons[1]"},
		{"bonds height negative", GenesisState{BondsHeights: []BondsHeight{{Netuid: 1, Height: -1}}}, "height is -1"},
		{"bonds height netuid", GenesisState{BondsHeights: []BondsHeight{{Netuid: 65535}}}, "netuid is 65535"},
		{"bonds height twice", GenesisState{BondsHeights: []BondsHeight{{Netuid: 1}, {Netuid: 1}}}, "netuid 1 twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.state.Validate()
			if tt.fail == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrGenesis)
			require.ErrorContains(t, err, tt.fail)
		})
	}
}

func TestMessagesValidate(t *testing.T) {
	hotkey := addr.FormatAccount(gotensor.Address{1})
	hash := bytes.Repeat([]byte{1}, HashLen)
	tests := []struct {
		name string
		msg  interface{ ValidateBasic() error }
		is   error
	}{
		{"commit", &MsgCommit{Hotkey: hotkey, Netuid: 1, Hash: hash}, nil},
		{"commit without netuid", &MsgCommit{Hotkey: hotkey, Hash: hash}, ErrField},
		{"commit for a validator address", &MsgCommit{Hotkey: addr.FormatValidator(gotensor.Address{1}), Netuid: 1, Hash: hash}, ErrField},
		{"commit with a short hash", &MsgCommit{Hotkey: hotkey, Netuid: 1, Hash: hash[1:]}, ErrField},
		{"reveal", &MsgReveal{Hotkey: hotkey, Netuid: 1, Row: row(t, 1, 1), Salt: hash}, nil},
		{"reveal without netuid", &MsgReveal{Hotkey: hotkey, Salt: hash}, ErrField},
		{"reveal without hotkey", &MsgReveal{Netuid: 1, Salt: hash}, ErrField},
		{"reveal with a long salt", &MsgReveal{Hotkey: hotkey, Netuid: 1, Salt: append(hash, 1)}, ErrField},
		{"reveal of a broken row", &MsgReveal{Hotkey: hotkey, Netuid: 1, Salt: hash, Row: Row{Values: []byte{1, 0}}}, ErrRow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.msg.ValidateBasic(); tt.is == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, tt.is)
			}
		})
	}
}
