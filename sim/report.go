package sim

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"

	"github.com/gotensor/gotensor/internal/figure"
)

// Report is what an experiment found.
type Report struct {
	Name    string          `json:"name"`  // of the experiment
	Title   string          `json:"title"` // for people
	Params  any             `json:"params"`
	Numbers []Number        `json:"numbers,omitempty"`
	Tables  []Table         `json:"tables,omitempty"`
	Figures []figure.Figure `json:"figures,omitempty"`
	// More are further fields of the JSON form, beside the others; their names must differ from those.
	More map[string]any `json:"-"`
}

// Number is a figure that an experiment is about, what was published of it, what it was before a change of the design, and the
// bound that tests keep it in.
type Number struct {
	Name      string   `json:"name"` // a-z, 0-9, hyphens; unique within a report
	About     string   `json:"about"`
	Value     float64  `json:"value"`
	Unit      string   `json:"unit,omitempty"`
	Published *float64 `json:"published,omitempty"`
	Before    *float64 `json:"before,omitempty"` // without the defence that Value is measured with
	AtLeast   *float64 `json:"at_least,omitempty"`
	AtMost    *float64 `json:"at_most,omitempty"`
}

// Holds tells whether the value is within its bounds.
func (n Number) Holds() bool {
	return (n.AtLeast == nil || n.Value >= *n.AtLeast) && (n.AtMost == nil || n.Value <= *n.AtMost)
}

// Broken are the numbers outside their bounds.
func (r *Report) Broken() []Number {
	var out []Number
	for _, n := range r.Numbers {
		if !n.Holds() {
			out = append(out, n)
		}
	}
	return out
}

// Number of a name, false if there is none.
func (r *Report) Number(name string) (Number, bool) {
	for _, n := range r.Numbers {
		if n.Name == name {
			return n, true
		}
	}
	return Number{}, false
}

// MarshalJSON writes the report and what More adds.
func (r *Report) MarshalJSON() ([]byte, error) {
	type plain Report
	data, err := json.Marshal((*plain)(r))
	if err != nil || len(r.More) == 0 {
		return data, err
	}
	more, err := json.Marshal(r.More)
	if err != nil {
		return nil, err
	}
	return append(append(data[:len(data)-1], ','), more[1:]...), nil
}

// Table has rows of numbers and texts; all rows are as long as Columns.
type Table struct {
	Name    string   `json:"name"` // of its file: a-z, 0-9, hyphens
	Title   string   `json:"title"`
	Columns []string `json:"columns"` // with units
	Rows    [][]any  `json:"rows"`
}

// Add appends a row.
func (t *Table) Add(cells ...any) { t.Rows = append(t.Rows, cells) }

// CSV writes the table with a header.
func (t *Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(t.Columns); err != nil {
		return fmt.Errorf("write table %s: %w", t.Name, err)
	}
	record := make([]string, len(t.Columns))
	for i, row := range t.Rows {
		if len(row) != len(record) {
			return fmt.Errorf("write table %s: row %d has %d cells for %d columns", t.Name, i, len(row), len(record))
		}
		for k, cell := range row {
			record[k] = fmt.Sprint(cell)
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("write table %s: %w", t.Name, err)
		}
	}
	out.Flush()
	return out.Error()
}

// Bound is a pointer to a bound or a published figure, for Number.
func Bound(x float64) *float64 { return &x }
