package custom

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

const (
	// stateVersion changes with the form of what Encode writes.
	stateVersion = 1
	// alpha is the weight of the latest round in a moving mean. Means begin at 0, so that a neuron earns as it shows what it can, and
	// one that registers anew begins again.
	alpha = 0.1
	// mutedAfter is the number of silent rounds in a row after which a neuron weighs nothing.
	mutedAfter = 10
	// mostScore bounds a score, so that means and powers of it stay numbers.
	mostScore = 1e12
)

// JudgeConfig is what a validator brings along. URL and Rand are required.
type JudgeConfig struct {
	URL      string // of the plug-in
	Settings Settings
	Rand     *rand.Rand   // secret, and different for every validator
	State    []byte       // what Encode wrote before; nil: start anew
	Log      *slog.Logger // nil: silent
}

// Judge lets a plug-in draw requests and score answers, and remembers the scores. It implements mechanism.Judge.
type Judge struct {
	settings Settings
	plugin   *plugin
	schema   *Schema // of the plug-in; nil before the first round
	rng      *rand.Rand
	log      *slog.Logger
	state    state
}

var _ mechanism.Judge = (*Judge)(nil)

// state is what survives a restart.
type state struct {
	Version int                `json:"version"`
	Rounds  int                `json:"rounds"`
	Secret  []byte             `json:"secret"`  // ids are made with it
	Neurons map[string]*memory `json:"neurons"` // by id
}

// memory is what is known of one neuron. A new one under an old uid has another id, and starts anew.
type memory struct {
	Mean   float64 `json:"mean"`   // moving mean of its scores
	Rounds int     `json:"rounds"` // in which it was asked
	Silent int     `json:"silent"` // in a row
}

// NewJudge makes a judge, or takes an earlier one up from its state. The plug-in need not be up yet. It fails with ErrConfig,
// ErrSettings or ErrState.
func NewJudge(cfg JudgeConfig) (*Judge, error) {
	if err := cfg.Settings.Validate(); err != nil {
		return nil, err
	}
	if cfg.Rand == nil {
		return nil, fmt.Errorf("%w: Rand is nil, want a secret source of chance", ErrConfig)
	}
	p, err := newPlugin(cfg.URL, 1)
	if err != nil {
		return nil, err
	}
	j := &Judge{settings: cfg.Settings, plugin: p, rng: cfg.Rand, log: cfg.Log}
	if j.log == nil {
		j.log = slog.New(slog.DiscardHandler)
	}
	if cfg.State != nil {
		return j, j.restore(cfg.State)
	}
	j.state = state{Version: stateVersion, Secret: make([]byte, 32), Neurons: map[string]*memory{}}
	for i := range j.state.Secret {
		j.state.Secret[i] = byte(cfg.Rand.Uint32())
	}
	return j, nil
}

func (j *Judge) restore(data []byte) error {
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	if s.Version != stateVersion || s.Rounds < 0 || len(s.Secret) != 32 {
		return fmt.Errorf("%w: version %d with %d rounds and a secret of %d bytes, want version %d and 32", ErrState, s.Version, s.Rounds, len(s.Secret), stateVersion)
	}
	if s.Neurons == nil {
		s.Neurons = map[string]*memory{}
	}
	for id, m := range s.Neurons {
		if m == nil || !(m.Mean >= 0 && m.Mean <= mostScore) || m.Rounds < 0 || m.Silent < 0 {
			return fmt.Errorf("%w: neurons[%q] is out of range", ErrState, cut(id))
		}
	}
	j.state = s
	return nil
}

// Encode is the whole state as JSON.
func (j *Judge) Encode() ([]byte, error) { return json.Marshal(j.state) }

// Every is the time from the start of one round to the start of the next.
func (j *Judge) Every() time.Duration { return j.settings.every() }

// Rounds that counted.
func (j *Judge) Rounds() int { return j.state.Rounds }

