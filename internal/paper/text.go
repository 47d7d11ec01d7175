package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"text/template"

	"github.com/gotensor/gotensor/sim"
)

// text fills the template.
func (p *paper) text(path string) ([]byte, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := template.New(path).Funcs(template.FuncMap{
		"num":       p.pick(func(n sim.Number) *float64 { return &n.Value }),
		"before":    p.pick(func(n sim.Number) *float64 { return n.Before }),
		"published": p.pick(func(n sim.Number) *float64 { return n.Published }),
		"table":     p.table,
		"fig":       p.figure,
		"about":     p.about,
		"bounds":    p.bounds,
	}).Parse(string(source))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("<!-- Made by `make paper` of paper.tmpl.md and the experiments: change those. -->\n\n")
	if err := t.Execute(&b, nil); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (p *paper) report(name string) (*sim.Report, error) {
	r, ok := p.reports[name]
	if !ok {
		return nil, fmt.Errorf("no experiment is called %q", name)
	}
	return r, nil
}

// pick is the function of the template that prints one field of a number.
func (p *paper) pick(field func(sim.Number) *float64) func(experiment, number string) (string, error) {
	return func(experiment, number string) (string, error) {
		r, err := p.report(experiment)
		if err != nil {
			return "", err
		}
		n, ok := r.Number(number)
		if !ok {
			return "", fmt.Errorf("%s has no number %q", experiment, number)
		}
		x := field(n)
		if x == nil {
			return "", fmt.Errorf("%s: %s has no such field", experiment, number)
		}
		return digits(*x), nil
	}
}

func (p *paper) table(experiment, name string) (string, error) {
	r, err := p.report(experiment)
	if err != nil {
		return "", err
	}
	for _, t := range r.Tables {
		if t.Name == name {
			return markdown(t), nil
		}
	}
	return "", fmt.Errorf("%s has no table %q", experiment, name)
}

func (p *paper) figure(experiment, name string) (string, error) {
	r, err := p.report(experiment)
	if err != nil {
		return "", err
	}
	for _, f := range r.Figures {
		if f.Name == name {
			return fmt.Sprintf("![%s. %s](%s)", strings.TrimSuffix(f.Title, "."), f.Caption, figurePath(experiment, name)), nil
		}
	}
	return "", fmt.Errorf("%s has no figure %q", experiment, name)
}

// about is an experiment's own text without its first line.
func (p *paper) about(experiment string) (string, error) {
	for _, e := range p.experiments {
		if e.Name() == experiment {
			_, text, _ := strings.Cut(e.About(), "\n\n")
			return text, nil
		}
	}
	return "", fmt.Errorf("no experiment is called %q", experiment)
}

// bounds lists what the tests keep.
func (p *paper) bounds() string {
	t := sim.Table{Columns: []string{"experiment", "what", "found", "without the defence", "kept"}}
	for _, name := range p.order {
		for _, n := range p.reports[name].Numbers {
			if n.AtLeast == nil && n.AtMost == nil {
				continue
			}
			var kept []string
			if n.AtLeast != nil {
				kept = append(kept, "≥ "+digits(*n.AtLeast))
			}
			if n.AtMost != nil {
				kept = append(kept, "≤ "+digits(*n.AtMost))
			}
			before := ""
			if n.Before != nil {
				before = digits(*n.Before)
			}
			t.Add(name, n.About, digits(n.Value)+" "+n.Unit, before, strings.Join(kept, ", "))
		}
	}
	return markdown(t)
}

func markdown(t sim.Table) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(t.Columns)
	rule := make([]string, len(t.Columns))
	for i := range rule {
		rule[i] = "---:"
		if len(t.Rows) > 0 {
			if _, text := t.Rows[0][i].(string); text {
				rule[i] = "---"
			}
		}
	}
	line(rule)
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.ReplaceAll(show(cell), "|", `\|`)
		}
		line(cells)
	}
	return b.String()
}

func show(cell any) string {
	if x, ok := cell.(float64); ok {
		return digits(x)
	}
	return fmt.Sprint(cell)
}

// digits prints a number with four significant digits, and whole numbers whole.
func digits(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e9 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	if a := math.Abs(x); a >= 1e-3 && a < 1e6 {
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
		return strconv.FormatFloat(rounded, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// results are parameters and numbers of all experiments as JSON.
func (p *paper) results() ([]byte, error) {
	type number struct {
		Name, Value string
		Before      string `json:",omitempty"`
		Published   string `json:",omitempty"`
	}
	type result struct {
		Name    string
		Params  any
		Numbers []number
	}
	out := make([]result, len(p.order))
	for i, name := range p.order {
		r := p.reports[name]
		out[i] = result{Name: name, Params: r.Params}
		for _, n := range r.Numbers {
			shown := number{Name: n.Name, Value: digits(n.Value)}
			if n.Before != nil {
				shown.Before = digits(*n.Before)
			}
			if n.Published != nil {
				shown.Published = digits(*n.Published)
			}
			out[i].Numbers = append(out[i].Numbers, shown)
		}
	}
	return json.MarshalIndent(out, "", " ")
}
