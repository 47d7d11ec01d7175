package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/model/openai"
	"github.com/gotensor/gotensor/sim/scoring/recorded"
)

// asked is the command ask: one model and where its answers come from.
type asked struct {
	model   recorded.Model
	order   int    // of an n-gram model
	mix     bool   // a mixer
	texts   string // that it is trained on, files separated by commas
	url     string // of a server
	prompt  int    // bytes of the context that a server sees
	answers string // file of answers by another program
}

func (a *asked) bind(flags *flag.FlagSet) {
	flags.StringVar(&a.model.Name, "name", "", "the model's name, short and unique")
	flags.StringVar(&a.model.Family, "family", "", "how it works, in a word")
	flags.StringVar(&a.model.About, "about", "", "what it is and what it was trained on")
	flags.StringVar(&a.model.License, "license", "", "license of its weights")
	flags.StringVar(&a.model.Kin, "kin", "", "the model of the bank from which it is made; empty: independent")
	flags.IntVar(&a.order, "ngram", 0, "train an n-gram model of this order and ask it")
	flags.BoolVar(&a.mix, "mix", false, "train a model that mixes contexts bit by bit and ask it")
	flags.StringVar(&a.texts, "text", "", "files that it is trained on, separated by commas")
	flags.StringVar(&a.url, "url", "", "ask a server that speaks OpenAI's completions")
	flags.IntVar(&a.prompt, "prompt", 1024, "bytes of the context, its end, that the server sees")
	flags.StringVar(&a.answers, "answers", "", "take the answers of this file")
}

// ask fills in the model's answers.
func (a *asked) ask(ctx context.Context, b *recorded.Bank) error {
	var err error
	switch {
	case a.answers != "":
		a.model.Answers, err = a.imported(len(b.Items))
	case a.url != "":
		var p *openai.Pool
		if p, err = openai.New(openai.Config{Servers: []openai.Server{{URL: a.url}}, AtWords: true, MaxPrompt: a.prompt}); err != nil {
			return err
		}
		if err = p.Probe(ctx, b.K); err == nil {
			a.model.Answers, err = predictions(ctx, p, b)
		}
	case a.order > 0 || a.mix:
		var p model.Predictor
		if p, err = a.trained(ctx); err == nil {
			a.model.Answers, err = predictions(ctx, p, b)
		}
	default:
		err = errors.New("want one of -ngram, -mix, -url, -answers")
	}
	return err
}

// trained is a model of the texts.
func (a *asked) trained(ctx context.Context) (model.Predictor, error) {
	var text []byte
	for _, file := range strings.Split(a.texts, ",") {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		text = append(text, content...)
	}
	if a.mix {
		return trainMixer(text), nil
	}
	m, err := ngram.Train(ctx, a.order, text, nil)
	if err != nil {
		return nil, err
	}
	return m.AtWords(), nil
}

// predictions asks a few items at a time and tells how far it is. A model that has no opinion anywhere is taken for broken.
func predictions(ctx context.Context, p model.Predictor, b *recorded.Bank) ([]model.Prediction, error) {
	var out []model.Prediction
	for at := 0; at < len(b.Items); {
		var contexts [][]byte
		for _, it := range b.Items[at:min(at+8, len(b.Items))] {
			contexts = append(contexts, it.Context)
		}
		some, err := p.Predict(ctx, contexts, 4*b.K)
		if err != nil {
			return nil, fmt.Errorf("item %d and after: %w", at, err)
		}
		for i := range some {
			if len(some[i].Candidates) == 0 {
				return nil, fmt.Errorf("item %d: the model has no opinion", at+i)
			}
			out = append(out, recorded.Trim(some[i], b.K))
		}
		at += len(contexts)
		fmt.Fprintf(os.Stderr, "\r%d of %d", at, len(b.Items))
	}
	fmt.Fprintln(os.Stderr)
	return out, nil
}

// imported reads answers that another program wrote, one a line.
func (a *asked) imported(items int) ([]model.Prediction, error) {
	f, err := os.Open(a.answers)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make([]model.Prediction, items)
	seen := map[int]bool{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 4<<20)
	for n := 1; in.Scan(); n++ {
		var answer recorded.Answer
		if err := json.Unmarshal(in.Bytes(), &answer); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", a.answers, n, err)
		}
		if answer.Item < 0 || answer.Item >= items || seen[answer.Item] {
			return nil, fmt.Errorf("%s: line %d: item %d, want each of 0 to %d once", a.answers, n, answer.Item, items-1)
		}
		if out[answer.Item], err = answer.Prediction(); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", a.answers, n, err)
		}
		seen[answer.Item] = true
	}
	if in.Err() == nil && len(seen) != items {
		return nil, fmt.Errorf("%s: %d answers, want %d", a.answers, len(seen), items)
	}
	return out, in.Err()
}

func show(w io.Writer, b *recorded.Bank) error {
	_, err := fmt.Fprintf(w, "%d items, context %d bytes, at most %d candidates\n", len(b.Items), b.Context, b.K)
	for _, s := range b.Sources {
		_, err = fmt.Fprintf(w, "source %-10s %s\n", s.Name, s.About)
	}
	for i := range b.Models {
		m := &b.Models[i]
		_, err = fmt.Fprintf(w, "model  %-14s %-12s %s (%s)\n", m.Name, m.Family, m.About, m.License)
	}
	return err
}
