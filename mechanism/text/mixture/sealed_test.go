package mixture_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/mixture"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

var askedMu sync.Mutex

// seals is a miner that tells nobody anything at once; it counts how often it was asked.
func seals(share float64, asked *int) neuron {
	return neuron{share: share, state: "up", answer: func(context.Context, *textv1.PredictRequest) (*textv1.PredictResponse, error) {
		askedMu.Lock()
		*asked++
		askedMu.Unlock()
		return nil, &dendrite.Error{Kind: dendrite.ErrSealed}
	}}
}

func TestWhoSealsTakesNoFurtherPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		net := newNetwork(seals(0.9, &asked), always(0.1, says(" a", 1.0)))
		m := newMixture(t, mixture.Config{})
		for range 3 {
			got, _, _ := write(t, m, net, model.Prompt{Text: "x", MaxTokens: 3, TopP: 1})
			require.Equal(t, " a a a", got)
		}
		require.Equal(t, 1, asked, "once is enough for a while")
		time.Sleep(2 * time.Minute)
		got, _, _ := write(t, m, net, model.Prompt{Text: "x", MaxTokens: 1, TopP: 1})
		require.Equal(t, " a", got)
		require.Equal(t, 2, asked, "its operator may have changed that")
	})
}

// TestOthersArePickedWhereMembersSeal: those that earn most seal, and others write.
func TestOthersArePickedWhereMembersSeal(t *testing.T) {
	asked := 0
	var neurons []neuron
	for range 10 {
		neurons = append(neurons, seals(0.09, &asked))
	}
	neurons = append(neurons, always(0.1/2, says(" b", 1.0)), always(0.1/2, says(" b", 1.0)))
	for name, use := range map[string]func(m *mixture.Mixture, net *network){
		"a text": func(m *mixture.Mixture, net *network) {
			got, _, _ := write(t, m, net, model.Prompt{Text: "x", MaxTokens: 2, TopP: 1})
			require.Equal(t, " b b", got)
		},
		"a step": func(m *mixture.Mixture, net *network) {
			answers, err := m.Step(t.Context(), net, []byte("x"), 4)
			require.NoError(t, err)
			require.NotEmpty(t, answers)
			require.NoError(t, answers[len(answers)-1].Err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			use(newMixture(t, mixture.Config{Members: 1}), newNetwork(neurons...))
		})
	}
}

func TestNobodyAnswersAtOnce(t *testing.T) {
	asked := 0
	var neurons []neuron
	for range 100 {
		neurons = append(neurons, seals(0.01, &asked))
	}
	for n, want := range map[int]int{1: 1, 6: 6, 100: 64} { // no more are asked for one text
		for name, use := range map[string]func(m *mixture.Mixture, net mechanism.Network) error{
			"a text": func(m *mixture.Mixture, net mechanism.Network) error {
				return m.Generate(t.Context(), net, model.Prompt{Text: "x", MaxTokens: 2, TopP: 1}, func(model.Piece) error { return nil })
			},
			"a step": func(m *mixture.Mixture, net mechanism.Network) error {
				_, err := m.Step(t.Context(), net, []byte("x"), 4)
				return err
			},
		} {
			t.Run(name, func(t *testing.T) {
				asked = 0
				m, net := newMixture(t, mixture.Config{}), newNetwork(neurons[:n]...)
				err := use(m, net)
				require.ErrorIs(t, err, mixture.ErrSealed)
				require.ErrorIs(t, err, dendrite.ErrSealed)
				require.ErrorIs(t, err, mechanism.ErrUpstream)
				require.Equal(t, want, asked)
				if n < 64 {
					_, err = m.Pick(net)
					require.ErrorIs(t, err, mixture.ErrSealed)
				}
			})
		}
	}
	// Whoever is down is not there.
	down := seals(1, &asked)
	down.state = "down"
	_, err := newMixture(t, mixture.Config{}).Pick(newNetwork(down))
	require.ErrorIs(t, err, mechanism.ErrNoNeuron)
	require.NotErrorIs(t, err, mixture.ErrSealed)
}
