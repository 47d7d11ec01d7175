package axon

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/fair"
)

// TestNobodyEndsInVain: a call that would find no room even in place of all that come after it is refused, and they go on.
func TestNobodyEndsInVain(t *testing.T) {
	h := &holds{maxCalls: 10, maxPerCaller: 10, maxBytes: 1000, stats: &counters{}, calls: map[*call]struct{}{}, per: map[gotensor.Address]int{}}
	held := func(weight uint64) *call {
		c := &call{claim: fair.Claim{Caller: gotensor.Address{byte(weight)}, Weight: weight}, turn: &turn{granted: time.Now()}}
		c.Context, c.cancel = context.WithCancel(t.Context())
		return c
	}
	light, other, heavy := held(1), held(1), held(3)
	require.NoError(t, h.add(light, 100))
	require.NoError(t, h.add(other, 100))
	require.NoError(t, h.add(heavy, 600))
	middle := held(2)
	require.Error(t, h.add(middle, 401))
	require.NoError(t, light.Err())
	require.NoError(t, other.Err())
	require.Equal(t, int64(800), h.bytes)
	require.NoError(t, h.add(middle, 400))
	require.Error(t, light.Err())
	require.Error(t, other.Err())
	require.NoError(t, heavy.Err())
	require.Equal(t, int64(1000), h.bytes)
	for _, c := range []*call{light, other, middle, middle, heavy} {
		h.remove(c)
	}
	require.Zero(t, h.bytes)
	require.Empty(t, h.per)
	require.NoError(t, h.add(middle, 1), "it is over")
	require.Empty(t, h.calls)
}
