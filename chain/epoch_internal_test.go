package chain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/metagraph"
	emission "github.com/gotensor/gotensor/x/emission/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
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

// TestSeeStake: what a node says was stored must be possible, so that no uid is left out of a comparison without a reason.
func TestSeeStake(t *testing.T) {
	see := func(change func(n *metagraph.Neuron)) (*Epoch, error) {
		e := &Epoch{Report: emission.EpochReport{Height: 10}}
		require.NoError(t, e.unpack(packedInput()))
		e.Hotkeys = []gotensor.Address{{1}, {2}}
		first := metagraph.Neuron{UID: 0, Hotkey: e.Hotkeys[0], EpochStake: 9, Registered: 3}
		change(&first)
		var err error
		e.After, err = metagraph.New(metagraph.Info{}, []metagraph.Neuron{first, {UID: 1, Hotkey: e.Hotkeys[1]}})
		require.NoError(t, err)
		return e, e.seeStake(10)
	}
	e, err := see(func(n *metagraph.Neuron) { n.EpochStake = 4 })
	require.NoError(t, err)
	require.Equal(t, []gotensor.UID{0}, e.Slashed)
	require.Equal(t, gotensor.Rao(4), e.Input.Alpha[0])
	e, err = see(func(n *metagraph.Neuron) { n.EpochStake = 10 })
	require.NoError(t, err)
	require.Empty(t, e.Slashed)
	require.Equal(t, gotensor.Rao(9), e.Input.Alpha[0], "no block adds stake before its epoch: the replay is to differ")
	e, err = see(func(n *metagraph.Neuron) { n.Hotkey, n.Registered = gotensor.Address{7}, 10 })
	require.NoError(t, err)
	require.Equal(t, []gotensor.UID{0}, e.Replaced)
	_, err = see(func(n *metagraph.Neuron) { n.Hotkey = gotensor.Address{7} })
	require.ErrorIs(t, err, ErrBadAnswer)
	_, err = see(func(n *metagraph.Neuron) { n.Registered = 11 })
	require.ErrorIs(t, err, ErrBadAnswer)
}

func TestSeeBonds(t *testing.T) {
	e := &Epoch{Report: emission.EpochReport{Height: 10}}
	require.NoError(t, e.unpack(packedInput()))
	var err error
	e.After, err = metagraph.New(metagraph.Info{}, []metagraph.Neuron{{UID: 0, Hotkey: gotensor.Address{1}}, {UID: 1, Hotkey: gotensor.Address{2}}})
	require.NoError(t, err)
	row := weights.Row{Uids: []byte{1, 0}, Values: []byte{7, 0}}
	require.NoError(t, e.seeBonds([]weights.UIDRow{{Uid: 0, Row: row}}))
	require.Equal(t, []yuma.Row{{UIDs: []uint16{1}, Values: []uint16{7}}, {}}, e.Bonds)
	for name, bad := range map[string][]weights.UIDRow{
		"twice":     {{Uid: 0, Row: row}, {Uid: 0, Row: row}},
		"of nobody": {{Uid: 2, Row: row}},
		"to nobody": {{Uid: 0, Row: weights.Row{Uids: []byte{2, 0}, Values: []byte{7, 0}}}},
	} {
		err := e.seeBonds(bad)
		require.ErrorIs(t, err, ErrBadAnswer, name)
		require.NotContains(t, err.Error(), "nil", name)
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
