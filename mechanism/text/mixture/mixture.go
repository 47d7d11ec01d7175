package mixture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/model"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// ErrConfig is returned by New for a config that cannot work.
var ErrConfig = errors.New("invalid mixture")

const maxMembers = 64

// Config of a Mixture; zero values mean defaults.
type Config struct {
	// Members is how many neurons write together, 1 to 64 (4).
	Members int
	// Settings of the subnet: how much text neurons are shown, and how many candidates they answer with (text.DefaultSettings).
	Settings text.Settings
	// StepTimeout is how long neurons have for a step (5 s); the text goes on with those that answered.
	StepTimeout time.Duration
	// Patience is how long a text that is being written waits for the others once those with half of the shares have answered (1 s); at
	// least three times as long as these took.
	Patience time.Duration
	// Failures in a row after which a neuron takes no further part in a text (2).
	Failures int
	// Log; nil: none. No text of a caller is written to it.
	Log *slog.Logger
}

// Mixture is the network as one model. It is safe for concurrent use.
type Mixture struct {
	cfg     Config
	sealers sealers
}

// New fills in the defaults. It fails with ErrConfig or text.ErrSettings.
func New(cfg Config) (*Mixture, error) {
	if cfg.Settings == (text.Settings{}) {
		cfg.Settings = text.DefaultSettings()
	}
	if err := cfg.Settings.Validate(); err != nil {
		return nil, err
	}
	cfg.Members, cfg.StepTimeout = cmp.Or(cfg.Members, 4), cmp.Or(cfg.StepTimeout, 5*time.Second)
	cfg.Failures, cfg.Patience = cmp.Or(cfg.Failures, 2), cmp.Or(cfg.Patience, time.Second)
	if cfg.Members < 1 || cfg.Members > maxMembers || cfg.StepTimeout < 0 || cfg.Patience < 0 || cfg.Failures < 0 {
		return nil, fmt.Errorf("%w: Members %d, StepTimeout %v, Patience %v, Failures %d, want 1 to %d members and nothing negative",
			ErrConfig, cfg.Members, cfg.StepTimeout, cfg.Patience, cfg.Failures, maxMembers)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Mixture{cfg: cfg}, nil
}

// Member is a neuron that takes part.
type Member struct {
	Peer mechanism.Peer
	// Share of the mixture, over 0; those of all members sum to 1.
	Share float64
}

// Pick chooses the members: of the neurons that are up those with the largest share of the subnet's pay, uids ascending among equals. Where
// none is known to be up, those not tried yet are chosen; where none earns anything, all count the same. Neurons that
// have told nothing at once lately are left out. It fails with mechanism.ErrNoNeuron, or ErrSealed where only such are left.
func (m *Mixture) Pick(net mechanism.Network) ([]Member, error) {
	peers, sealed := net.Peers(""), false
	for _, state := range []string{"up", "unknown", "trying"} {
		var fit []mechanism.Peer
		for _, p := range peers {
			switch {
			case p.State != state:
			case m.sealers.has(p.Hotkey):
				sealed = true
			default:
				fit = append(fit, p)
			}
		}
		if len(fit) > 0 {
			return m.choose(fit), nil
		}
	}
	if sealed {
		return nil, allSealed()
	}
	return nil, fmt.Errorf("%w: a text of the network needs at least one", mechanism.ErrNoNeuron)
}

func (m *Mixture) choose(peers []mechanism.Peer) []Member {
	slices.SortFunc(peers, func(a, b mechanism.Peer) int {
		return cmp.Or(cmp.Compare(usable(b.Share), usable(a.Share)), cmp.Compare(a.UID, b.UID))
	})
	peers = peers[:min(len(peers), m.cfg.Members)]
	total := 0.0
	for _, p := range peers {
		total += usable(p.Share)
	}
	var out []Member
	for _, p := range peers {
		switch share := usable(p.Share); {
		case total == 0:
			out = append(out, Member{Peer: p, Share: 1 / float64(len(peers))})
		case share > 0: // whoever earns nothing adds nothing
			out = append(out, Member{Peer: p, Share: share / total})
		}
	}
	return out
}

// Answer is what one member says in one step.
type Answer struct {
	Peer mechanism.Peer
	// Share of the mixture; those of the members that answered sum to 1, the others have none.
	Share      float64
	Prediction model.Prediction
	Took       time.Duration
	Err        error
}

// Step asks the members how a text goes on, each with at most k candidates. The answers stand in the order of Pick; a member that
// fails has an Err. Where all of them seal what they say, others are asked. It fails with mechanism.ErrNoNeuron, ErrSealed, and with model.ErrRequest for a k that the subnet does not allow.
func (m *Mixture) Step(ctx context.Context, net mechanism.Network, prefix []byte, k int) ([]Answer, error) {
	if k < 1 || k > m.cfg.Settings.KMax {
		return nil, fmt.Errorf("%w: k is %d, want 1 to %d", model.ErrRequest, k, m.cfg.Settings.KMax)
	}
	for range mostPicks {
		members, err := m.Pick(net)
		if err != nil {
			return nil, err
		}
		answers := m.ask(ctx, net, members, prefix, k, nil)
		if !m.note(answers) || ctx.Err() != nil {
			return answers, ctx.Err()
		}
	}
	return nil, allSealed()
}

// ask asks all members at once. It returns when all have answered or failed, or the step's time is up; heard, if not nil, is told
// the share of each that has answered.
func (m *Mixture) ask(ctx context.Context, net mechanism.Network, members []Member, prefix []byte, k int, heard func(share float64)) []Answer {
	req := &textv1.PredictRequest{Contexts: [][]byte{m.visible(prefix)}, KMax: uint32(k), Anywhere: true}
	results := dendrite.Each(ctx, members, len(members), func(ctx context.Context, member Member) (Answer, error) {
		begin := time.Now()
		a := Answer{Peer: member.Peer, Share: member.Share}
		a.Prediction, a.Err = m.predict(ctx, net, member.Peer.UID, req)
		a.Took = time.Since(begin)
		if a.Err == nil && heard != nil {
			heard(member.Share)
		}
		return a, nil
	})
	out, answered := make([]Answer, len(results)), 0.0
	for i, r := range results {
		out[i] = r.Value
		if r.Err != nil { // the context ended before it was asked
			out[i] = Answer{Peer: members[i].Peer, Err: r.Err}
		}
		if out[i].Err != nil {
			out[i].Share = 0
		}
		answered += out[i].Share
	}
	for i := range out {
		if answered > 0 {
			out[i].Share /= answered
		}
	}
	return out
}

// visible is the end of a text that neurons are shown; it does not begin in the middle of a character.
func (m *Mixture) visible(text []byte) []byte {
	text = text[max(0, len(text)-m.cfg.Settings.ContextBytes):]
	for n := 0; n < utf8.UTFMax-1 && len(text) > 0 && !utf8.RuneStart(text[0]); n++ {
		text = text[1:]
	}
	return text
}

// predict asks one neuron once. What makes no sense counts as its failure.
func (m *Mixture) predict(ctx context.Context, net mechanism.Network, uid gotensor.UID, req *textv1.PredictRequest) (model.Prediction, error) {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.StepTimeout)
	defer cancel()
	ask := mechanism.Ask{Model: fmt.Sprintf("uid-%d", uid), Once: true}
	p, lease, err := mechanism.Open(ctx, net, ask, func(ctx context.Context, _ mechanism.Peer, conn grpc.ClientConnInterface) (model.Prediction, error) {
		resp, err := textv1.NewTextClient(conn).Predict(ctx, req, text.AnswerLimits(1, int(req.GetKMax()))...)
		if err != nil {
			return model.Prediction{}, err
		}
		if n := len(resp.GetPredictions()); n != 1 {
			return model.Prediction{}, fmt.Errorf("%w: %d predictions for one context", mechanism.ErrBadAnswer, n)
		}
		p, err := text.Decode(resp.GetPredictions()[0], int(req.GetKMax()))
		if err != nil {
			return model.Prediction{}, fmt.Errorf("%w: %w", mechanism.ErrBadAnswer, err)
		}
		return p, nil
	})
	if err != nil {
		return model.Prediction{}, err
	}
	lease.Done(nil)
	return p, nil
}
