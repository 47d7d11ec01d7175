package route_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
)

func TestProbeChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(100, 50)
		r := w.started(t, nil)
		n, _ := r.Metagraph().At(1)
		_, err := r.Probe(t.Context(), n)
		require.NoError(t, err)

		before := r.Peers("")
		w.miners[1].set(hangs, &dendrite.Error{Kind: dendrite.ErrUnreachable})
		for range 10 {
			_, err = r.Probe(t.Context(), n)
			require.ErrorIs(t, err, dendrite.ErrUnreachable)
		}
		require.Equal(t, before, r.Peers(""), "ten strangers who ask do not bring a neuron down")

		w.miners[1].set(hangs, nil)
		w.miners[1].info.Hotkey = keys.Account(hotkeyOf(0))
		_, err = r.Probe(t.Context(), n)
		require.ErrorContains(t, err, "another neuron answers there")
	})
}
