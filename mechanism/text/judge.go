package text

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/mechanism/text/score"
	"github.com/gotensor/gotensor/mechanism/text/score/compat"
	"github.com/gotensor/gotensor/metagraph"
)

// stateVersion changes with the form of what Encode writes.
const stateVersion = 1

// ErrState is returned by NewJudge for a stored state that it cannot take up.
var ErrState = errors.New("unusable state of the text judge")

// JudgeConfig is what a validator of text brings along.
type JudgeConfig struct {
	Settings  Settings
	Sources   []dataset.Source // at least two; each is a pot of its own
	Reference score.Reference  // the validator's own model, never trained on what is asked
	Rand      *rand.Rand       // secret, and different for every validator
	State     []byte           // what Encode wrote before; nil: start anew
	Through   []Gateway        // that requests for texts go through; none: neurons are asked directly and know who asks
	Log       *slog.Logger     // nil: silent
}

// Judge asks miners of text and remembers how much their answers gained. It implements mechanism.Judge.
type Judge struct {
	settings Settings
	drawer   *dataset.Drawer
	scorer   *score.Scorer
	board    *score.Board
	rng      *rand.Rand
	log      *slog.Logger
	rounds   int
	shown    *shown
	services *score.Services
	through  []*gatewayClient
	next     []score.Item // of the coming round: those about which neurons write texts already, which do not pay; nil: none drawn yet
	running  *probing     // those texts; nil: none
}

var _ mechanism.Judge = (*Judge)(nil)

// state is what survives a restart.
type state struct {
	Version int             `json:"version"`
	Rounds  int             `json:"rounds"`
	Board   json.RawMessage `json:"board"`
	Drawn   dataset.State   `json:"drawn"`
	Shown   *shown          `json:"shown"`

	// Absent in what older versions wrote: then nothing is known. Some wrote the coming questions too, which are drawn anew now.
	Services json.RawMessage `json:"services,omitempty"`
}

// NewJudge makes a judge, or takes an earlier one up from its state. It fails with ErrSettings, ErrState, or an error of package
// dataset where the sources do not give enough questions.
func NewJudge(cfg JudgeConfig) (*Judge, error) {
	if err := cfg.Settings.Validate(); err != nil {
		return nil, err
	}
	if d := len(cfg.Sources); d < 2 || cfg.Settings.Items%d != 0 {
		return nil, fmt.Errorf("%w: %d items from %d sources: want two sources or more, and equally many items of each", ErrSettings, cfg.Settings.Items, d)
	}
	if d := len(cfg.Sources); cfg.Settings.pays() && cfg.Settings.Items < 2*d {
		return nil, fmt.Errorf("%w: items is %d with %d sources, want %d or more: a part of them is about texts and does not pay for gain; or set probes to 0",
			ErrSettings, cfg.Settings.Items, d, 2*d)
	}
	j := &Judge{settings: cfg.Settings, rng: cfg.Rand, log: cfg.Log, shown: newShown()}
	if j.log == nil {
		j.log = slog.New(slog.DiscardHandler)
	}
	for _, g := range cfg.Through {
		c, err := newGatewayClient(g)
		if err != nil {
			return nil, err
		}
		j.through = append(j.through, c)
	}
	var err error
	if j.drawer, err = dataset.NewDrawer(cfg.Sources, cfg.Settings.ContextBytes, cfg.Rand); err != nil {
		return nil, err
	}
	if j.scorer, err = score.NewScorer(cfg.Settings.scoring(), cfg.Reference); err != nil {
		return nil, err
	}
	j.services = score.NewServices(cfg.Settings.scoring())
	if cfg.State == nil {
		j.board, err = score.NewBoard(cfg.Settings.scoring(), j.drawer.Sources())
	} else {
		err = j.restore(cfg.State)
	}
	if err != nil {
		return nil, err
	}
	if j.settings.pays() {
		j.board.PayFor(func(k score.Key) float64 { return j.services.Use(k, j.settings.ServiceShare) })
	}
	return j, nil
}

func (j *Judge) restore(data []byte) error {
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	if s.Version != stateVersion || s.Rounds < 0 {
		return fmt.Errorf("%w: version %d with %d rounds, want version %d", ErrState, s.Version, s.Rounds, stateVersion)
	}
	board, err := score.LoadBoard(j.settings.scoring(), j.drawer.Sources(), s.Board)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	if err := j.drawer.Restore(s.Drawn); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	if j.services, err = score.LoadServices(j.settings.scoring(), s.Services); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	j.board, j.rounds = board, s.Rounds
	if s.Shown != nil && s.Shown.Miners != nil {
		j.shown = s.Shown
		maps.DeleteFunc(j.shown.Miners, func(_ score.Key, m *shownOfMiner) bool { return m == nil })
	}
	return nil
}

// Encode is the whole state as JSON.
func (j *Judge) Encode() ([]byte, error) {
	board, err := j.board.Encode()
	if err != nil {
		return nil, err
	}
	services, err := j.services.Encode()
	if err != nil {
		return nil, err
	}
	return json.Marshal(state{
		Version: stateVersion, Rounds: j.rounds, Board: board, Drawn: j.drawer.State(), Shown: j.shown, Services: services,
	})
}

// Every is the time from the start of one round to the start of the next.
func (j *Judge) Every() time.Duration { return time.Duration(j.settings.RoundMs) * time.Millisecond }

// Rounds that counted.
func (j *Judge) Rounds() int { return j.rounds }

