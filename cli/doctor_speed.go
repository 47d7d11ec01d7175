package cli

import (
	"context"
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/doctor"
	textmechanism "github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// speedOf asks a neuron as validators of the subnet's mechanism do, and takes the time.
func speedOf(ctx context.Context, conn grpc.ClientConnInterface, m *metagraph.Metagraph) (doctor.Speed, error) {
	ask, known := map[string]func(context.Context, grpc.ClientConnInterface, string) (doctor.Speed, error){textmechanism.Name: speedOfText}[m.Mechanism]
	if !known {
		return doctor.Speed{}, fmt.Errorf("%w: how to ask a miner of mechanism %q", doctor.ErrNotAsked, m.Mechanism)
	}
	return ask(ctx, conn, m.Settings)
}

// speedOfText asks about as many passages as a round has, of the books that are embedded. They differ from call to call, so that no
// model answers from memory. Validators wait no longer than the deadline, so that this does not either.
func speedOfText(ctx context.Context, conn grpc.ClientConnInterface, settings string) (doctor.Speed, error) {
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
	began := time.Now()
	resp, err := textv1.NewTextClient(conn).Predict(limited, req, textmechanism.AnswerLimits(len(req.Contexts), s.KMax)...)
	out.Took = time.Since(began)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return out, nil // too late, which the time says
	case err != nil:
		return out, err
	case len(resp.GetPredictions()) != len(req.Contexts):
		return out, fmt.Errorf("%w: %d predictions for %d contexts", errAnswer, len(resp.GetPredictions()), len(req.Contexts))
	}
	return out, nil
}
