package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/model"
	"github.com/gotensor/gotensor/model/garbage"
)

// Play is what one miner does. Its model is the n-gram model of Order, trained on the part Text of the public training text.
type Play struct {
	Name string `json:"name"`
	// Predict is how validators are answered: honest; power (probabilities to the Power, made to sum to 1), noise (Sigma nats of normal noise on every
	// log-probability), single (the next byte only), sure (no opinion on the half of the questions about which the model is unsure), garbage, heart (the embedded
	// books by heart), relay (what the miner of hotkey Victim says when it is asked the same, with Sigma nats of
	// noise; its own model where that does not answer in time, or does not serve yet).
	Predict string `json:"predict"`
	// Write is how people are answered: same (by the model), cheap (order 2), canned, slow, failing (every second time), likely (the likeliest word always), none.
	Write  string  `json:"write"`
	Order  int     `json:"order"`
	Text   string  `json:"text"`
	Power  float64 `json:"power,omitempty"`
	Sigma  float64 `json:"sigma,omitempty"`
	Victim string  `json:"victim,omitempty"`
}

var errPlan = errors.New("plan of attacks")

func readPlan(path string) ([]Play, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var plays []Play
	if err := dec.Decode(&plays); err != nil {
		return nil, fmt.Errorf("%w %s: %w", errPlan, path, err)
	}
	seen := map[string]bool{}
	for i := range plays {
		if err := plays[i].check(); err != nil {
			return nil, err
		}
		if seen[plays[i].Name] {
			return nil, fmt.Errorf("%w: name %q is given twice", errPlan, plays[i].Name)
		}
		seen[plays[i].Name] = true
	}
	return plays, nil
}

func (p *Play) check() error {
	switch {
	case p.Name == "":
		return fmt.Errorf("%w: a play has no name", errPlan)
	case p.Order < 1 || p.Order > 8:
		return fmt.Errorf("%w: %s: order is %d, want 1 to 8", errPlan, p.Name, p.Order)
	case !slices.Contains([]string{"honest", "power", "noise", "single", "sure", "garbage", "heart", "relay"}, p.Predict):
		return fmt.Errorf("%w: %s: predict is %q", errPlan, p.Name, p.Predict)
	case !slices.Contains([]string{"same", "cheap", "canned", "slow", "failing", "likely", "none"}, p.Write):
		return fmt.Errorf("%w: %s: write is %q", errPlan, p.Name, p.Write)
	case p.Predict == "power" && p.Power <= 0:
		return fmt.Errorf("%w: %s: power is %v, want more than 0", errPlan, p.Name, p.Power)
	case p.Sigma < 0 || p.Predict == "noise" && p.Sigma == 0:
		return fmt.Errorf("%w: %s: sigma is %v nats", errPlan, p.Name, p.Sigma)
	}
	return nil
}

// predictor is how a play answers validators.
func (w *world) predictor(ctx context.Context, p *Play, key keys.PrivateKey) (model.Predictor, error) {
	own, err := w.models.answers(ctx, p.Order, p.Text)
	if err != nil {
		return nil, err
	}
	change := func(f func(model.Prediction) model.Prediction) model.Predictor {
		return &changed{Predictor: own, change: f}
	}
	switch p.Predict {
	case "power":
		return change(func(a model.Prediction) model.Prediction { return power(a, p.Power) }), nil
	case "noise":
		return change(noisy(p.Sigma)), nil
	case "single":
		return change(single), nil
	case "sure":
		return change((&unsure{}).answer), nil
	case "garbage":
		return garbage.New(garbage.Random, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	case "heart":
		return newHeart(own)
	case "relay":
		return newRelay(w, own, p, key)
	}
	return own, nil
}
