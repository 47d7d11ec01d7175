package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/sim/scoring/recorded"
)

// draw is the command items.
type draw struct {
	flags                       *flag.FlagSet
	context, each, k, reference int
	seed                        uint64
}

func (d *draw) bank() (*recorded.Bank, error) {
	if d.flags.NArg() == 0 {
		return nil, fmt.Errorf("no sources: want names of embedded books or NAME=PATH")
	}
	b := &recorded.Bank{Context: d.context, K: d.k}
	var sources []dataset.Source
	for _, arg := range d.flags.Args() {
		s, about, err := sourceOf(arg)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
		b.Sources = append(b.Sources, recorded.Source{Name: s.Name(), About: about, Reference: dataset.Excerpt(dataset.Reference, d.reference, s)})
	}
	drawer, err := dataset.NewDrawer(sources, d.context, rand.New(rand.NewPCG(d.seed, 1)))
	if err != nil {
		return nil, err
	}
	items, err := drawer.DrawApart(d.each)
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		b.Items = append(b.Items, recorded.Item{Source: it.Source, Context: it.Context, Truth: it.Continuation})
	}
	return b, nil
}

func sourceOf(arg string) (dataset.Source, string, error) {
	name, path, other := strings.Cut(arg, "=")
	if !other {
		books, err := dataset.Embedded()
		if err != nil {
			return nil, "", err
		}
		for _, s := range books {
			if s.Name() == name {
				return s, "held-out places of an embedded book", nil
			}
		}
		return nil, "", fmt.Errorf("source %q is no embedded book: want NAME=PATH for other texts", arg)
	}
	content, err := read(path)
	if err != nil {
		return nil, "", err
	}
	s, err := dataset.New(name, content)
	return s, fmt.Sprintf("held-out places of %d bytes of text", len(content)), err
}

// read returns a text file, or the prose of a folder's Markdown files in the order of their names.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return os.ReadFile(path)
	}
	var out []byte
	err = filepath.WalkDir(path, func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".md" {
			return err
		}
		content, err := os.ReadFile(file)
		out = append(out, prose(content)...)
		return err
	})
	return out, err
}

var (
	noProse = regexp.MustCompile("^(#|\\||>|```|~~~|    |\\t|!\\[|<|---|\\$\\$)")
	link    = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	marks   = regexp.MustCompile("[*_`]{1,3}")
	bullet  = regexp.MustCompile(`^\s*([-*+]|\d+\.)\s+`)
)

// prose is the running text of a Markdown file: one line a paragraph, in ASCII, without code, tables, headings, links' targets and marks. Paragraphs
// of less than 80 bytes, and those with templates, are left out.
func prose(markdown []byte) []byte {
	var out bytes.Buffer
	var open []string
	end := func() {
		if text := strings.Join(open, " "); len(text) >= 80 && !strings.Contains(text, "{{") {
			out.WriteString(text + "\n")
		}
		open = nil
	}
	fence := false
	for l := range strings.Lines(string(markdown)) {
		l = strings.TrimRight(l, "\r\n")
		if strings.HasPrefix(l, "```") {
			fence = !fence
		}
		if fence || strings.TrimSpace(l) == "" || noProse.MatchString(l) {
			end()
			continue
		}
		if bullet.MatchString(l) {
			end()
			l = bullet.ReplaceAllString(l, "")
		}
		l = marks.ReplaceAllString(link.ReplaceAllString(l, "$1"), "")
		l = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return -1
			}
			return r
		}, l)
		open = append(open, strings.Join(strings.Fields(l), " "))
	}
	end()
	return out.Bytes()
}
