package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

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

func fill(t *testing.T, folder string, check bool) error {
	t.Helper()
	p, err := play(t.Context(), []sim.Experiment{&fake{Value: 0.123456}}, folder, func(string, int, int) {})
	if err != nil {
		return err
	}
	return p.finish(folder, check)
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return string(data)
}

func TestPaper(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "paper.tmpl.md", `---
title: T
---

{{num "fake" "found"}} or {{pct "fake" "found" 2}} was {{before "fake" "found"}}.
{{fig "fake" "line"}}
{{table "fake" "rows"}}
{{range names}}{{title .}}: {{about .}}
{{params .}}
{{bounds .}}{{end}}`)
	require.NoError(t, fill(t, folder, false))
	text := read(t, folder, "paper.md")
	mark := marked([]byte(text))
	require.Regexp(t, `^<!-- Made by make paper .* Digest [0-9a-f]{64} -->$`, mark)
	require.Equal(t, "---\ntitle: T\n---\n\n"+mark+"\n\n"+`0.1235 or 12 % was 2.
![It rises.](figures/fake-line.svg)
| who | pay |
| ---- | -----: |
| a\|b | 0.1235 |

A fake: Nothing is played.
| parameter | value | what |
| --------- | -------- | ------------- |
| `+"`value`"+` | 0.123456 | what it finds |
| `+"`seed`"+` | 0 | seed |

| number | what | found | before | kept |
| ------- | -------------- | ---------- | ------ | ---- |
| `+"`found`"+` | what was found | 0.1235 TAO | 2 | ≤ 1 |
`, text)
	require.Contains(t, read(t, folder, "figures/fake-line.svg"), "<svg")
	require.Equal(t, `[
 {
  "name": "fake",
  "params": {
   "value": 0.123456,
   "seed": 0
  },
  "numbers": [
   {
    "name": "found",
    "value": "0.1235",
    "before": "2"
   },
   {
    "name": "free",
    "value": "7"
   }
  ]
 }
]
`, read(t, folder, "results.json"))
}

func TestCheck(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "paper.tmpl.md", `{{num "fake" "found"}}`)
	require.NoError(t, fill(t, folder, false))
	require.ErrorContains(t, fill(t, folder, true), "paper.html")
	text := read(t, folder, "paper.md")
	write(t, folder, "paper.html", "<p>"+marked([]byte(text)))
	require.NoError(t, fill(t, folder, true))

	for _, c := range []struct{ file, now, want string }{
		{"paper.md", text + "by hand", "paper.md is not what the experiments say: run make paper"},
		{"results.json", "{}", "results.json is not what the experiments say: run make paper"},
		{"paper.html", "<p>" + mark([]byte("another text")), "paper.html is not of paper.md: run make paper"},
	} {
		was := read(t, folder, c.file)
		write(t, folder, c.file, c.now)
		require.ErrorContains(t, fill(t, folder, true), c.want)
		write(t, folder, c.file, was)
	}
	require.NoError(t, os.Remove(filepath.Join(folder, "figures", "fake-line.svg")))
	require.ErrorContains(t, fill(t, folder, true), "fake-line.svg")
	require.NoError(t, fill(t, folder, false))
	require.NoError(t, fill(t, folder, true))

	write(t, folder, "params.json", `{"fake": {"value": 0.5}}`)
	require.ErrorContains(t, fill(t, folder, true), "run make paper")
	require.NoError(t, fill(t, folder, false))
	require.Contains(t, read(t, folder, "paper.md"), "0.5")
}

func TestPaperRefuses(t *testing.T) {
	for name, c := range map[string]struct{ template, params, want string }{
		"unknown experiment":      {`{{num "none" "found"}}`, `{}`, `no experiment is called "none"`},
		"unknown number":          {`{{num "fake" "none"}}`, `{}`, `fake has no number "none"`},
		"no published figure":     {`{{published "fake" "found"}}`, `{}`, "has no such field"},
		"too many digits":         {`{{num "fake" "found" 5}}`, `{}`, "say one number from 1 to 4"},
		"unknown table":           {`{{table "fake" "none"}}`, `{}`, `fake has no table "none"`},
		"unknown column":          {`{{table "fake" "rows" "when"}}`, `{}`, `no column "when": there are ["who" "pay"]`},
		"unknown row":             {`{{table "fake" "rows" "who=x"}}`, `{}`, "no row has who=x"},
		"unknown figure":          {`{{fig "fake" "none"}}`, `{}`, `fake has no figure "none"`},
		"about nobody":            {`{{about "none"}}`, `{}`, `no experiment is called "none"`},
		"title of nobody":         {`{{title "none"}}`, `{}`, `no experiment is called "none"`},
		"parameters of nobody":    {`{{params "none"}}`, `{}`, `no experiment is called "none"`},
		"bounds of nobody":        {`{{bounds "none"}}`, `{}`, `no experiment is called "none"`},
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
			require.ErrorContains(t, fill(t, folder, false), c.want)
			require.NoFileExists(t, filepath.Join(folder, "paper.md"))
		})
	}
}

func TestChoice(t *testing.T) {
	all := sim.Table{Name: "t", Columns: []string{"rule", "pay", "loss"}}
	all.Add("ours", 10, 2.123456)
	all.Add("ours", 30, 2.0)
	all.Add("equal", 30, -2.5)
	got, err := choice(all, []string{"pay=30", "rule", "loss:nats"})
	require.NoError(t, err)
	require.Equal(t, "| rule | nats |\n| ----- | ---: |\n| ours | 2 |\n| equal | \u22122.5 |\n", markdown(got))
	got, err = choice(all, []string{"rule=ours"})
	require.NoError(t, err)
	require.Equal(t, all.Columns, got.Columns)
	require.Len(t, got.Rows, 2)
	got, err = choice(all, []string{"pay=10", "pay=30", "rule=equal", "loss"})
	require.NoError(t, err)
	require.Equal(t, [][]any{{-2.5}}, got.Rows)
	_, err = choice(all, []string{"pay=10", "rule=equal"})
	require.ErrorContains(t, err, "no row has all of")
	require.Len(t, all.Rows, 3)
	got, err = choice(all, nil)
	require.NoError(t, err)
	require.Equal(t, all, got)
}

func TestDigits(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 1: "1", 0.5: "0.5", 0.123456: "0.1235", 1234.56: "1235", 123456.7: "123500", 0.0001234: "0.0001234", 0.00001234: "0.0000", -0.25: "-0.25",
		1e12: "1e+12",
	} {
		require.Equal(t, want, digits(x, 4))
	}
	require.Equal(t, "0.12", digits(0.1234, 2))
	require.Equal(t, "1.2", digits(1.234, 2))
	for x, want := range map[float64]string{0.5992: "0.60", 3.04: "3.0", -0.9999: "-1.0", 0.0502: "0.050", 27.35: "27", 1: "1", 0: "0", 100: "100", 1e-7: "0.0000"} {
		require.Equal(t, want, exactly(x, 2), x)
	}
}

func TestSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		tell := steps(&out, time.Now())
		tell("a", 0, 1)
		tell("a", 1, 3)
		time.Sleep(6 * time.Second)
		tell("a", 2, 3)
		tell("a", 3, 3)
		tell("b", 0, 1)
		require.Equal(t, "   0.0s a\n   6.0s a 2 of 3\n   6.0s b\n", out.String())
	})
}
