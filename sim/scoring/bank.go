package scoring

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/ngram"
	"github.com/gotensor/gotensor/sim"
)

const (
	itemsPerBook   = 640 // questions that are recorded once and asked in the order of a seed
	contextBytes   = 64
	candidates     = 48
	roundItems     = 32
	referenceBytes = 8000 // of each book: every miner of the tests gains over such a reference
)

// exam is what all the experiments with text ask: held-out places of the two embedded books, and the gains of real models on them.
type exam struct {
	names   []string     // of the sources
	each    int          // items of each source
	asked   int          // items of each source in a round
	items   []score.Item // source by source
	scorer  *score.Scorer
	text    map[string][]byte // training texts: all, a, b (every other passage), quarter
	mu      sync.Mutex
	answers map[string]func() ([]model.Prediction, error)
}

// theExam is made once per process: its items never depend on a seed, only the order in which rounds ask them does.
var theExam = sync.OnceValues(newExam)

func newExam() (*exam, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	e := &exam{each: itemsPerBook, asked: roundItems / 2, text: map[string][]byte{}, answers: map[string]func() ([]model.Prediction, error){}}
	for _, s := range sources {
		e.names = append(e.names, s.Name())
		n := 0
		for i, p := range s.Passages() {
			if dataset.SplitOf(i) != dataset.Training {
				continue
			}
			e.text["all"] = append(e.text["all"], p...)
			half := []string{"a", "b"}[n%2]
			e.text[half] = append(e.text[half], p...)
			if n%4 == 0 {
				e.text["quarter"] = append(e.text["quarter"], p...)
			}
			n++
		}
	}
	reference, err := ngram.NewReference(context.Background(), dataset.Excerpt(dataset.Reference, referenceBytes, sources...))
	if err != nil {
		return nil, err
	}
	if e.scorer, err = score.NewScorer(score.Defaults(), reference.AtWords()); err != nil {
		return nil, err
	}
	drawer, err := dataset.NewDrawer(sources, contextBytes, rand.New(rand.NewPCG(5, 1)))
	if err != nil {
		return nil, err
	}
	drawn, err := drawer.Draw(itemsPerBook)
	if err != nil {
		return nil, err
	}
	for _, it := range drawn {
		e.items = append(e.items, score.Item{Stratum: it.Source, Context: it.Context, Truth: it.Continuation})
	}
	return e, nil
}

// predictions of the n-gram model of an order, trained on one of the texts; trained and asked once per process.
func (e *exam) predictions(ctx context.Context, order int, text string) ([]model.Prediction, error) {
	name := fmt.Sprint(order, text)
	e.mu.Lock()
	once, ok := e.answers[name]
	if !ok {
		once = sync.OnceValues(func() ([]model.Prediction, error) {
			m, err := ngram.Train(context.WithoutCancel(ctx), order, e.text[text], nil)
			if err != nil {
				return nil, err
			}
			contexts := make([][]byte, len(e.items))
			for i := range contexts {
				contexts[i] = e.items[i].Context
			}
			return m.AtWords().Predict(context.WithoutCancel(ctx), contexts, candidates)
		})
		e.answers[name] = once
	}
	e.mu.Unlock()
	return once()
}

// gains of predictions by item, nats.
func (e *exam) gains(ctx context.Context, predictions []model.Prediction) ([]float64, error) {
	out := make([]float64, len(e.items))
	err := sim.Parallel(ctx, len(e.items), nil, func(i int) error {
		q, err := e.scorer.Open(e.items[i])
		if err != nil {
			return err
		}
		g, err := q.Gain(score.NewAnswer(e.scorer.Settings(), predictions[i].Candidates, predictions[i].Floor))
		out[i] = g.Nats
		return err
	})
	return out, err
}

// honest gains of a model that answers what it believes.
func (e *exam) honest(ctx context.Context, order int, text string) ([]float64, error) {
	p, err := e.predictions(ctx, order, text)
	if err != nil {
		return nil, err
	}
	return e.gains(ctx, p)
}