// keyOf names the holder of a uid, so that a new one starts afresh.
func keyOf(n metagraph.Neuron) score.Key {
	return score.Key(fmt.Sprintf("%x/%d", n.Hotkey[:], n.Registered))
}

// earnings are what the answers of one group are worth, by the rule and by that of 2022, and what its texts showed.
type earnings struct {
	scores  score.Scores
	of2022  []compat.Response
	service judged
}

// Round asks every neuron at the same time, all of them the same, and takes in what came before the deadline. Only beyond 256 neurons they
// are asked one batch after another, and each batch about questions of its own. Nothing that a miner sends makes it fail. Where service is
// paid, a quarter of the questions are those that texts were asked for since the round before, which do not count for the gain; then the next
// ones of these are drawn, and requests for texts about them go on after Round returns, until ctx ends. Where the subnet shares a shard, the
// period's beacon chooses it.
func (j *Judge) Round(ctx context.Context, ask mechanism.Asker, period mechanism.Period, neurons []metagraph.Neuron) error {
	if len(neurons) == 0 {
		return errors.New("nobody to ask: no neuron of the subnet serves")
	}
	began := time.Now()
	j.share(period)
	apart, texts := j.next, j.running
	j.next, j.running = nil, nil
	defer texts.finish()
	if apart == nil {
		var err error
		if apart, err = j.drawApart(); err != nil {
			return err
		}
	}
	// All are asked before the board changes: a round that is cut short must leave it as it was. Of the answers, which are large, only what
	// they earn is kept meanwhile.
	var earned []earnings
	for _, batch := range batches(groups(j.rng, neurons, j.settings.Group), mostAtOnce) {
		paid, err := j.draw()
		if err != nil {
			return err
		}
		more, err := j.askBatch(ctx, ask, batch, roundItems{items: slices.Concat(paid, apart), paid: len(paid), texts: texts})
		if err != nil {
			return err
		}
		earned = append(earned, more...)
	}
	if err := j.observe(earned); err != nil {
		return err
	}
	j.rounds++
	return j.lookAhead(ctx, ask, neurons, began)
}

// roundItems are what a batch is asked.
type roundItems struct {
	items []score.Item
	paid  int      // so many of the first count for the gain
	texts *probing // about the others
}

// askBatch asks the groups of a batch at once and says what they earned.
func (j *Judge) askBatch(ctx context.Context, ask mechanism.Asker, batch [][]metagraph.Neuron, q roundItems) ([]earnings, error) {
	replies := j.askAll(ctx, ask, batch, q.items)
	q.texts.finish()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	out := make([]earnings, len(batch))
	for i, group := range replies {
		scores, err := j.scorer.Round(q.items, group)
		if err != nil {
			return nil, err
		}
		out[i] = earnings{scores: firstOf(scores, q.paid), of2022: responses(q.items[:q.paid], group)}
		if out[i].service, err = j.judgeProbes(q, group, scores); err != nil {
			return nil, err
		}
		replies[i] = nil
	}
	return out, nil
}

// firstOf are the scores of the first n items.
func firstOf(all score.Scores, n int) score.Scores {
	out := score.Scores{Strata: all.Strata[:n], Replies: slices.Clone(all.Replies)}
	for i := range out.Replies {
		r := &out.Replies[i]
		r.Gains = r.Gains[:n]
		r.Answered = slices.ContainsFunc(r.Gains, func(g score.Gain) bool { return g.Verdict != score.Silent })
	}
	return out
}

// observe takes in what a whole round earned.
func (j *Judge) observe(earned []earnings) error {
	groups := make([]score.Scores, len(earned))
	for i := range earned {
		groups[i] = earned[i].scores
	}
	reports, err := j.board.Observe(groups...)
	if err != nil {
		return err
	}
	j.shown.begin()
	for i, group := range earned {
		j.shown.observe(group, reports[i])
		j.observeService(group.service)
	}
	return nil
}

// lookAhead draws questions of the coming round and has texts written about them until it begins.
func (j *Judge) lookAhead(ctx context.Context, ask mechanism.Asker, neurons []metagraph.Neuron, began time.Time) error {
	if !j.settings.pays() {
		return nil
	}
	var err error
	if j.next, err = j.drawApart(); err != nil {
		return err
	}
	window := j.Every() - j.settings.Deadline() - time.Since(began)
	j.running = j.start(ctx, ask, j.plan(neurons, window))
	return nil
}

// Weights shares the pay among the neurons of a snapshot and forgets those that lost their uid.
func (j *Judge) Weights(m *metagraph.Metagraph) (mechanism.Row, error) {
	keys := j.keys(m)
	j.board.Keep(keys)
	j.shown.keep(keys)
	j.services.Keep(keys)
	weights, err := j.weights(keys)
	if err != nil {
		return mechanism.Row{}, err
	}
	if weights == nil {
		return mechanism.Row{}, fmt.Errorf("%w: nobody gains over the reference", mechanism.ErrNoWeights)
	}
	uids := make([]gotensor.UID, len(keys))
	for i := range uids {
		uids[i] = gotensor.UID(i)
	}
	row, err := score.Row(uids, weights, score.Limits{AllowEqual: true})
	if errors.Is(err, score.ErrNoWeights) {
		return mechanism.Row{}, fmt.Errorf("%w: %w", mechanism.ErrNoWeights, err)
	}
	return mechanism.Row{UIDs: row.UIDs, Weights: row.Values}, err
}

func (j *Judge) keys(m *metagraph.Metagraph) []score.Key {
	keys := make([]score.Key, 0, m.N())
	for n := range m.All() {
		keys = append(keys, keyOf(n))
	}
	return keys
}
