package types

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

func row(t testing.TB, pairs ...uint16) Row {
	t.Helper()
	var entries []Entry
	for i := 0; i < len(pairs); i += 2 {
		entries = append(entries, Entry{UID: gotensor.UID(pairs[i]), Value: pairs[i+1]})
	}
	r, err := EncodeRow(entries)
	require.NoError(t, err)
	return r
}

func TestRowEntries(t *testing.T) {
	tests := []struct {
		name string
		row  Row
		n    int
		want []Entry
		fail string
	}{
		{"empty", Row{}, 4, []Entry{}, ""},
		{"two entries", row(t, 0, 7, 3, 65535), 4, []Entry{{0, 7}, {3, 65535}}, ""},
		{"zero value stays", row(t, 2, 0), 3, []Entry{{2, 0}}, ""},
		{"odd bytes", Row{Uids: []byte{1}, Values: []byte{1}}, 4, nil, "uids have 1 bytes and values 1"},
		{"columns differ", Row{Uids: []byte{1, 0}, Values: nil}, 4, nil, "uids have 2 bytes and values 0"},
		{"uid twice", Row{Uids: []byte{1, 0, 1, 0}, Values: []byte{1, 0, 1, 0}}, 4, nil, "uid 1 after uid 1"},
		{"unsorted", Row{Uids: []byte{2, 0, 1, 0}, Values: []byte{1, 0, 1, 0}}, 4, nil, "uid 1 after uid 2"},
		{"beyond the subnet", row(t, 0, 1, 4, 1), 4, nil, "uid 4, the subnet has uids 0 to 3"},
		{"too many", Row{Uids: make([]byte, 2*(MaxEntries+1)), Values: make([]byte, 2*(MaxEntries+1))}, 65536, nil, "4097 entries"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.row.Entries(tt.n)
			if tt.fail != "" {
				require.ErrorIs(t, err, ErrRow)
				require.ErrorContains(t, err, tt.fail)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestCheckWeights(t *testing.T) {
	tests := []struct {
		name     string
		row      Row
		n, least int
		fail     string
	}{
		{"enough", row(t, 0, 1, 1, 2), 4, 2, ""},
		{"too few", row(t, 0, 1), 4, 2, "1 entries, at least 2"},
		{"a small subnet needs no more than it has", row(t, 0, 1), 1, 8, ""},
		{"none", Row{}, 4, 0, "0 entries, at least 1"},
		{"all zero", row(t, 0, 0, 1, 0), 4, 1, "all weights are zero"},
		{"empty subnet", Row{}, 0, 1, "0 entries"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.row.CheckWeights(tt.n, tt.least)
			if tt.fail == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrRow)
			require.ErrorContains(t, err, tt.fail)
		})
	}
}

func TestEncodeRowRefuses(t *testing.T) {
	_, err := EncodeRow([]Entry{{2, 1}, {2, 1}})
	require.ErrorIs(t, err, ErrRow)
	_, err = EncodeRow([]Entry{{2, 1}, {1, 1}})
	require.ErrorIs(t, err, ErrRow)
	_, err = EncodeRow(make([]Entry, MaxEntries+1))
	require.ErrorIs(t, err, ErrRow)
}

// FuzzRow: whatever the bytes, decoding either fails with ErrRow or yields what encodes to the same bytes.
func FuzzRow(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0}, []byte{1, 0, 255, 255}, uint16(2))
	f.Add([]byte{1}, []byte{}, uint16(0))
	f.Add([]byte{1, 0, 1, 0}, []byte{1, 0, 1, 0}, uint16(9))
	f.Fuzz(func(t *testing.T, uids, values []byte, n uint16) {
		r := Row{Uids: uids, Values: values}
		entries, err := r.Entries(int(n))
		if err != nil {
			require.ErrorIs(t, err, ErrRow)
			return
		}
		again, err := EncodeRow(entries)
		require.NoError(t, err)
		require.Len(t, again.Uids, len(uids))
		for i, e := range entries {
			require.Less(t, int(e.UID), int(n))
			require.Equal(t, uint16(e.UID), binary.LittleEndian.Uint16(again.Uids[2*i:]))
		}
		require.True(t, string(uids) == string(again.Uids) && string(values) == string(again.Values))
	})
}
