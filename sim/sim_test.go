package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/sim"
)

func TestParallelKeepsOrderAndCounts(t *testing.T) {
	const n = 1000
	out := make([]int, n)
	last := 0
	err := sim.Parallel(t.Context(), n, func(done, of int) {
		require.Equal(t, n, of)
		require.Equal(t, last+1, done)
		last = done
	}, func(i int) error {
		out[i] = i * i
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, n, last)
	for i, x := range out {
		require.Equal(t, i*i, x)
	}
	require.NoError(t, sim.Parallel(t.Context(), 0, nil, nil))
}

func TestParallelStops(t *testing.T) {
	broken := errors.New("broken")
	err := sim.Parallel(t.Context(), 100, nil, func(i int) error {
		if i == 3 {
			return broken
		}
		return nil
	})
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err = sim.Parallel(ctx, 1, nil, func(int) error { calls++; cancel(); return nil })
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, calls)
}

func TestNumberHolds(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     sim.Number
		holds bool
	}{
		{"no bounds", sim.Number{Value: math.Inf(1)}, true},
		{"within", sim.Number{Value: 1, AtLeast: sim.Bound(1), AtMost: sim.Bound(1)}, true},
		{"above", sim.Number{Value: 1.01, AtMost: sim.Bound(1)}, false},
		{"below", sim.Number{Value: 0.99, AtLeast: sim.Bound(1)}, false},
		{"not a number", sim.Number{Value: math.NaN(), AtMost: sim.Bound(1)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.holds, c.n.Holds())
			r := sim.Report{Numbers: []sim.Number{c.n}}
			require.Len(t, r.Broken(), map[bool]int{true: 0, false: 1}[c.holds])
		})
	}
}

func TestReportAsJSON(t *testing.T) {
	r := &sim.Report{Name: "x", Title: "X", Params: map[string]int{"n": 1}, More: map[string]any{"contours": []int{1, 2}}}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"name": "x", "title": "X", "params": {"n": 1}, "contours": [1, 2]}`, string(data))
	r.More = nil
	data, err = json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"name": "x", "title": "X", "params": {"n": 1}}`, string(data))
	r.More = map[string]any{"f": func() {}}
	_, err = json.Marshal(r)
	require.Error(t, err)
}

func TestTableAsCSV(t *testing.T) {
	table := sim.Table{Name: "t", Columns: []string{"who", "pay, TAO"}}
	table.Add("a, b", 0.5)
	table.Add("c", 1)
	var b bytes.Buffer
	require.NoError(t, table.CSV(&b))
	require.Equal(t, "who,\"pay, TAO\"\n\"a, b\",0.5\nc,1\n", b.String())
	table.Add("short")
	require.ErrorContains(t, table.CSV(&b), "row 2 has 1 cells for 2 columns")
}

func TestWithin(t *testing.T) {
	require.NoError(t, sim.Within("kappa", 0, 1, 0, 0.5, 1))
	for text, err := range map[string]error{
		"kappa is 1.5, want 0 to 1":                    sim.Within("kappa", 0, 1, 0.5, 1.5),
		"kappa is NaN":                                 sim.Within("kappa", 0, 1, math.NaN()),
		"stakes is empty, want numbers from 0.1 to 10": sim.Within("stakes", 0.1, 10),
	} {
		require.ErrorIs(t, err, sim.ErrConfig)
		require.ErrorContains(t, err, text)
	}
}

// coin is the least experiment: how often a fair coin falls heads.
type coin struct {
	Throws int    `json:"throws" help:"how often it is thrown"`
	Seed   uint64 `json:"seed" help:"seed of all randomness"`
}

func (c *coin) Name() string  { return "coin" }
func (c *coin) About() string { return "A coin\n\nIt is thrown." }
func (c *coin) Validate() error {
	return sim.Within("throws", 1, 1e6, float64(c.Throws))
}

func (c *coin) Run(ctx context.Context, progress sim.Progress) (*sim.Report, error) {
	heads := make([]float64, c.Throws)
	err := sim.Parallel(ctx, c.Throws, progress, func(i int) error {
		heads[i] = float64((uint64(i)*0x9e3779b97f4a7c15 + c.Seed) >> 63)
		return nil
	})
	sum := 0.0
	for _, h := range heads {
		sum += h
	}
	return &sim.Report{Name: c.Name(), Title: "A coin", Params: c, Numbers: []sim.Number{{
		Name: "heads", About: "share of heads", Value: sim.Round(sum / float64(c.Throws)), AtLeast: sim.Bound(0.4), AtMost: sim.Bound(0.6),
	}}}, err
}

func ExampleExperiment() {
	var game sim.Experiment = &coin{Throws: 1000}
	r, err := game.Run(context.Background(), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	n, _ := r.Number("heads")
	fmt.Println(n.Value, n.Holds(), len(r.Broken()))
	// Output: 0.5 true 0
}
