package dataset

import (
	"bytes"
	"fmt"
)

const (
	// MinText is the least length of a text in bytes: enough for sixteen passages.
	MinText = passagesPerCycle * minPassage
	// MaxText is the greatest length of a text in bytes.
	MaxText = 1 << 30

	passagesPerCycle = 16
	minPassage       = 512
	maxPassage       = 4096
)

// Source is a text cut into passages. Implementations are immutable.
type Source interface {
	// Name is short and unique among the sources of one validator; it names the stratum.
	Name() string
	// Size is the length of the text in bytes.
	Size() int
	// Passages are the consecutive parts of the text, in order; joined they are the text. Callers must not change them.
	Passages() [][]byte
}

// Split is the use of a passage.
type Split int

// The three uses of a passage. Of sixteen passages in a row twelve are Training, one is Reference and three are HeldOut.
const (
	// Training passages are for miners to learn from.
	Training Split = iota
	// Reference passages are for the reference model of a validator.
	Reference
	// HeldOut passages are what validators ask about; nobody trains on them.
	HeldOut
)

// String names the split.
func (s Split) String() string {
	switch s {
	case Training:
		return "training"
	case Reference:
		return "reference"
	case HeldOut:
		return "held-out"
	default:
		return fmt.Sprintf("split(%d)", int(s))
	}
}

// SplitOf returns the use of passage i, i >= 0, of any source. Interleaving keeps the splits alike in content.
func SplitOf(i int) Split {
	switch i % passagesPerCycle {
	case 6:
		return Reference
	case 3, 8, 13:
		return HeldOut
	default:
		return Training
	}
}

// Text joins the passages of one split of all sources, source by source, as a fresh slice.
func Text(split Split, sources ...Source) []byte {
	var out []byte
	for _, src := range sources {
		for i, p := range src.Passages() {
			if SplitOf(i) == split {
				out = append(out, p...)
			}
		}
	}
	return out
}

// Excerpt joins the first n bytes of one split of each source (all of it where it is shorter). A validator's reference trained on
// a short excerpt lets weak models gain too, as a local network wants.
func Excerpt(split Split, n int, sources ...Source) []byte {
	var out []byte
	for _, src := range sources {
		t := Text(split, src)
		out = append(out, t[:min(n, len(t))]...)
	}
	return out
}

// text is a Source in memory.
type text struct {
	name     string
	size     int
	passages [][]byte
}

// New makes a Source of a text in memory, which it keeps and the caller must not change. Bytes are taken as they are; they need
// not be UTF-8. It fails with ErrTooShort below MinText and ErrTooLong above MaxText.
func New(name string, content []byte) (Source, error) {
	n := len(content)
	if n < MinText {
		return nil, fmt.Errorf("source %q: %d bytes, need at least %d: add text: %w", name, n, MinText, ErrTooShort)
	}
	if n > MaxText {
		return nil, fmt.Errorf("source %q: %d bytes, at most %d: cut it in several sources: %w", name, n, MaxText, ErrTooLong)
	}
	size := min(max(n/(4*passagesPerCycle), minPassage), maxPassage)
	return &text{name: name, size: n, passages: cut(content, size)}, nil
}

func (t *text) Name() string       { return t.name }
func (t *text) Size() int          { return t.size }
func (t *text) Passages() [][]byte { return t.passages }

// cut divides content into passages of about size bytes that end after a whole word where there is one nearby. A short rest
// stays with the last passage.
func cut(content []byte, size int) [][]byte {
	const slack = 64 // how far to look for the end of a word
	var out [][]byte
	for len(content) >= 2*size {
		end := size
		if i := bytes.IndexAny(content[size-slack:size], "\n"); i >= 0 {
			end = size - slack + i + 1
		} else if i := bytes.LastIndexByte(content[size-slack:size], ' '); i >= 0 {
			end = size - slack + i
		}
		out = append(out, content[:end:end])
		content = content[end:]
	}
	return append(out, content[:len(content):len(content)])
}
