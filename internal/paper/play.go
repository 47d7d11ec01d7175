package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/gotensor/gotensor/internal/chart"
	"github.com/gotensor/gotensor/sim"
)

// paper is what all experiments found, and the files that are made of it, by path below the paper's folder.
type paper struct {
	experiments []sim.Experiment
	reports     map[string]*sim.Report
	order       []string // names of the experiments
	files       map[string][]byte
}

// play runs the experiments with the parameters that params.json in the folder names, each by experiment; the others keep their
// defaults.
func play(ctx context.Context, all []sim.Experiment, folder string, progress func(name string, done, of int)) (*paper, error) {
	params := map[string]json.RawMessage{}
	data, err := os.ReadFile(filepath.Join(folder, "params.json"))
	if err == nil {
		err = json.Unmarshal(data, &params)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("params.json: %w", err)
	}
	p := &paper{experiments: all, reports: map[string]*sim.Report{}, files: map[string][]byte{}}
	for _, e := range all {
		progress(e.Name(), 0, 1)
		if raw, ok := params[e.Name()]; ok {
			dec := json.NewDecoder(bytes.NewReader(raw))
			dec.DisallowUnknownFields()
			if err := dec.Decode(e); err != nil {
				return nil, fmt.Errorf("params.json: %s: %w", e.Name(), err)
			}
			delete(params, e.Name())
		}
		r, err := e.Run(ctx, func(done, of int) { progress(e.Name(), done, of) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		if broken := r.Broken(); len(broken) > 0 {
			return nil, fmt.Errorf("%s: %s is %v, outside its bounds", e.Name(), broken[0].Name, broken[0].Value)
		}
		p.reports[e.Name()], p.order = r, append(p.order, e.Name())
	}
	for name := range params {
		return nil, fmt.Errorf("params.json: no experiment is called %q", name)
	}
	return p, nil
}

// finish makes the files and writes them, or compares them with those that are there. The results are compared as numbers of
// four digits, as they are printed, since the last bits of a float differ between machines.
func (p *paper) finish(folder string, check bool) error {
	for _, name := range p.order {
		r := p.reports[name]
		for i := range r.Figures {
			var b bytes.Buffer
			if err := chart.SVG(&b, &r.Figures[i]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			p.files[figurePath(name, r.Figures[i].Name)] = b.Bytes()
		}
	}
	text, err := p.text(filepath.Join(folder, "paper.tmpl.md"))
	if err != nil {
		return err
	}
	p.files["paper.md"] = text
	if p.files["results.json"], err = p.results(); err != nil {
		return err
	}
	if check {
		return p.compare(folder)
	}
	if err := os.RemoveAll(filepath.Join(folder, "figures")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, "figures"), 0o755); err != nil {
		return err
	}
	for path, data := range p.files {
		if err := os.WriteFile(filepath.Join(folder, path), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare tells which of the files that are there are not what the experiments say now. Figures are only missed, since their lines
// carry more digits than machines agree on. A web page is of this text if it has its digest.
func (p *paper) compare(folder string) error {
	for _, path := range slices.Sorted(maps.Keys(p.files)) {
		old, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return err
		}
		if filepath.Ext(path) != ".svg" && !bytes.Equal(old, p.files[path]) {
			return fmt.Errorf("%s is not what the experiments say: run make paper", path)
		}
	}
	page, err := os.ReadFile(filepath.Join(folder, "paper.html"))
	if err == nil && !bytes.Contains(page, []byte(marked(p.files["paper.md"]))) {
		return errors.New("paper.html is not of paper.md: run make paper")
	}
	return err
}

func figurePath(experiment, figure string) string {
	return "figures/" + experiment + "-" + figure + ".svg"
}