// idOf names the holder of a uid to the plug-in. It stays the same as long as the neuron is registered, and says nothing about it.
func (j *Judge) idOf(n metagraph.Neuron) string {
	h := hmac.New(sha256.New, j.state.Secret)
	h.Write(n.Hotkey[:])
	h.Write(strconv.AppendUint(nil, uint64(n.Registered), 10))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Round asks the plug-in for its schema, which miners' answers must fit, and for requests, every neuron all of them, and the plug-in for the scores. Nothing that a miner sends makes it
// fail; a plug-in that fails or scores nonsense does (ErrPlugin), and then nothing is remembered.
func (j *Judge) Round(ctx context.Context, ask mechanism.Asker, period mechanism.Period, neurons []metagraph.Neuron) error {
	if len(neurons) == 0 {
		return errors.New("nobody to ask: no neuron of the subnet serves")
	}
	ids := make([]string, len(neurons))
	for i, n := range neurons {
		ids[i] = j.idOf(n)
	}
	if j.schema == nil {
		var err error
		if j.schema, err = j.plugin.schema(ctx, j.settings.every(), func(err error) { j.log.Info("waiting for the plug-in", "err", err) }); err != nil {
			return err
		}
	}
	number := j.state.Rounds + 1
	plan, err := j.draw(ctx, number, period, ids)
	if err != nil {
		return err
	}
	answers := j.askAll(ctx, ask, neurons, plan.Requests)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i := range answers {
		answers[i].ID = ids[i]
	}
	scores, err := j.score(ctx, number, plan.Secret, answers)
	if err != nil {
		return err
	}
	j.remember(answers, scores)
	j.state.Rounds = number
	return nil
}

// remember takes a round in. Who was not asked since it does not serve, or gave no output at all, was silent.
func (j *Judge) remember(answers []answer, scores map[string]float64) {
	asked := make(map[string]bool, len(answers))
	for _, a := range answers {
		asked[a.ID] = true
		m := j.state.Neurons[a.ID]
		if m == nil {
			m = &memory{}
			j.state.Neurons[a.ID] = m
		}
		m.Rounds++
		score := scores[a.ID]
		if a.silent() {
			score = 0
			m.Silent++
		} else {
			m.Silent = 0
		}
		m.Mean += alpha * (score - m.Mean)
	}
	for id, m := range j.state.Neurons {
		if !asked[id] {
			m.Silent++
			m.Mean -= alpha * m.Mean
		}
	}
}

// Weights shares the pay among the neurons of a snapshot and forgets those that lost their uid.
func (j *Judge) Weights(m *metagraph.Metagraph) (mechanism.Row, error) {
	present := map[string]*memory{}
	for n := range m.All() {
		if id := j.idOf(n); j.state.Neurons[id] != nil {
			present[id] = j.state.Neurons[id]
		}
	}
	j.state.Neurons = present
	shares, most := j.shares(m)
	if most == 0 {
		return mechanism.Row{}, fmt.Errorf("%w: nobody has a score above 0", mechanism.ErrNoWeights)
	}
	var row mechanism.Row
	for uid, share := range shares {
		row.UIDs = append(row.UIDs, gotensor.UID(uid))
		row.Weights = append(row.Weights, uint16(math.Round(math.MaxUint16*share/most)))
	}
	return row, nil
}

// shares are means to the power of the settings, by uid, of which only proportions count, and the largest of them. They are
// relative to the largest mean, so that no power is too large for a number.
func (j *Judge) shares(m *metagraph.Metagraph) (shares []float64, most float64) {
	best := 0.0
	means := make([]float64, m.N())
	for n := range m.All() {
		if known := j.state.Neurons[j.idOf(n)]; known != nil && known.Silent < mutedAfter {
			means[n.UID] = known.Mean
			best = max(best, known.Mean)
		}
	}
	if best == 0 {
		return means, 0
	}
	for i := range means {
		means[i] = math.Pow(means[i]/best, j.settings.Power)
	}
	return means, 1
}

// Standings is what people are shown of every neuron that was ever asked. Gain is the mean score.
func (j *Judge) Standings(m *metagraph.Metagraph) mechanism.Overview {
	out := mechanism.Overview{Round: j.state.Rounds}
	shares, most := j.shares(m)
	sum := 0.0
	for _, s := range shares {
		sum += s
	}
	for n := range m.All() {
		known := j.state.Neurons[j.idOf(n)]
		if known == nil {
			continue
		}
		row := mechanism.Standing{
			UID: n.UID, Hotkey: keys.Account(n.Hotkey), Rounds: known.Rounds, Gain: known.Mean, LCB: known.Mean, CopyFactor: 1,
			Silent: known.Silent, Muted: known.Silent >= mutedAfter,
		}
		if most > 0 {
			row.Weight = shares[n.UID] / sum
		}
		out.Neurons = append(out.Neurons, row)
	}
	return out
}
