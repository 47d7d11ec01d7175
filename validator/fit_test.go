package validator

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/mechanism"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

func TestFitRow(t *testing.T) {
	row := mechanism.Row{UIDs: []gotensor.UID{1, 3, 5}, Weights: []uint16{10, 30, 10}}
	for _, tc := range []struct {
		name           string
		n, least, most int
		want           mechanism.Row
	}{
		{"fits", 6, 1, 256, row},
		{"too many: the largest stay", 6, 1, 2, mechanism.Row{UIDs: []gotensor.UID{1, 3}, Weights: []uint16{10, 30}}},
		{"too few: filled up with zeros", 6, 5, 256, mechanism.Row{UIDs: []gotensor.UID{0, 1, 2, 3, 5}, Weights: []uint16{0, 10, 0, 30, 10}}},
		{"fewer neurons than asked for", 6, 9, 256, mechanism.Row{UIDs: []gotensor.UID{0, 1, 2, 3, 4, 5}, Weights: []uint16{0, 10, 0, 30, 0, 10}}},
		{"a uid that is not there", 5, 1, 256, mechanism.Row{UIDs: []gotensor.UID{1, 3}, Weights: []uint16{10, 30}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := fitRow(row, tc.n, tc.least, tc.most)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
	for _, none := range []mechanism.Row{{}, {UIDs: []gotensor.UID{9}, Weights: []uint16{5}}, {UIDs: []gotensor.UID{1}, Weights: []uint16{0}}} {
		_, err := fitRow(none, 6, 1, 256)
		require.ErrorIs(t, err, mechanism.ErrNoWeights)
	}
}

// FuzzFitRow: whatever fits is taken by the chain's own check.
func FuzzFitRow(f *testing.F) {
	f.Add(uint64(1), uint16(8), uint16(3), uint16(5))
	f.Fuzz(func(t *testing.T, seed uint64, n, least, most uint16) {
		n, most = n%300, 1+most%300
		least = 1 + least%most
		rng := rand.New(rand.NewPCG(seed, 1))
		var row mechanism.Row
		for range rng.IntN(400) {
			row.UIDs = append(row.UIDs, gotensor.UID(rng.IntN(400)))
			row.Weights = append(row.Weights, uint16(rng.IntN(3)*rng.IntN(65_536)/2))
		}
		got, err := fitRow(row, int(n), int(least), int(most))
		if err != nil {
			require.ErrorIs(t, err, mechanism.ErrNoWeights)
			return
		}
		x := commitment{UIDs: got.UIDs, Weights: got.Weights}
		wire, err := x.row()
		require.NoError(t, err)
		require.LessOrEqual(t, wire.Len(), int(most))
		require.NoError(t, wire.CheckWeights(int(n), int(least)))
	})
}

// TestCommitsToWhatItCanReveal: a judge's row outside of the subnet's bounds is made to fit before it is committed to.
func TestCommitsToWhatItCanReveal(t *testing.T) {
	s := newStage(t)
	s.chain.Edit(func(w *fakenode.World) { w.Rules.MinAllowedWeights = 3 })
	v := s.begin()
	v.row.Store(&judgement{row: mechanism.Row{UIDs: []gotensor.UID{2, 900}, Weights: []uint16{65535, 5}}, rounds: 3})
	s.at(16, v)
	s.at(21, v)
	_, row := s.onChain()
	require.Equal(t, []weights.Entry{{UID: 0}, {UID: 1}, {UID: 2, Value: 65535}}, row)
}
