package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gotensor/gotensor/sim"
)

// choice are the rows and columns of a table that were asked for, see table.
func choice(t sim.Table, choose []string) (sim.Table, error) {
	var columns []int
	var shown []string
	cells := map[int][]string{}
	for _, c := range choose {
		column, cell, filter := strings.Cut(c, "=")
		name, as, renamed := strings.Cut(column, ":")
		i := slices.Index(t.Columns, name)
		switch {
		case i < 0:
			return t, fmt.Errorf("no column %q: there are %q", name, t.Columns)
		case filter:
			if !slices.ContainsFunc(t.Rows, func(row []any) bool { return show(row[i]) == cell }) {
				return t, fmt.Errorf("no row has %s", c)
			}
			cells[i] = append(cells[i], cell)
			continue
		case !renamed:
			as = name
		}
		columns, shown = append(columns, i), append(shown, as)
	}
	t.Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row []any) bool {
		for i, some := range cells {
			if !slices.Contains(some, show(row[i])) {
				return true
			}
		}
		return false
	})
	if len(t.Rows) == 0 && len(cells) > 0 {
		return t, fmt.Errorf("no row has all of %q", choose)
	}
	if columns == nil {
		return t, nil
	}
	out := sim.Table{Name: t.Name, Title: t.Title, Columns: shown}
	for _, row := range t.Rows {
		some := make([]any, len(columns))
		for k, i := range columns {
			some[k] = row[i]
		}
		out.Add(some...)
	}
	return out, nil
}

// widest is how many characters of a cell make its column wider: pandoc divides the page by the rules under the heading.
const widest = 40

// markdown prints a table; the rule under each heading is as long as what stands in the column.
func markdown(t sim.Table) string {
	rows := [][]string{t.Columns}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.ReplaceAll(show(cell), "|", `\|`)
		}
		rows = append(rows, cells)
	}
	rules := make([]string, len(t.Columns))
	for i := range rules {
		wide := 3
		for k, row := range rows {
			n := utf8.RuneCountInString(row[i])
			if k == 0 {
				n = min(n, 10) // a heading may break
			}
			wide = max(wide, min(n, widest))
		}
		rules[i] = strings.Repeat("-", wide)
		if len(t.Rows) > 0 {
			if _, text := t.Rows[0][i].(string); !text {
				rules[i] = rules[i][1:] + ":"
			}
		}
	}
	var b strings.Builder
	for _, row := range slices.Insert(rows, 1, rules) {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return b.String()
}

func show(cell any) string {
	if x, ok := cell.(float64); ok {
		return minus(digits(x, 4))
	}
	return fmt.Sprint(cell)
}

// digits prints a number with so many significant digits, whole numbers whole, and what is nearly nothing as such.
func digits(x float64, places int) string {
	switch a := math.Abs(x); {
	case x == math.Trunc(x) && a < 1e9:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case a < 1e-4:
		return "0.0000"
	case a >= 1e6:
		return strconv.FormatFloat(x, 'g', min(places, 3), 64)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', places, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// exactly is digits with zeros at the end, but for whole numbers.
func exactly(x float64, places int) string {
	s := digits(x, places)
	if s == "0.0000" || strings.Contains(s, "e") || x == math.Trunc(x) {
		return s
	}
	whole, rest, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	have := len(strings.TrimLeft(whole+rest, "0"))
	if have >= places {
		return s
	}
	if rest == "" {
		s += "."
	}
	return s + strings.Repeat("0", places-have)
}

// minus sets the minus as wide as a digit.
func minus(s string) string { return strings.Replace(s, "-", "\u2212", 1) }
