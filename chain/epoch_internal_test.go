package chain

import (
	"testing"

	"github.com/stretchr/testify/require"

	emission "github.com/gotensor/gotensor/x/emission/types"
	"github.com/gotensor/gotensor/yuma"
)

// packedInput is an answer for two uids, of which the first weighs the second.
func packedInput() *emission.QueryEpochInputResponse {
	return &emission.QueryEpochInputResponse{
		Netuid: 1, Height: 9, N: 2, OwnerUid: -1, Hotkeys: make([]byte, 40), Validators: make([]byte, 40), Stake: []byte{15: 0, 0: 9},
		LastUpdate: []byte{15: 0, 0: 5}, Registered: make([]byte, 16), Permit: []byte{1, 0},
		Params:  emission.EpochParams{Kappa: 32767, MaxAllowedValidators: 2, ActivityCutoff: 10},
		Weights: []emission.EpochRow{{Uid: 0, Uids: []byte{1, 0}, Values: []byte{7, 0}}},
	}
}

func TestUnpackEpochInput(t *testing.T) {
	e := Epoch{Report: emission.EpochReport{Height: 10}}
	require.NoError(t, e.unpack(packedInput()))
	require.Equal(t, yuma.Row{UIDs: []uint16{1}, Values: []uint16{7}}, e.Input.Weights[0])
	require.Nil(t, e.Input.Owner)
	for name, spoil := range map[string]func(*emission.QueryEpochInputResponse){
		"another height":   func(r *emission.QueryEpochInputResponse) { r.Height = 8 },
		"too many uids":    func(r *emission.QueryEpochInputResponse) { r.N = 1 << 20 },
		"short column":     func(r *emission.QueryEpochInputResponse) { r.Stake = r.Stake[1:] },
		"owner":            func(r *emission.QueryEpochInputResponse) { r.OwnerUid = 2 },
		"kappa":            func(r *emission.QueryEpochInputResponse) { r.Params.Kappa = 65536 },
		"steepness":        func(r *emission.QueryEpochInputResponse) { r.Params.AlphaSigmoidSteepness = 40_000 },
		"row of nobody":    func(r *emission.QueryEpochInputResponse) { r.Weights[0].Uid = 2 },
		"row to nobody":    func(r *emission.QueryEpochInputResponse) { r.Weights[0].Uids = []byte{2, 0} },
		"half a weight":    func(r *emission.QueryEpochInputResponse) { r.Weights[0].Values = []byte{7} },
		"two rows for one": func(r *emission.QueryEpochInputResponse) { r.Weights = append(r.Weights, r.Weights[0]) },
		"bonds":            func(r *emission.QueryEpochInputResponse) { r.Bonds = []emission.EpochRow{{Uid: 9}} },
	} {
		r := packedInput()
		spoil(r)
		e := Epoch{Report: emission.EpochReport{Height: 10}}
		require.ErrorIs(t, e.unpack(r), ErrBadAnswer, name)
	}
}

// FuzzEpochInput: no answer of a node makes the client or the replay panic.
func FuzzEpochInput(f *testing.F) {
	seed, err := packedInput().Marshal()
	require.NoError(f, err)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		var r emission.QueryEpochInputResponse
		if r.Unmarshal(data) != nil {
			t.Skip("no message")
		}
		e := Epoch{Report: emission.EpochReport{Height: r.Height + 1}}
		if err := e.unpack(&r); err != nil {
			require.ErrorIs(t, err, ErrBadAnswer)
			return
		}
		_, _ = yuma.Epoch(&e.Input) // it may refuse; it must not panic
	})
}
