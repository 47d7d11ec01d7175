package metagraph_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/metagraph"
)

func neurons(n int) []metagraph.Neuron {
	out := make([]metagraph.Neuron, n)
	for i := range out {
		out[i] = metagraph.Neuron{UID: gotensor.UID(i), Hotkey: gotensor.Address{byte(i + 1)}, Registered: 5}
	}
	return out
}

func TestNewRefusesWhatIsNoSubnet(t *testing.T) {
	gap := neurons(3)
	gap[2].UID = 3
	twice := neurons(3)
	twice[2].Hotkey = twice[0].Hotkey
	for name, in := range map[string][]metagraph.Neuron{"a gap": gap, "a hotkey twice": twice} {
		t.Run(name, func(t *testing.T) {
			_, err := metagraph.New(metagraph.Info{}, in)
			require.ErrorIs(t, err, metagraph.ErrShape)
		})
	}
}

func TestSnapshotDoesNotFollowItsSource(t *testing.T) {
	in := neurons(2)
	m, err := metagraph.New(metagraph.Info{NetUID: 1}, in)
	require.NoError(t, err)
	in[1].Incentive = 7
	got, ok := m.ByHotkey(gotensor.Address{2})
	require.True(t, ok)
	require.Zero(t, got.Incentive)
	_, ok = m.At(2)
	require.False(t, ok)
	_, ok = m.ByHotkey(gotensor.Address{9})
	require.False(t, ok)
}

func TestDiff(t *testing.T) {
	now := neurons(4)
	now[1].Registered = 9
	now[2].Endpoint.Addr = netip.MustParseAddrPort("127.0.0.1:9000")
	now[3].Incentive = 1
	old, err := metagraph.New(metagraph.Info{}, neurons(4))
	require.NoError(t, err)
	m, err := metagraph.New(metagraph.Info{}, append(now, metagraph.Neuron{UID: 4, Hotkey: gotensor.Address{8}}))
	require.NoError(t, err)
	require.Equal(t, []metagraph.Change{
		{UID: 1, Replaced: true}, {UID: 2, Moved: true}, {UID: 3, Weighed: true}, {UID: 4, Replaced: true},
	}, m.Diff(old))
	require.Len(t, m.Diff(nil), 5)
	require.Empty(t, m.Diff(m))
}

func ExampleMetagraph_All() {
	m, err := metagraph.New(metagraph.Info{NetUID: 1, Height: 40}, []metagraph.Neuron{
		{UID: 0, Hotkey: gotensor.Address{1}, Incentive: 65535},
		{UID: 1, Hotkey: gotensor.Address{2}, Permit: true},
	})
	if err != nil {
		panic(err)
	}
	for n := range m.All() {
		fmt.Println(n.UID, n.Incentive, n.Permit)
	}
	// Output:
	// 0 65535 false
	// 1 0 true
}
