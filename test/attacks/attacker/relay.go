package main

import (
	"context"
	"fmt"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// see keeps the latest state of the subnet for relays.
func (w *world) see(m *metagraph.Metagraph) error {
	w.latest.Set(m)
	return nil
}

// relay asks another miner what it was asked itself, under the hotkey of its own miner, and repeats the answer.
type relay struct {
	model.Predictor // its own, for when it is refused
	world           *world
	client          *dendrite.Client
	victim          gotensor.Address
	deadline        time.Duration
	blur            func(model.Prediction) model.Prediction // nil: exactly
}

func newRelay(w *world, own model.Predictor, p *Play, key keys.PrivateKey) (model.Predictor, error) {
	victim, err := keys.ParseAccount(p.Victim)
	if err != nil {
		return nil, fmt.Errorf("%w: victim: %w", errPlan, err)
	}
	client, err := dendrite.New(dendrite.Config{ChainID: w.chainID, Signer: key})
	if err != nil {
		return nil, err
	}
	r := &relay{Predictor: own, world: w, client: client, victim: victim, deadline: w.settings.Deadline() * 3 / 4}
	if p.Sigma > 0 {
		r.blur = noisy(p.Sigma)
	}
	return r, nil
}

// Predict repeats.
func (r *relay) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	out, err := r.repeat(ctx, contexts, k)
	if err != nil {
		return r.Predictor.Predict(ctx, contexts, k)
	}
	for i := range out {
		if r.blur != nil {
			out[i] = r.blur(out[i])
		}
	}
	return out, nil
}

func (r *relay) repeat(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	ctx, cancel := context.WithTimeout(ctx, r.deadline)
	defer cancel()
	g, err := r.world.latest.Next(ctx, nil)
	if err != nil {
		return nil, err
	}
	n, ok := g.ByHotkey(r.victim)
	if !ok || !n.Endpoint.Serves() {
		return nil, fmt.Errorf("%w: the victim does not serve", errPlan)
	}
	conn := r.client.To(dendrite.Target{Addr: n.Endpoint.Addr, Pin: n.Endpoint.Pin, Hotkey: n.Hotkey})
	resp, err := textv1.NewTextClient(conn).Predict(ctx, &textv1.PredictRequest{Contexts: contexts, KMax: uint32(k)})
	if err != nil {
		return nil, err
	}
	if len(resp.GetPredictions()) != len(contexts) {
		return nil, fmt.Errorf("%w: %d answers", model.ErrPrediction, len(resp.GetPredictions()))
	}
	out := make([]model.Prediction, len(contexts))
	for i, p := range resp.GetPredictions() {
		if out[i], err = text.Decode(p, k); err != nil {
			return nil, err
		}
	}
	return out, nil
}
