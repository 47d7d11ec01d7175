package cli

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// column is the head of a column; numbers stand right.
type column struct {
	name  string
	right bool
}

func col(name string) column { return column{name: name} }
func num(name string) column { return column{name: name, right: true} }

// grid is a table, drawn with two blanks between columns, without lines: it reads well, and awk and cut can take it apart.
type grid struct {
	columns []column
	rows    [][]string
	strong  map[int]bool // rows that are drawn in bold
}

func (t *grid) add(cells ...string) { t.rows = append(t.rows, cells) }

func (p *page) table(t grid) {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = lipgloss.Width(c.name)
		for _, r := range t.rows {
			widths[i] = max(widths[i], lipgloss.Width(r[i]))
		}
	}
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		head[i] = c.name
	}
	p.row(t.columns, widths, head, p.faint)
	for i, r := range t.rows {
		style := func(s string) string { return s }
		if t.strong[i] {
			style = p.bold
		}
		p.row(t.columns, widths, r, style)
	}
}

func (p *page) row(columns []column, widths []int, cells []string, style func(string) string) {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteString("  ")
		}
		pad := strings.Repeat(" ", widths[i]-lipgloss.Width(cell))
		if columns[i].right {
			line.WriteString(pad + cell)
		} else {
			line.WriteString(cell + pad)
		}
	}
	p.linef("%s", style(strings.TrimRight(line.String(), " ")))
}
