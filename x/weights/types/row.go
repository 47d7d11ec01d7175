package types

import (
	"encoding/binary"
	"math"

	errorsmod "cosmossdk.io/errors"

	"github.com/gotensor/gotensor"
)

// MaxEntries bounds the entries of one row, and with it the size of a reveal: no subnet has more uids.
const MaxEntries = 4096

// Entry is one value of a sparse row: the weight or bond of the row's neuron for the neuron at UID, as a share of 65535.
type Entry struct {
	UID   gotensor.UID
	Value uint16
}

// EncodeRow packs entries, which must have ascending uids without repetition and be at most MaxEntries. It fails with ErrRow.
func EncodeRow(entries []Entry) (Row, error) {
	if len(entries) > MaxEntries {
		return Row{}, errorsmod.Wrapf(ErrRow, "%d entries, at most %d fit", len(entries), MaxEntries)
	}
	row := Row{}
	if len(entries) == 0 {
		return row, nil
	}
	row.Uids = make([]byte, 0, 2*len(entries))
	row.Values = make([]byte, 0, 2*len(entries))
	for i, e := range entries {
		if i > 0 && e.UID <= entries[i-1].UID {
			return Row{}, errorsmod.Wrapf(ErrRow, "uid %d after uid %d, sort them and give each once", e.UID, entries[i-1].UID)
		}
		row.Uids = binary.LittleEndian.AppendUint16(row.Uids, uint16(e.UID))
		row.Values = binary.LittleEndian.AppendUint16(row.Values, e.Value)
	}
	return row, nil
}

// Len returns the number of entries of a well-formed row.
func (r Row) Len() int { return len(r.Uids) / 2 }

// Entries unpacks the row for a subnet of n uids. It fails with ErrRow unless both columns have the same even length and the uids
// ascend strictly and are below n; MaxEntries bounds what is allocated.
func (r Row) Entries(n int) ([]Entry, error) {
	if len(r.Uids)%2 != 0 || len(r.Uids) != len(r.Values) {
		return nil, errorsmod.Wrapf(ErrRow, "uids have %d bytes and values %d, want two bytes for each in both", len(r.Uids), len(r.Values))
	}
	if r.Len() > MaxEntries {
		return nil, errorsmod.Wrapf(ErrRow, "%d entries, at most %d are allowed", r.Len(), MaxEntries)
	}
	entries := make([]Entry, r.Len())
	for i := range entries {
		uid := binary.LittleEndian.Uint16(r.Uids[2*i:])
		if int(uid) >= n {
			return nil, errorsmod.Wrapf(ErrRow, "uid %d, the subnet has uids 0 to %d", uid, n-1)
		}
		if i > 0 && gotensor.UID(uid) <= entries[i-1].UID {
			return nil, errorsmod.Wrapf(ErrRow, "uid %d after uid %d, sort them and give each once", uid, entries[i-1].UID)
		}
		entries[i] = Entry{UID: gotensor.UID(uid), Value: binary.LittleEndian.Uint16(r.Values[2*i:])}
	}
	return entries, nil
}

// Validate checks what does not depend on the subnet: lengths and order.
func (r Row) Validate() error {
	_, err := r.Entries(math.MaxUint16 + 1)
	return err
}

// CheckWeights checks the row as weights for a subnet of n uids: at least least entries (fewer if the subnet has fewer uids), and
// not all of them zero. It fails with ErrRow.
func (r Row) CheckWeights(n, least int) error {
	entries, err := r.Entries(n)
	if err != nil {
		return err
	}
	if least = max(1, min(least, n)); len(entries) < least {
		return errorsmod.Wrapf(ErrRow, "%d entries, at least %d are needed", len(entries), least)
	}
	for _, e := range entries {
		if e.Value != 0 {
			return nil
		}
	}
	return errorsmod.Wrap(ErrRow, "all weights are zero, give at least one above it")
}

// bytes is the canonical form that a commitment hashes: all uids, then all values.
func (r Row) bytes() []byte { return append(append([]byte{}, r.Uids...), r.Values...) }

// NetUID converts a netuid field; it fails with ErrField unless it is 1 to 65534.
func NetUID(value uint32) (gotensor.NetUID, error) {
	if value == 0 || value >= math.MaxUint16 {
		return 0, errorsmod.Wrapf(ErrField, "netuid is %d, want 1 to %d", value, math.MaxUint16-1)
	}
	return gotensor.NetUID(value), nil
}
