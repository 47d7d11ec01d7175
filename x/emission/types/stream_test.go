package types

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
)

func TestStreamEarned(t *testing.T) {
	s := Stream{Total: 10, Start: 100, End: 103, Settled: 4}
	tests := []struct {
		name        string
		height      int64
		earned, due uint64
	}{
		{"long before", 0, 0, 0},
		{"at the boundary", 100, 0, 0},
		{"a block later, less than was settled", 101, 3, 0},
		{"two blocks later", 102, 6, 2},
		{"at the end", 103, 10, 6},
		{"long after", math.MaxInt64, 10, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.earned, s.Earned(tt.height))
			require.Equal(t, tt.due, s.Due(tt.height))
		})
	}
	require.Equal(t, uint64(6), s.Rest())
	require.Equal(t, uint64(math.MaxUint64)/2, Stream{Total: math.MaxUint64, Start: 0, End: 2}.Earned(1), "no overflow")
}

func TestStreamValidate(t *testing.T) {
	good := Stream{Validator: addr.FormatValidator(gotensor.Address{1}), Netuid: 1, Total: 5, Start: 0, End: 1}
	require.NoError(t, good.Validate())
	for name, change := range map[string]func(*Stream){
		"netuid":        func(s *Stream) { s.Netuid = 0 },
		"validator":     func(s *Stream) { s.Validator = addr.FormatAccount(gotensor.Address{1}) },
		"no length":     func(s *Stream) { s.End = 0 },
		"negative":      func(s *Stream) { s.Start = -1 },
		"settled above": func(s *Stream) { s.Settled = 6 },
	} {
		t.Run(name, func(t *testing.T) {
			s := good
			change(&s)
			require.ErrorIs(t, s.Validate(), ErrField)
		})
	}
}

// FuzzStream: earnings grow with the height, are the exact floor of the share, and end at the total.
func FuzzStream(f *testing.F) {
	f.Add(uint64(1000), int64(5), uint16(7), uint16(3))
	f.Add(uint64(math.MaxUint64), int64(0), uint16(1), uint16(1))
	f.Fuzz(func(t *testing.T, total uint64, start int64, length, at uint16) {
		start &= 1<<40 - 1
		s := Stream{Total: total, Start: start, End: start + int64(length) + 1}
		h := min(start+int64(at), s.End)
		share := new(big.Int).Mul(new(big.Int).SetUint64(total), big.NewInt(h-start))
		require.Equal(t, share.Quo(share, big.NewInt(s.End-s.Start)).Uint64(), s.Earned(h))
		require.LessOrEqual(t, s.Earned(h), s.Earned(h+1))
		require.Equal(t, total, s.Earned(s.End))
		s.Settled = s.Earned(h)
		require.Zero(t, s.Due(h))
		require.Equal(t, total, s.Settled+s.Rest())
	})
}
