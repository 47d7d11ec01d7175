package ngram

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// fileMagic names the format and its version; change it when the layout or the training changes.
const fileMagic = "gotensor ngram 1"

// MarshalBinary writes the model: magic, order (1 byte), sha256 of the training text, then per level five arrays (leftmost bytes,
// numbers of kids, numbers of grams, following bytes, Kneser-Ney counts), each with its length as u32 little-endian; on the last
// level the counts as u32 each instead of the Kneser-Ney counts; last the sha256 of all that.
func (m *Model) MarshalBinary() ([]byte, error) {
	out := make([]byte, 0, m.Bytes()+1024)
	out = append(append(append(out, fileMagic...), byte(m.order)), m.digest[:]...)
	for d := range m.levels {
		l := &m.levels[d]
		for _, array := range [][]byte{l.first, l.kids.lens, l.grams.lens, l.next, l.cont} {
			out = append(binary.LittleEndian.AppendUint32(out, uint32(len(array))), array...)
		}
	}
	for _, c := range m.levels[m.order-1].raw {
		out = binary.LittleEndian.AppendUint32(out, c)
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...), nil
}

// UnmarshalBinary reads what MarshalBinary wrote, keeping data. It checks everything it relies on: ErrFile on any damage.
func (m *Model) UnmarshalBinary(data []byte) error {
	const head = len(fileMagic) + 1 + sha256.Size
	if len(data) < head+sha256.Size || !bytes.HasPrefix(data, []byte(fileMagic)) {
		return fmt.Errorf("%w: it does not start with %q", ErrFile, fileMagic)
	}
	body, want := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], want) {
		return fmt.Errorf("%w: its checksum is wrong", ErrFile)
	}
	order := int(body[len(fileMagic)])
	if order < 1 || order > MaxOrder {
		return fmt.Errorf("%w: order %d, want 1..%d", ErrFile, order, MaxOrder)
	}
	read := Model{order: order, levels: make([]level, order)}
	copy(read.digest[:], body[len(fileMagic)+1:])
	rest := body[head:]
	for d := range read.levels {
		l := &read.levels[d]
		for _, array := range []*[]byte{&l.first, &l.kids.lens, &l.grams.lens, &l.next, &l.cont} {
			if len(rest) < 4 || uint64(binary.LittleEndian.Uint32(rest)) > uint64(len(rest)-4) {
				return fmt.Errorf("%w: level %d is cut off", ErrFile, d)
			}
			n := int(binary.LittleEndian.Uint32(rest))
			*array, rest = rest[4:4+n:4+n], rest[4+n:]
		}
	}
	last := &read.levels[order-1]
	if len(rest) != 4*len(last.next) {
		return fmt.Errorf("%w: %d bytes of counts, want %d", ErrFile, len(rest), 4*len(last.next))
	}
	last.raw = make([]uint32, len(last.next))
	for i := range last.raw {
		last.raw[i] = binary.LittleEndian.Uint32(rest[4*i:])
	}
	if err := read.check(); err != nil {
		return err
	}
	read.finish(false)
	*m = read
	return nil
}

// check makes the index of every level and verifies that the arrays fit together, so that no lookup can leave them.
func (m *Model) check() error {
	for d := range m.levels {
		l := &m.levels[d]
		contexts, last := len(l.grams.lens), d == m.order-1
		switch {
		case d == 0 && contexts != 1, d > 0 && len(l.first) != contexts:
			return fmt.Errorf("%w: level %d has %d contexts and %d first bytes", ErrFile, d, contexts, len(l.first))
		case l.grams.index() != len(l.next):
			return fmt.Errorf("%w: level %d has %d grams, want another number", ErrFile, d, len(l.next))
		case last && (len(l.kids.lens) != 0 || len(l.cont) != 0), !last && (len(l.kids.lens) != contexts || len(l.cont) != len(l.next)):
			return fmt.Errorf("%w: level %d has %d links and %d counts", ErrFile, d, len(l.kids.lens), len(l.cont))
		case !last && l.kids.index() != len(m.levels[d+1].grams.lens):
			return fmt.Errorf("%w: level %d has another number of longer contexts than level %d", ErrFile, d, d+1)
		}
		for i := range contexts {
			lo, hi := l.grams.at(i)
			for j := lo + 1; j < hi; j++ {
				if l.next[j-1] >= l.next[j] {
					return fmt.Errorf("%w: level %d has unsorted grams", ErrFile, d)
				}
			}
		}
	}
	for _, c := range m.levels[m.order-1].raw {
		if c == 0 {
			return fmt.Errorf("%w: a gram has count 0", ErrFile)
		}
	}
	return nil
}
