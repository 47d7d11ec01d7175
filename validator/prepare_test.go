package validator

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
)

// preparation is of alice, who has a balance and nothing else.
func (s *stage) preparation() Preparation {
	return Preparation{
		Chain: s.client, Coldkey: fakenode.Key("alice"), Hotkey: fakenode.Key("alice-hot"), NetUID: 1, Stake: 5 * gotensor.RaoPerTAO,
		TakePPM: 180_000, Moniker: "alice", Log: s.log.Logger(),
		Register: func(context.Context) error {
			s.chain.Edit(func(w *fakenode.World) {
				w.Neurons = append(w.Neurons, &fakenode.Neuron{Hotkey: fakenode.Addr("alice-hot"), Coldkey: fakenode.Addr("alice"), Registered: w.Height})
			})
			return nil
		},
	}
}

// TestPrepare: it makes what is missing, and nothing twice.
func TestPrepare(t *testing.T) {
	s := newStage(t)
	require.NoError(t, Prepare(t.Context(), s.preparation()))
	v, err := s.client.Validator(t.Context(), fakenode.Addr("alice"))
	require.NoError(t, err)
	require.Equal(t, 5*gotensor.RaoPerTAO, v.Stake)
	_, err = s.client.Neuron(t.Context(), 1, fakenode.Addr("alice-hot"))
	require.NoError(t, err)
	all, err := s.client.Appointments(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2, "north's and ours")
	require.Equal(t, account("alice-hot"), all[0].Hotkey)
	require.Equal(t, 2, s.broadcasts())

	p := s.preparation()
	p.Register = func(context.Context) error { return errors.New("registered already") }
	require.NoError(t, Prepare(t.Context(), p))
	require.Equal(t, 2, s.broadcasts(), "the second time there is nothing to do")
}

func TestPrepareRefuses(t *testing.T) {
	t.Run("too little stake", func(t *testing.T) {
		s := newStage(t)
		p := s.preparation()
		p.Stake = gotensor.RaoPerTAO - 1
		err := Prepare(t.Context(), p)
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, "want at least 1")
		require.Zero(t, s.broadcasts())
	})
	t.Run("no registration", func(t *testing.T) {
		s := newStage(t)
		p := s.preparation()
		closed := errors.New("closed")
		p.Register = func(context.Context) error { return closed }
		require.ErrorIs(t, Prepare(t.Context(), p), closed)
	})
	t.Run("too little money", func(t *testing.T) {
		s := newStage(t)
		p := s.preparation()
		p.Stake = 1000 * gotensor.RaoPerTAO
		require.ErrorContains(t, Prepare(t.Context(), p), "create the staking validator")
	})
}

func TestActing(t *testing.T) {
	mine := func(a neuron.Appointment) bool { return a.Validator == "mine" }
	general := neuron.Appointment{Validator: "mine", Netuid: uint32(neuron.AllSubnets), Hotkey: "general"}
	here := neuron.Appointment{Validator: "mine", Netuid: 1, Hotkey: "here"}
	there := neuron.Appointment{Validator: "mine", Netuid: 2, Hotkey: "there"}
	other := neuron.Appointment{Validator: "other", Netuid: 1, Hotkey: "other"}
	require.Nil(t, acting([]neuron.Appointment{there, other}, 1, mine))
	require.Equal(t, "general", acting([]neuron.Appointment{general, there, other}, 1, mine).Hotkey)
	require.Equal(t, "here", acting([]neuron.Appointment{here, general}, 1, mine).Hotkey)
	require.Equal(t, "here", acting([]neuron.Appointment{general, here}, 1, mine).Hotkey, "the subnet's own goes first")
}

func TestRisk(t *testing.T) {
	north, judge := keys.Operator(fakenode.Addr("north")), fakenode.Addr("judge")
	for _, tc := range []struct {
		name   string
		world  func(w *fakenode.World)
		hotkey gotensor.Address
		says   string
	}{
		{"a validator without a node", nil, judge, "not at risk: " + north + " does not produce blocks"},
		{"a producer", func(w *fakenode.World) { w.Validators[0].Producer = true }, judge, "at risk: " + north},
		{"not registered", nil, fakenode.Addr("bob"), "none: this hotkey is not registered"},
		{"a miner", nil, fakenode.Addr("miner-1"), "none: no staking validator has appointed this hotkey"},
		{
			"appointed in this period", func(w *fakenode.World) {
				w.Appointments = []neuron.Appointment{{Validator: north, Netuid: 1, Hotkey: account("miner-1"), Height: 11}}
			}, fakenode.Addr("miner-1"), "none yet: " + north + " has appointed this hotkey, and its stake counts from block 30 on",
		},
		{
			"appointed on all subnets", func(w *fakenode.World) {
				w.Appointments = []neuron.Appointment{{Validator: north, Netuid: uint32(neuron.AllSubnets), Hotkey: account("miner-1"), Height: 10}}
			}, fakenode.Addr("miner-1"), "from block 30 on",
		},
		{
			"appointed long ago by somebody without stake", func(w *fakenode.World) {
				w.Appointments = []neuron.Appointment{{Validator: north, Netuid: 1, Hotkey: account("miner-1"), Height: 9}}
			}, fakenode.Addr("miner-1"), "none: " + north + " has appointed this hotkey, but has no stake that counts",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t)
			if tc.world != nil {
				s.chain.Edit(tc.world)
			}
			require.Contains(t, Risk(t.Context(), s.client, 1, tc.hotkey), tc.says)
		})
	}
	t.Run("no node", func(t *testing.T) {
		s := newStage(t)
		s.chain.Stop()
		require.Contains(t, Risk(t.Context(), s.client, 1, judge), "unknown: ")
	})
}
