package cli

import (
	"context"
	"fmt"
	"math"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/doctor"
	textmechanism "github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// speedOf asks a neuron as validators of the subnet's mechanism do, and takes the time.
func speedOf(ctx context.Context, conn grpc.ClientConnInterface, m *metagraph.Metagraph, n metagraph.Neuron) (doctor.Speed, error) {
	if m.Mechanism != textmechanism.Name {
		return doctor.Speed{}, fmt.Errorf("%w: how to ask a miner of mechanism %q", doctor.ErrNotAsked, m.Mechanism)
	}
	return speedOfText(ctx, conn, m.Settings, n.Hotkey)
}

// speedOfText asks about as many passages as a round has, of the books that are embedded. They differ from call to call, so that no
// model answers from memory. Validators wait no longer than the deadline, so that this does not either; where predictions are sealed, the seal
// must be there by half of it, and that is what is timed.
func speedOfText(ctx context.Context, conn grpc.ClientConnInterface, settings string, hotkey gotensor.Address) (doctor.Speed, error) {
	s, err := textmechanism.ParseSettings(settings)
	if err != nil {
		return doctor.Speed{}, err
	}
	sources, err := dataset.Embedded()
	if err != nil {
		return doctor.Speed{}, err
	}
	rng, err := secretRand()
	if err != nil {
		return doctor.Speed{}, err
	}
	drawer, err := dataset.NewDrawer(sources, s.ContextBytes, rng)
	if err != nil {
		return doctor.Speed{}, err
	}
	items, err := drawer.Draw(int(math.Ceil(float64(s.Items) / float64(len(sources)))))
	if err != nil {
		return doctor.Speed{}, err
	}
	req := &textv1.PredictRequest{KMax: uint32(s.KMax)}
	for _, x := range items[:min(s.Items, len(items))] {
		req.Contexts = append(req.Contexts, x.Context)
	}
	out := doctor.Speed{What: fmt.Sprintf("%d contexts of %d bytes", len(req.Contexts), s.ContextBytes), Deadline: s.Deadline()}
	limited, cancel := context.WithTimeout(ctx, s.Deadline())
	defer cancel()
	ask := predict
	if s.Sealed {
		ask, out.Sealed, out.Deadline = predictSealed, true, s.Hold()
	}
	got, err := ask(limited, conn, hotkey, &s, req)
	resp := got.resp
	out.Took = got.took
	if got.seal > 0 {
		out.Took = got.seal
	}
	switch {
	case err != nil && s.Sealed && got.took >= s.Hold() && (got.seal == 0 || got.seal >= s.Hold()) && ctx.Err() == nil:
		return out, nil // its seal is too late
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return out, nil // too late, which the time says
	case err != nil:
		return out, err
	case len(resp.GetPredictions()) != len(req.Contexts):
		return out, fmt.Errorf("%w: %d predictions for %d contexts", errAnswer, len(resp.GetPredictions()), len(req.Contexts))
	}
	return out, nil
}
