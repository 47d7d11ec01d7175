package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
	"github.com/gotensor/gotensor/sim/catalog"
)

// TestParametersHaveFlagsOfTheirOwn: every parameter has a help, and no flag of the program hides it.
func TestParametersHaveFlagsOfTheirOwn(t *testing.T) {
	taken := map[string]bool{"params": true, "out": true, "help": true}
	commands().PersistentFlags().VisitAll(func(f *pflag.Flag) { taken[f.Name] = true })
	names := map[string]bool{"list": true, "all": true}
	for _, e := range catalog.All() {
		require.False(t, names[e.Name()], "%s twice", e.Name())
		names[e.Name()] = true
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		p := bindParams(f, e)
		require.Contains(t, p.fields, "seed", e.Name())
		f.VisitAll(func(f *pflag.Flag) {
			require.False(t, taken[f.Name], "%s: --%s means something else", e.Name(), f.Name)
			require.NotEmpty(t, f.Usage, "%s: --%s", e.Name(), f.Name)
		})
	}
}

// every has a parameter of each type.
type every struct {
	inner
	Flag   bool      `json:"flag" help:"a"`
	Count  int       `json:"count" help:"b"`
	Seed   uint64    `json:"seed" help:"c"`
	Share  float64   `json:"a_share" help:"d"`
	Word   string    `json:"word" help:"e"`
	Shares []float64 `json:"shares" help:"f"`
	Counts []int     `json:"counts" help:"g"`
	Words  []string  `json:"words" help:"h"`
	Hidden int       `json:"-"`
}

type inner struct {
	Deep int `json:"deep" help:"i"`
}

func (*every) Name() string    { return "every" }
func (*every) About() string   { return "Every type" }
func (*every) Validate() error { return nil }

func (*every) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	return &sim.Report{Name: "every"}, ctx.Err()
}

func TestFlagsWinOverTheFile(t *testing.T) {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	p := bindParams(f, &every{Shares: []float64{1, 2}, Word: "old"})
	require.Equal(t, "[1,2]", f.Lookup("shares").DefValue)
	require.Nil(t, f.Lookup("hidden"))
	require.NoError(t, f.Parse([]string{"--flag", "--count=-2", "--a-share=0.5", "--counts=1,2", "--words=a,b", "--deep=7"}))
	file := filepath.Join(t.TempDir(), "p.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"count": 9, "seed": 5, "shares": [3], "word": "file", "deep": 1}`), 0o600))
	got := &every{Shares: []float64{1, 2}, Word: "old"}
	require.NoError(t, readParams(file, got))
	p.copyChanged(f, got)
	require.Equal(t, &every{
		inner: inner{7}, Flag: true, Count: -2, Seed: 5, Share: 0.5, Word: "file", Shares: []float64{3}, Counts: []int{1, 2}, Words: []string{"a", "b"},
	}, got)
}

// TestInterrupted: nothing is left behind, and the exit code is that of other interrupted commands.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	code := Main(ctx, []string{"sim", "retention", "--out", out}, Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Getenv: func(string) string { return "" }})
	require.Equal(t, ExitRetry, code)
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "retention was interrupted after")
	left, err := os.ReadDir(out)
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestReportIsWrittenWholeOrNotAtAll: a report with a figure that can't be drawn leaves nothing, and what was there stays.
func TestReportIsWrittenWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	r := &sim.Report{Name: "r", Tables: []sim.Table{{Name: "t", Columns: []string{"a", "b"}}}}
	r.Tables[0].Add(1, 2)
	names, err := writeReport(dir, r)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "report.json"), filepath.Join(dir, "t.csv")}, names)
	before, err := os.ReadFile(names[0])
	require.NoError(t, err)

	r.Title = "another"
	r.Tables[0].Add("one cell")
	_, err = writeReport(dir, r)
	require.ErrorContains(t, err, "row 1 has 1 cells for 2 columns")
	after, err := os.ReadFile(names[0])
	require.NoError(t, err)
	require.Equal(t, before, after)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2, "no temporary files")

	_, err = writeTemporary(dir, "x", func(io.Writer) error { return errors.New("full") })
	require.ErrorContains(t, err, "write x: full")
}

func TestSimView(t *testing.T) {
	one, half := 1.0, 0.5
	v := simAnswer{Report: &sim.Report{
		Title: "A game",
		Numbers: []sim.Number{
			{Name: "a", About: "first", Value: 0.25, Unit: "TAO", Before: &one, AtMost: &half},
			{Name: "b", About: "second", Value: 2, AtLeast: &one, AtMost: &one, Published: &half},
		},
		Tables: []sim.Table{{Name: "t", Title: "Rows", Columns: []string{"name", "x"}}},
	}}
	for range simRows + 2 {
		v.Tables[0].Add("row", 0.5)
	}
	var p page
	v.print(&p)
	text := p.b.String()
	for _, want := range []string{
		"A game\n",
		"a        0.25  TAO           -           -       1  at most 0.5  yes    first\n",
		"b           2  -           0.5      +1.500       -  1 to 1       NO     second\n",
		"and 2 rows more: --out FOLDER writes all\n",
	} {
		require.Contains(t, text, want)
	}
}

func TestSimProgress(t *testing.T) {
	var errs bytes.Buffer
	a := &app{Streams: Streams{Err: &errs}}
	progress, end := a.simProgress("game")
	progress(1, 10)
	end()
	require.Empty(t, errs.String(), "a short run says nothing")

	synctest.Test(t, func(t *testing.T) {
		progress, end := a.simProgress("game")
		time.Sleep(time.Minute) // of the bubble's clock, to prepare
		progress(1, 101)
		require.Contains(t, errs.String(), "game: 0 %, 1m")
		require.NotContains(t, errs.String(), "left", "what it took to prepare says nothing of the rest")
		time.Sleep(10 * time.Second)
		progress(11, 101)
		require.Contains(t, errs.String(), "game: 10 %, 1m10s, about 1m30s left")
		end()
		require.Contains(t, errs.String(), "game: ended after 1m10s")
	})
	require.Equal(t, "0.0005", figures(0.0005))
	require.Equal(t, "12.5", figures(12.5))
	require.Equal(t, "1e+12", figures(1e12))
}
