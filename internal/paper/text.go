package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"text/template"

	"github.com/gotensor/gotensor/sim"
)

// text fills the template. After its first block, which is about the document, comes a line with the digest of all else, which the
// web page keeps: so it can be told whether that is of this text.
func (p *paper) text(path string) ([]byte, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := template.New(filepath.Base(path)).Funcs(template.FuncMap{
		"num":        p.pick(value, 1, ""),
		"before":     p.pick(before, 1, ""),
		"published":  p.pick(published, 1, ""),
		"pct":        p.pick(value, 100, " %"),
		"before_pct": p.pick(before, 100, " %"),
		"table":      p.table,
		"fig":        p.figure,
		"about":      p.about,
		"names":      func() []string { return p.order },
		"title":      p.title,
		"params":     p.params,
		"bounds":     p.bounds,
	}).Parse(string(source))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, nil); err != nil {
		return nil, err
	}
	head, body := "", b.String()
	if rest, ok := strings.CutPrefix(body, fence); ok {
		if of, after, ok := strings.Cut(rest, "\n"+fence); ok {
			head, body = fence+of+"\n"+fence+"\n", strings.TrimPrefix(after, "\n")
		}
	}
	return []byte(head + mark([]byte(head+body)) + "\n\n" + body), nil
}

const fence = "---\n"

// mark is the line that tells what a text was made of.
func mark(text []byte) string {
	return fmt.Sprintf("<!-- Made by make paper of paper.tmpl.md and the experiments: change those. Digest %x -->", sha256.Sum256(text))
}

// marked is the mark of a text.
func marked(text []byte) string {
	_, rest, _ := strings.Cut(string(text), "<!-- ")
	line, _, _ := strings.Cut(rest, "\n")
	return "<!-- " + line
}

func (p *paper) report(name string) (*sim.Report, error) {
	r, ok := p.reports[name]
	if !ok {
		return nil, fmt.Errorf("no experiment is called %q", name)
	}
	return r, nil
}

func value(n sim.Number) *float64     { return &n.Value }
func before(n sim.Number) *float64    { return n.Before }
func published(n sim.Number) *float64 { return n.Published }

// pick is the function of the template that prints one field of a number times a factor, with so many significant digits as it is
// told, else four.
func (p *paper) pick(field func(sim.Number) *float64, factor float64, unit string) func(experiment, number string, places ...int) (string, error) {
	return func(experiment, number string, places ...int) (string, error) {
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
		if len(places) == 0 {
			return minus(digits(*x*factor, 4)) + unit, nil
		}
		if len(places) > 1 || places[0] < 1 || places[0] > 4 {
			return "", fmt.Errorf("%s: %s with %v digits: say one number from 1 to 4", experiment, number, places)
		}
		return minus(exactly(*x*factor, places[0])) + unit, nil
	}
}

// table prints a table; without more arguments all of it. "column=cell" keeps only rows with that cell, or with
// one of those that are named of a column; "column" or "column:shown name" chooses columns.
func (p *paper) table(experiment, name string, choose ...string) (string, error) {
	r, err := p.report(experiment)
	if err != nil {
		return "", err
	}
	for _, t := range r.Tables {
		if t.Name == name {
			t, err := choice(t, choose)
			if err != nil {
				return "", fmt.Errorf("%s: table %s: %w", experiment, name, err)
			}
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
			return fmt.Sprintf("![%s](%s)", f.Caption, figurePath(experiment, name)), nil
		}
	}
	return "", fmt.Errorf("%s has no figure %q", experiment, name)
}

// about is an experiment's own text without its first line, and title that line.
func (p *paper) about(experiment string) (string, error) {
	for _, e := range p.experiments {
		if e.Name() == experiment {
			_, text, _ := strings.Cut(e.About(), "\n\n")
			return text, nil
		}
	}
	return "", fmt.Errorf("no experiment is called %q", experiment)
}

func (p *paper) title(experiment string) (string, error) {
	for _, e := range p.experiments {
		if e.Name() == experiment {
			title, _, _ := strings.Cut(e.About(), "\n")
			return title, nil
		}
	}
	return "", fmt.Errorf("no experiment is called %q", experiment)
}

// params lists what an experiment was played with.
func (p *paper) params(experiment string) (string, error) {
	for _, e := range p.experiments {
		if e.Name() != experiment {
			continue
		}
		t := sim.Table{Columns: []string{"parameter", "value", "what"}}
		v := reflect.Indirect(reflect.ValueOf(e))
		for _, f := range reflect.VisibleFields(v.Type()) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || name == "" || name == "-" {
				continue
			}
			raw, err := json.Marshal(v.FieldByIndex(f.Index).Interface())
			if err != nil {
				return "", fmt.Errorf("%s: %s: %w", experiment, name, err)
			}
			t.Add("`"+name+"`", strings.NewReplacer(",", ", ", `"`, "", "[", "", "]", "").Replace(string(raw)), f.Tag.Get("help"))
		}
		return markdown(t), nil
	}
	return "", fmt.Errorf("no experiment is called %q", experiment)
}

// bounds lists the numbers of an experiment that tests keep within bounds.
func (p *paper) bounds(experiment string) (string, error) {
	r, err := p.report(experiment)
	if err != nil {
		return "", err
	}
	t := sim.Table{Columns: []string{"number", "what", "found", "before", "kept"}}
	for _, n := range r.Numbers {
		if n.AtLeast == nil && n.AtMost == nil {
			continue
		}
		var kept []string
		if n.AtLeast != nil {
			kept = append(kept, "≥\u00a0"+minus(digits(*n.AtLeast, 4)))
		}
		if n.AtMost != nil {
			kept = append(kept, "≤\u00a0"+minus(digits(*n.AtMost, 4)))
		}
		was := ""
		if n.Before != nil {
			was = minus(digits(*n.Before, 4))
		}
		t.Add("`"+n.Name+"`", n.About, strings.TrimSpace(minus(digits(n.Value, 4))+" "+n.Unit), was, strings.Join(kept, ", "))
	}
	return markdown(t), nil
}

// results are parameters and numbers of all experiments as JSON.
func (p *paper) results() ([]byte, error) {
	type number struct {
		Name      string `json:"name"`
		Value     string `json:"value"`
		Before    string `json:"before,omitempty"`
		Published string `json:"published,omitempty"`
	}
	type result struct {
		Name    string   `json:"name"`
		Params  any      `json:"params"`
		Numbers []number `json:"numbers"`
	}
	out := make([]result, len(p.order))
	for i, name := range p.order {
		r := p.reports[name]
		out[i] = result{Name: name, Params: r.Params}
		for _, n := range r.Numbers {
			shown := number{Name: n.Name, Value: digits(n.Value, 4)}
			if n.Before != nil {
				shown.Before = digits(*n.Before, 4)
			}
			if n.Published != nil {
				shown.Published = digits(*n.Published, 4)
			}
			out[i].Numbers = append(out[i].Numbers, shown)
		}
	}
	data, err := json.MarshalIndent(out, "", " ")
	return append(data, '\n'), err
}
