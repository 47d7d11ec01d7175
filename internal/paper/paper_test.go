package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/sim"
)

// fake is an experiment with one number, one table and one figure.
type fake struct {
	Value float64 `json:"value" help:"what it finds"`
	Seed  uint64  `json:"seed" help:"seed"`
}

func (*fake) Name() string    { return "fake" }
func (*fake) About() string   { return "A fake\n\nNothing is played." }
func (*fake) Validate() error { return nil }

func (f *fake) Run(context.Context, sim.Progress) (*sim.Report, error) {
	t := sim.Table{Name: "rows", Columns: []string{"who", "pay"}}
	t.Add("a|b", f.Value)
	return &sim.Report{
		Name: "fake", Title: "A fake", Params: f,
		Numbers: []sim.Number{
			{Name: "found", About: "what was found", Value: f.Value, Unit: "TAO", Before: sim.Bound(2), AtMost: sim.Bound(1)},
			{Name: "free", About: "bound to nothing", Value: 7},
		},
		Tables:  []sim.Table{t},
		Figures: []figure.Figure{{Name: "line", Title: "A line", Caption: "It rises.", X: "x", Y: "y", Series: []figure.Series{{Kind: figure.Line, X: []float64{0, 1}, Y: []float64{0, 1}}}}},
	}, nil
}

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
}

func produce(t *testing.T, folder string, check bool) error {
	t.Helper()
	p, err := play(t.Context(), []sim.Experiment{&fake{Value: 0.123456}}, folder, func(string) {})
	if err != nil {
		return err
	}
	return p.finish(folder, check)
}

func TestPaper(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "paper.tmpl.md", `{{num "fake" "found"}} was {{before "fake" "found"}}.
{{about "fake"}}
{{fig "fake" "line"}}
{{table "fake" "rows"}}
{{bounds}}`)
	require.NoError(t, produce(t, folder, false))
	text, err := os.ReadFile(filepath.Join(folder, "paper.md"))
	require.NoError(t, err)
	require.Equal(t, "<!-- Made by `make paper` of paper.tmpl.md and the experiments: change those. -->\n\n"+`0.1235 was 2.
Nothing is played.
![A line. It rises.](figures/fake-line.svg)
| who | pay |
| --- | ---: |
| a\|b | 0.1235 |

| experiment | what | found | without the defence | kept |
| --- | --- | --- | --- | --- |
| fake | what was found | 0.1235 TAO | 2 | ≤ 1 |
`, string(text))
	svg, err := os.ReadFile(filepath.Join(folder, "figures", "fake-line.svg"))
	require.NoError(t, err)
	require.Contains(t, string(svg), "<svg")
	require.NoError(t, produce(t, folder, true))

	write(t, folder, "paper.md", "by hand")
	require.ErrorContains(t, produce(t, folder, true), "run make paper")
	write(t, folder, "params.json", `{"fake": {"value": 0.5}}`)
	require.NoError(t, produce(t, folder, false))
	text, err = os.ReadFile(filepath.Join(folder, "results.json"))
	require.NoError(t, err)
	require.Contains(t, string(text), `"Value": "0.5"`)
}

func TestPaperRefuses(t *testing.T) {
	for name, c := range map[string]struct{ template, params, want string }{
		"unknown experiment":      {`{{num "none" "found"}}`, `{}`, `no experiment is called "none"`},
		"unknown number":          {`{{num "fake" "none"}}`, `{}`, `fake has no number "none"`},
		"no published figure":     {`{{published "fake" "found"}}`, `{}`, "has no such field"},
		"unknown table":           {`{{table "fake" "none"}}`, `{}`, `fake has no table "none"`},
		"unknown figure":          {`{{fig "fake" "none"}}`, `{}`, `fake has no figure "none"`},
		"broken template":         {`{{num`, `{}`, "unclosed action"},
		"bound broken":            {``, `{"fake": {"value": 2}}`, "found is 2, outside its bounds"},
		"unknown parameter":       {``, `{"fake": {"vale": 2}}`, "vale"},
		"params of nothing known": {``, `{"faked": {}}`, `no experiment is called "faked"`},
		"params broken":           {``, `{`, "params.json"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, folder, "paper.tmpl.md", c.template)
			write(t, folder, "params.json", c.params)
			require.ErrorContains(t, produce(t, folder, false), c.want)
			require.NoFileExists(t, filepath.Join(folder, "paper.md"))
		})
	}
}

func TestDigits(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 1: "1", 0.5: "0.5", 0.123456: "0.1235", 1234.56: "1235", 123456.7: "123500", 0.0001234: "0.000123", -0.25: "-0.25", 1e12: "1e+12",
	} {
		require.Equal(t, want, digits(x))
	}
}
