package scoring

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/sim/scoring/recorded"
)

// recordedExam asks the questions of the recorded bank instead of those of theExam.
type recordedExam struct {
	*exam
	bank  *recorded.Bank
	gains map[string][]float64 // by model: nats by item
}

// theRecorded is made once per process.
var theRecorded = sync.OnceValues(newRecorded)

const recordedRoundItems = 33 // of three sources

func newRecorded() (*recordedExam, error) {
	bank, err := recorded.Embedded()
	if err != nil {
		return nil, err
	}
	r := &recordedExam{bank: bank, gains: map[string][]float64{}}
	r.exam = &exam{each: bank.PerSource(), asked: recordedRoundItems / len(bank.Sources)}
	var text []byte
	for _, s := range bank.Sources {
		r.names = append(r.names, s.Name)
		text = append(text, s.Reference...)
	}
	reference, err := ngram.NewReference(context.Background(), text)
	if err != nil {
		return nil, err
	}
	if r.scorer, err = score.NewScorer(score.Defaults(), reference.AtWords()); err != nil {
		return nil, err
	}
	for _, it := range bank.Items {
		r.items = append(r.items, score.Item{Stratum: it.Source, Context: it.Context, Truth: it.Truth})
	}
	for i := range bank.Models {
		m := &bank.Models[i]
		if r.gains[m.Name], err = r.exam.gains(context.Background(), m.Answers); err != nil {
			return nil, fmt.Errorf("model %s: %w", m.Name, err)
		}
	}
	return r, nil
}

// independent are the models that were not made from another one of the bank, best first.
func (r *recordedExam) independent() []string {
	var out []string
	for i := range r.bank.Models {
		if m := &r.bank.Models[i]; m.Kin == "" {
			out = append(out, m.Name)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		if mean(r.gains[a]) > mean(r.gains[b]) {
			return -1
		}
		return 1
	})
	return out
}

// part is what a model gains on one source.
func (r *recordedExam) part(model string, source int) []float64 {
	return r.gains[model][source*r.each : (source+1)*r.each]
}

// apart is the distance of two models in that at which two are taken for copies, over all sources as a validator sees it.
func (r *recordedExam) apart(rule *score.Settings, a, b []float64) (float64, error) {
	level := []float64{mean(a), mean(b)}
	s, err := score.Compare(rule, [][]float64{a, b}, level)
	if err != nil {
		return 0, err
	}
	return s.Delta[0][1] / (rule.Kappa * max(rule.LevelFloor, (max(0, level[0])+max(0, level[1]))/2)), nil
}
