package cli

import (
	"fmt"
	"strconv"

	"github.com/gotensor/gotensor/sim"
)

// simAnswer is the answer of an experiment: as JSON its report.
type simAnswer struct {
	*sim.Report
	files []string
}

func (v simAnswer) print(p *page) {
	p.linef("%s", p.bold(v.Title))
	if len(v.Numbers) > 0 {
		p.linef("")
		p.table(numbersTable(v.Numbers))
	}
	for i := range v.Tables {
		p.linef("")
		printTable(p, &v.Tables[i])
	}
	if len(v.files) == 0 {
		return
	}
	p.linef("")
	for _, name := range v.files {
		p.linef("%s %s", p.faint("written"), name)
	}
}

// numbersTable has a row for each number; columns that none has anything for are left out.
func numbersTable(numbers []sim.Number) grid {
	t := grid{columns: []column{col("NUMBER"), num("VALUE")}, strong: map[int]bool{}}
	has := func(of func(sim.Number) bool) bool {
		for _, n := range numbers {
			if of(n) {
				return true
			}
		}
		return false
	}
	units := has(func(n sim.Number) bool { return n.Unit != "" })
	published := has(func(n sim.Number) bool { return n.Published != nil })
	before := has(func(n sim.Number) bool { return n.Before != nil })
	bounds := has(func(n sim.Number) bool { return bound(n) != "" })
	if units {
		t.columns = append(t.columns, col("UNIT"))
	}
	if published {
		t.columns = append(t.columns, num("PUBLISHED"), num("DIFFERENCE"))
	}
	if before {
		t.columns = append(t.columns, num("BEFORE"))
	}
	if bounds {
		t.columns = append(t.columns, col("BOUND"), col("HOLDS"))
	}
	t.columns = append(t.columns, col("WHAT"))
	for i, n := range numbers {
		row := []string{n.Name, figures(n.Value)}
		if units {
			row = append(row, orDash(n.Unit))
		}
		if published {
			row = append(row, optional(n.Published), "-")
			if n.Published != nil {
				row[len(row)-1] = fmt.Sprintf("%+.3f", n.Value-*n.Published)
			}
		}
		if before {
			row = append(row, optional(n.Before))
		}
		if bounds {
			row = append(row, orDash(bound(n)), holds(n))
		}
		t.strong[i] = !n.Holds()
		t.add(append(row, n.About)...)
	}
	return t
}

// figures prints up to four decimals, or four digits of what is smaller.
func figures(x float64) string {
	if x != 0 && x > -0.001 && x < 0.001 || x >= 1e9 || x <= -1e9 {
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
	s := strconv.FormatFloat(x, 'f', 4, 64)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}

func optional(x *float64) string {
	if x == nil {
		return "-"
	}
	return figures(*x)
}

// bound is a number's bounds in words, empty if it has none.
func bound(n sim.Number) string {
	switch {
	case n.AtLeast != nil && n.AtMost != nil:
		return figures(*n.AtLeast) + " to " + figures(*n.AtMost)
	case n.AtLeast != nil:
		return "at least " + figures(*n.AtLeast)
	case n.AtMost != nil:
		return "at most " + figures(*n.AtMost)
	default:
		return ""
	}
}

func holds(n sim.Number) string {
	switch {
	case bound(n) == "":
		return "-"
	case n.Holds():
		return "yes"
	default:
		return "NO"
	}
}

// simRows are shown of a table; files have all.
const simRows = 60

func printTable(p *page, t *sim.Table) {
	p.linef("%s", p.bold(t.Title))
	g := grid{}
	for i, name := range t.Columns {
		c := col(name)
		if len(t.Rows) > 0 {
			_, text := t.Rows[0][i].(string)
			c.right = !text
		}
		g.columns = append(g.columns, c)
	}
	for _, row := range t.Rows[:min(len(t.Rows), simRows)] {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = fmt.Sprint(cell)
			if x, ok := cell.(float64); ok {
				cells[i] = figures(x)
			}
		}
		g.add(cells...)
	}
	p.table(g)
	if n := len(t.Rows) - simRows; n > 0 {
		p.linef("and %d rows more: --out FOLDER writes all", n)
	}
}

// simAll is the answer of sim all.
type simAll struct {
	Experiments []simDone `json:"experiments"`
}

type simDone struct {
	Name    string       `json:"name"`
	Title   string       `json:"title"`
	Folder  string       `json:"folder"`
	Numbers int          `json:"numbers"`
	Broken  []sim.Number `json:"broken"` // outside their bounds
}

func (v simAll) print(p *page) {
	t := grid{columns: []column{col("EXPERIMENT"), num("NUMBERS"), num("OUTSIDE BOUNDS"), col("REPORT")}, strong: map[int]bool{}}
	for i, e := range v.Experiments {
		t.strong[i] = len(e.Broken) > 0
		t.add(e.Name, strconv.Itoa(e.Numbers), strconv.Itoa(len(e.Broken)), e.Folder)
	}
	p.table(t)
}
