package recorded

import (
	"bytes"
	_ "embed" // the bank
	"fmt"
	"math"
	"sync"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
)

// Bank is what models answered. It is not changed after it was read.
type Bank struct {
	Context int // bytes of the items' contexts, 1 to dataset.MaxContext
	K       int // most candidates of an answer
	Sources []Source
	Items   []Item // those of a source stand together, in the order of the sources, equally many of each
	Models  []Model
}

// Source of text.
type Source struct {
	Name, About string
	Reference   []byte // text of the source on which a validator's reference is trained; nobody is asked about it
}

// Item is a question about a place of a source.
type Item struct {
	Source  int    // index
	Context []byte // what is shown
	Truth   []byte // the 16 bytes with which the text goes on
}

// Model is a language model and its answers.
type Model struct {
	Name    string             // short, unique in the bank
	Family  string             // models of one family work alike
	About   string             // what it is and what it was trained on
	License string             // of its weights
	Kin     string             // name of a model of the bank from which this one is made; empty: independent of all before it
	Answers []model.Prediction // by item
}

const (
	maxSources = 16
	maxItems   = 1 << 16
	maxModels  = 256
	maxName    = 64
	maxAbout   = 1024
	maxText    = 1 << 20
)

//go:embed testdata/answers.jsonl.gz
var embedded []byte

// Embedded is the bank in the binary. It is read once.
var Embedded = sync.OnceValues(func() (*Bank, error) { return Read(bytes.NewReader(embedded)) })

// PerSource is how many items each source has.
func (b *Bank) PerSource() int { return len(b.Items) / max(1, len(b.Sources)) }

// Model of a name.
func (b *Bank) Model(name string) (*Model, error) {
	for i := range b.Models {
		if b.Models[i].Name == name {
			return &b.Models[i], nil
		}
	}
	return nil, fmt.Errorf("%w: no model %q", ErrBank, name)
}

// Check returns nil if the bank is whole: every model answered every item by the rules of package model.
func (b *Bank) Check() error {
	for _, s := range []struct {
		name         string
		v, low, high int
	}{
		{"context", b.Context, 1, dataset.MaxContext},
		{"k", b.K, 1, score.CandidateLimit},
		{"number of sources", len(b.Sources), 1, maxSources},
		{"number of items", len(b.Items), len(b.Sources), maxItems},
		{"number of models", len(b.Models), 0, maxModels},
	} {
		if s.v < s.low || s.v > s.high {
			return fmt.Errorf("%w: %s is %d, want %d to %d", ErrBank, s.name, s.v, s.low, s.high)
		}
	}
	if err := b.checkItems(); err != nil {
		return err
	}
	names := map[string]bool{}
	for i := range b.Models {
		m := &b.Models[i]
		if err := checkNames("model", m.Name, m.Family, m.About, m.License); err != nil {
			return err
		}
		if m.Kin != "" && !names[m.Kin] {
			return fmt.Errorf("%w: model %q is kin of %q, want a model before it", ErrBank, m.Name, m.Kin)
		}
		if names[m.Name] {
			return fmt.Errorf("%w: two models %q", ErrBank, m.Name)
		}
		names[m.Name] = true
		if len(m.Answers) != len(b.Items) {
			return fmt.Errorf("%w: model %q has %d answers, want %d", ErrBank, m.Name, len(m.Answers), len(b.Items))
		}
		for t := range m.Answers {
			if err := m.Answers[t].Check(b.K); err != nil {
				return fmt.Errorf("%w: model %q, item %d: %w", ErrBank, m.Name, t, err)
			}
		}
	}
	return nil
}

func (b *Bank) checkItems() error {
	for _, s := range b.Sources {
		if err := checkNames("source", s.Name, s.Name, s.About, ""); err != nil {
			return err
		}
		if len(s.Reference) > maxText {
			return fmt.Errorf("%w: reference text of source %q has %d bytes, want at most %d", ErrBank, s.Name, len(s.Reference), maxText)
		}
	}
	each := b.PerSource()
	for i, it := range b.Items {
		switch {
		case each*len(b.Sources) != len(b.Items) || it.Source != i/each:
			return fmt.Errorf("%w: item %d is of source %d, want equally many items of each source, in their order", ErrBank, i, it.Source)
		case len(it.Context) != b.Context:
			return fmt.Errorf("%w: context of item %d has %d bytes, want %d", ErrBank, i, len(it.Context), b.Context)
		case len(it.Truth) != dataset.ContinuationLen:
			return fmt.Errorf("%w: truth of item %d has %d bytes, want %d", ErrBank, i, len(it.Truth), dataset.ContinuationLen)
		}
	}
	return nil
}

func checkNames(what, name, family, about, license string) error {
	if name == "" || len(name) > maxName || family == "" || len(family) > maxName {
		return fmt.Errorf("%w: %s %q of family %q: want 1 to %d bytes each", ErrBank, what, name, family, maxName)
	}
	if len(about) > maxAbout || len(license) > maxAbout {
		return fmt.Errorf("%w: about or license of %s %q: want at most %d bytes each", ErrBank, what, name, maxAbout)
	}
	return nil
}

// Trim returns the k likeliest candidates of a prediction, and what the others had goes where it belongs: to the longest kept
// candidate with which they begin, else to the floor. So the answer stays true to what its model believes.
func Trim(p model.Prediction, k int) model.Prediction {
	if len(p.Candidates) <= k {
		return p
	}
	order := byProbability(p.Candidates)
	kept := make([]bool, len(p.Candidates))
	for _, i := range order[:k] {
		kept[i] = true
	}
	out := model.Prediction{Floor: p.Floor}
	var open []int // kept candidates with which the next one may begin, shortest first: indices of out
	for i, c := range p.Candidates {
		for len(open) > 0 && !bytes.HasPrefix(c.Text, out.Candidates[open[len(open)-1]].Text) {
			open = open[:len(open)-1]
		}
		switch {
		case kept[i]:
			open = append(open, len(out.Candidates))
			out.Candidates = append(out.Candidates, c)
		case len(open) > 0:
			out.Candidates[open[len(open)-1]].P += c.P
		default:
			out.Floor += c.P
		}
	}
	return out
}

// quantum is how finely a log-probability is written, and the least of them.
const (
	quantum = 1000
	least   = 30
)

func level(p float64) int { return int(math.Round(min(least, max(0, -math.Log(p))) * quantum)) }

func probability(level int) float64 { return math.Exp(-float64(level) / quantum) }
