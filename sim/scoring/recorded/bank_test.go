package recorded_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/sim/scoring/recorded"
)

func small() *recorded.Bank {
	return &recorded.Bank{
		Context: 4, K: 2,
		Sources: []recorded.Source{{Name: "s", Reference: []byte("reference \xff<&>")}},
		Items:   []recorded.Item{{Context: []byte("ab\x80d"), Truth: []byte(" and then it was")}},
		Models: []recorded.Model{{Name: "m", Family: "f", Answers: []model.Prediction{{
			Candidates: []model.Candidate{{Text: []byte(" a"), P: 0.25}, {Text: []byte(" \xe2\x80"), P: 0.25}}, Floor: 0.5,
		}}}},
	}
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestWriteAndRead(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, small().Write(&file))
	got, err := recorded.Read(bytes.NewReader(file.Bytes()))
	require.NoError(t, err)
	want := small()
	require.Equal(t, want.Sources, got.Sources)
	require.Equal(t, want.Items, got.Items)
	p := got.Models[0].Answers[0]
	require.Equal(t, want.Models[0].Answers[0].Candidates[1].Text, p.Candidates[1].Text)
	require.InDelta(t, 0.25, p.Candidates[0].P, 0.0002)
	require.InDelta(t, 0.5, p.Floor, 0.0003)
	var again bytes.Buffer
	require.NoError(t, got.Write(&again))
	require.Equal(t, file.Bytes(), again.Bytes())
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(b *recorded.Bank)
		reason string
	}{
		{"context", func(b *recorded.Bank) { b.Context = 0 }, "context is 0"},
		{"length", func(b *recorded.Bank) { b.Context = 5 }, "context of item 0 has 4 bytes, want 5"},
		{"truth", func(b *recorded.Bank) { b.Items[0].Truth = nil }, "truth of item 0"},
		{"source", func(b *recorded.Bank) { b.Items[0].Source = 1 }, "item 0 is of source 1"},
		{"sources", func(b *recorded.Bank) { b.Sources = nil }, "number of sources is 0"},
		{"name", func(b *recorded.Bank) { b.Models[0].Name = "" }, "want 1 to 64 bytes"},
		{"twice", func(b *recorded.Bank) { b.Models = append(b.Models, b.Models[0]) }, `two models "m"`},
		{"kin", func(b *recorded.Bank) { b.Models[0].Kin = "x" }, `kin of "x"`},
		{"answers", func(b *recorded.Bank) { b.Models[0].Answers = nil }, "has 0 answers, want 1"},
		{"answer", func(b *recorded.Bank) { b.Models[0].Answers[0].Floor = 0.9 }, "sum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := small()
			c.spoil(b)
			require.ErrorIs(t, b.Check(), recorded.ErrBank)
			require.ErrorContains(t, b.Check(), c.reason)
		})
	}
}

func TestReadRefuses(t *testing.T) {
	const head = `{"format":"gotensor-answers-1","context":1,"k":1}` + "\n"
	for name, text := range map[string]string{
		"another format": `{"format":"x"}`,
		"no JSON":        head + "{",
		"wide text":      head + `{"source":{"name":"s","reference":"Ж"}}`,
		"answer first":   head + `{"answer":{"item":0}}`,
		"empty line":     head + "{}",
		"empty":          "",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := recorded.Read(bytes.NewReader(packed(t, text)))
			require.ErrorIs(t, err, recorded.ErrBank)
		})
	}
	_, err := recorded.Read(strings.NewReader("no gzip"))
	require.ErrorIs(t, err, recorded.ErrBank)
}

func TestTrimKeepsBeliefs(t *testing.T) {
	p := model.Prediction{Floor: 0.1, Candidates: []model.Candidate{
		{Text: []byte(" "), P: 0.3}, {Text: []byte(" a"), P: 0.1}, {Text: []byte(" ab"), P: 0.2}, {Text: []byte("x"), P: 0.3},
	}}
	got := recorded.Trim(p, 2)
	require.InDelta(t, 0.6, got.Candidates[0].P, 1e-12, "what begins with a kept candidate goes to it")
	require.InDelta(t, 0.1, got.Floor, 1e-12)
	got = recorded.Trim(p, 1)
	require.InDelta(t, 0.4, got.Floor, 1e-12)
	require.NoError(t, got.Check(1))
}

func TestEmbeddedIsWhole(t *testing.T) {
	b, err := recorded.Embedded()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(b.Models), 10)
	require.Len(t, b.Sources, 3)
	families := map[string]bool{}
	for i := range b.Models {
		families[b.Models[i].Family] = true
		require.NotEmpty(t, b.Models[i].License)
	}
	require.GreaterOrEqual(t, len(families), 5)
}

func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	require.NoError(f, small().Write(&file))
	z, err := gzip.NewReader(&file)
	require.NoError(f, err)
	var text bytes.Buffer
	_, err = text.ReadFrom(z)
	require.NoError(f, err)
	f.Add(text.String())
	f.Fuzz(func(t *testing.T, text string) {
		b, err := recorded.Read(bytes.NewReader(packed(t, text)))
		if err != nil {
			return
		}
		require.NoError(t, b.Check())
		require.NoError(t, b.Write(&bytes.Buffer{}))
	})
}

func ExampleEmbedded() {
	b, err := recorded.Embedded()
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := b.Model("smollm2")
	fmt.Println(m.Family, len(m.Answers), len(b.Items), err)
	// Output: transformer 384 384 <nil>
}
