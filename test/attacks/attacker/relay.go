package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

var (
	errAbsent = errors.New("the victim does not serve")
	errLate   = errors.New("the victim's answer came too late")
)

// see keeps the latest state of the subnet for relays.
func (w *world) see(m *metagraph.Metagraph) error {
	w.latest.Set(m)
	return nil
}

// relay asks another miner what it was asked itself, under the hotkey of its own miner, and repeats the answer: at once where the victim
// tells its answers so, else it asks for a sealed one and waits for the opening until its own seal is nearly due. Its own model has answered by
// then, so that it loses nothing by having tried. Before its victim serves it is honest.
type relay struct {
	model.Predictor // its own
	world           *world
	log             *slog.Logger
	client          *dendrite.Client
	victim          gotensor.Address
	waits           time.Duration
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
	r := &relay{
		Predictor: own, world: w, log: w.log.With("play", p.Name), client: client, victim: victim,
		// What is left is for its seal's way to the validator, which must be there Hold after the validator began to send.
		waits: w.settings.Hold() * 9 / 10,
	}
	if p.Sigma > 0 {
		r.blur = noisy(p.Sigma)
	}
	return r, nil
}

// Predict repeats. Each attempt is logged with what became of it, for the test to count.
func (r *relay) Predict(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	type answer struct {
		out []model.Prediction
		err error
	}
	own := make(chan answer, 1)
	go func() {
		out, err := r.Predictor.Predict(ctx, contexts, k)
		own <- answer{out, err}
	}()
	out, err := r.repeat(ctx, contexts, k)
	r.log.Info("relay", "outcome", outcome(err))
	if err != nil {
		a := <-own
		return a.out, a.err
	}
	for i := range out {
		if r.blur != nil {
			out[i] = r.blur(out[i])
		}
	}
	return out, nil
}

// outcome names what became of an attempt to relay.
func outcome(err error) string {
	switch {
	case err == nil:
		return "answered"
	case errors.Is(err, errAbsent):
		return "absent"
	case errors.Is(err, errLate):
		return "late"
	case errors.Is(err, dendrite.ErrNotPermitted):
		return "refused"
	}
	return "failed: " + err.Error()
}

func (r *relay) repeat(ctx context.Context, contexts [][]byte, k int) ([]model.Prediction, error) {
	ctx, cancel := context.WithTimeout(ctx, r.waits)
	defer cancel()
	g, err := r.world.latest.Next(ctx, nil)
	if err != nil {
		return nil, err
	}
	n, ok := g.ByHotkey(r.victim)
	if !ok || !n.Endpoint.Serves() {
		return nil, errAbsent
	}
	conn := r.client.To(dendrite.Target{Addr: n.Endpoint.Addr, Pin: n.Endpoint.Pin, Hotkey: n.Hotkey})
	req := &textv1.PredictRequest{Contexts: contexts, KMax: uint32(k)}
	resp, err := textv1.NewTextClient(conn).Predict(ctx, req)
	if errors.Is(err, dendrite.ErrSealed) {
		resp, err = text.PredictSealed(ctx, conn, r.victim, req, r.waits)
	}
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", errLate, err)
	}
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
