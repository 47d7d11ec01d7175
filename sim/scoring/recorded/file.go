package recorded

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/gotensor/gotensor/model"
)

const format = "gotensor-answers-1"

const (
	maxLine = 4 << 20
	maxFile = 256 << 20 // unpacked
)

type header struct {
	Format  string `json:"format"`
	Context int    `json:"context"`
	K       int    `json:"k"`
}

// line is one of the lines after the header: exactly one field is there.
type line struct {
	Source *sourceLine `json:"source,omitempty"`
	Item   *itemLine   `json:"item,omitempty"`
	Model  *modelLine  `json:"model,omitempty"`
	Answer *Answer     `json:"answer,omitempty"`
}

type sourceLine struct {
	Name      string `json:"name"`
	About     string `json:"about"`
	Reference octets `json:"reference"`
}

type itemLine struct {
	Source  int    `json:"source"`
	Context octets `json:"context"`
	Truth   octets `json:"truth"`
}

type modelLine struct {
	Name    string `json:"name"`
	Family  string `json:"family"`
	About   string `json:"about"`
	License string `json:"license"`
	Kin     string `json:"kin"`
}

// Answer is an answer as it is written.
type Answer struct {
	Item       int      `json:"item"`
	Candidates []octets `json:"c"`
	Levels     []int    `json:"p"` // thousandths of a nat below 1
	Floor      int      `json:"floor"`
}

// octets are bytes, written as the code points of their numbers.
type octets []byte

// MarshalJSON writes a string.
func (o octets) MarshalJSON() ([]byte, error) {
	runes := make([]rune, len(o))
	for i, b := range o {
		runes[i] = rune(b)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(string(runes))
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// UnmarshalJSON refuses code points above 255.
func (o *octets) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*o = make(octets, 0, len(s))
	for _, r := range s {
		if r > 255 {
			return fmt.Errorf("%w: a text has the character %q, want code points up to 255", ErrBank, r)
		}
		*o = append(*o, byte(r))
	}
	return nil
}

// Pack writes an answer of at most k candidates; more are trimmed.
func Pack(item int, p model.Prediction, k int) *Answer {
	p = Trim(p, k)
	out := &Answer{Item: item, Candidates: []octets{}, Levels: []int{}, Floor: level(p.Floor)}
	for _, c := range p.Candidates {
		out.Candidates, out.Levels = append(out.Candidates, octets(c.Text)), append(out.Levels, level(c.P))
	}
	return out
}

// Prediction reads the answer back: probabilities sum to 1 again.
func (a *Answer) Prediction() (model.Prediction, error) {
	if len(a.Levels) != len(a.Candidates) {
		return model.Prediction{}, fmt.Errorf("%w: %d probabilities of %d candidates", ErrBank, len(a.Levels), len(a.Candidates))
	}
	for _, l := range append(slices.Clone(a.Levels), a.Floor) {
		if l < 0 || l > least*quantum {
			return model.Prediction{}, fmt.Errorf("%w: a probability is %d thousandths of a nat below 1, want 0 to %d", ErrBank, l, least*quantum)
		}
	}
	out := model.Prediction{Candidates: make([]model.Candidate, len(a.Candidates)), Floor: probability(a.Floor)}
	sum := out.Floor
	for i, c := range a.Candidates {
		out.Candidates[i] = model.Candidate{Text: c, P: probability(a.Levels[i])}
		sum += out.Candidates[i].P
	}
	if sum < 0.99 || sum > 1.01 {
		return model.Prediction{}, fmt.Errorf("%w: probabilities sum to %.4f, want 1", ErrBank, sum)
	}
	for i := range out.Candidates {
		out.Candidates[i].P /= sum
	}
	out.Floor /= sum
	return out, nil
}

// Write writes the bank if it is whole (Check). The same bank gives the same bytes.
func (b *Bank) Write(w io.Writer) error {
	if err := b.Check(); err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	e := json.NewEncoder(z)
	e.SetEscapeHTML(false)
	write := func(v any) {
		if err == nil {
			err = e.Encode(v)
		}
	}
	write(header{Format: format, Context: b.Context, K: b.K})
	for _, s := range b.Sources {
		write(line{Source: &sourceLine{Name: s.Name, About: s.About, Reference: s.Reference}})
	}
	for _, it := range b.Items {
		write(line{Item: &itemLine{Source: it.Source, Context: it.Context, Truth: it.Truth}})
	}
	for i := range b.Models {
		m := &b.Models[i]
		write(line{Model: &modelLine{Name: m.Name, Family: m.Family, About: m.About, License: m.License, Kin: m.Kin}})
		for t, p := range m.Answers {
			write(line{Answer: Pack(t, p, b.K)})
		}
	}
	if err != nil {
		return fmt.Errorf("write a bank: %w", err)
	}
	return z.Close()
}

// Read reads a bank and checks all of it. It fails with ErrBank and the number of the line.
func Read(r io.Reader) (*Bank, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBank, err)
	}
	in := bufio.NewScanner(io.LimitReader(z, maxFile))
	in.Buffer(nil, maxLine)
	b := &Bank{}
	n := 0
	for in.Scan() {
		n++
		if n == 1 {
			err = b.head(in.Bytes())
		} else {
			err = b.take(in.Bytes())
		}
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrBank, n, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%w: after line %d: %w", ErrBank, n, err)
	}
	return b, b.Check()
}

func (b *Bank) head(data []byte) error {
	var h header
	if err := json.Unmarshal(data, &h); err != nil {
		return err
	}
	if h.Format != format {
		return fmt.Errorf("format is %q, want %q", h.Format, format)
	}
	b.Context, b.K = h.Context, h.K
	return nil
}

func (b *Bank) take(data []byte) error {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return err
	}
	switch {
	case l.Source != nil && len(b.Items) == 0:
		b.Sources = append(b.Sources, Source{Name: l.Source.Name, About: l.Source.About, Reference: l.Source.Reference})
	case l.Item != nil && len(b.Models) == 0:
		b.Items = append(b.Items, Item{Source: l.Item.Source, Context: l.Item.Context, Truth: l.Item.Truth})
	case l.Model != nil:
		b.Models = append(b.Models, Model{Name: l.Model.Name, Family: l.Model.Family, About: l.Model.About, License: l.Model.License, Kin: l.Model.Kin})
	case l.Answer != nil && len(b.Models) > 0:
		m := &b.Models[len(b.Models)-1]
		if l.Answer.Item != len(m.Answers) {
			return fmt.Errorf("answer to item %d, want one to item %d", l.Answer.Item, len(m.Answers))
		}
		p, err := l.Answer.Prediction()
		if err != nil {
			return err
		}
		m.Answers = append(m.Answers, p)
	default:
		return fmt.Errorf("want sources, then items, then models with their answers")
	}
	return nil
}

// byProbability are the indices of candidates, likeliest first, equal ones in their order.
func byProbability(list []model.Candidate) []int {
	out := make([]int, len(list))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(list[b].P, list[a].P) })
	return out
}
