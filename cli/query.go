package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	textmechanism "github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/metagraph"
	"github.com/gotensor/gotensor/model"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// Most bytes of a neuron's description of itself, and of its model's name.
const (
	maxInfo  = 2 << 10
	maxModel = 64
)

// queryOptions are the flags of query.
type queryOptions struct {
	netuid  *uint16
	uids    []uint
	best    int
	all     bool
	top     int
	k       int
	timeout time.Duration
}

func (a *app) queryCommand() *cobra.Command {
	var o queryOptions
	c := &cobra.Command{
		Use:   "query TEXT",
		Short: "Ask miners how a text goes on",
		Long: `Asks miners of a text subnet for the next phrases after TEXT, with the wallet's hotkey, and shows their most probable candidates.
By default the miner with the highest incentive is asked; --best asks more of them, --uid names some, --all asks everybody.

End TEXT at the end of a word: the blank before the next word is what miners predict first. Miners see the text. Most of them answer
keys with stake behind them (bandwidth); a miner that refuses says why. Most tell their predictions sealed: they commit themselves to an
answer at once and tell it when half of the subnet's deadline has passed, so that nobody can sell it as his own. The exit code is 0 if one of them answered.`,
		Example: `  gotensor query --network FOLDER --wallet me "Tom looked at the"
  gotensor query --network FOLDER --wallet me --all --top 3 "Tom looked at the"
  gotensor query --network FOLDER --wallet me --uid 4 --uid 5 --output json "Tom looked at the"`,
		Args: takes(1, 1, "one TEXT: put it in quotes"),
		RunE: func(c *cobra.Command, args []string) error { return a.query(c.Context(), o, args[0]) },
	}
	o.netuid = netuidFlag(c)
	f := c.Flags()
	f.UintSliceVar(&o.uids, "uid", nil, "ask these uids; can be repeated")
	f.IntVar(&o.best, "best", 1, "ask so many miners, those with the highest incentive first")
	f.BoolVar(&o.all, "all", false, "ask every neuron that serves")
	f.IntVar(&o.top, "top", 5, "show so many candidates of each answer")
	f.IntVar(&o.k, "k", 64, "most candidates to ask for")
	f.DurationVar(&o.timeout, "timeout", 0, "longest wait for an answer (default: the subnet's deadline)")
	return c
}

// candidateView is one way in which the text may go on.
type candidateView struct {
	Text  string  `json:"text"`  // bytes that are no UTF-8 are replaced
	Bytes []byte  `json:"bytes"` // base64
	P     float64 `json:"probability"`
}

// answerView is what one neuron said.
type answerView struct {
	UID        gotensor.UID    `json:"uid"`
	Hotkey     string          `json:"hotkey"`
	Model      string          `json:"model"` // that it says it runs
	Latency    float64         `json:"latency_ms"`
	Sealed     bool            `json:"sealed,omitempty"`  // the neuron told this key nothing at once
	Held       float64         `json:"held_ms,omitempty"` // of the latency, from the seal to the answer
	Candidates []candidateView `json:"candidates"`        // most probable first
	Floor      float64         `json:"floor"`             // probability that none of its candidates follows
	Error      string          `json:"error,omitempty"`   // why there is no answer
	Reason     string          `json:"reason,omitempty"`  // the neuron's own word for a refusal
	err        error
}

// queryAnswer is the answer of query.
type queryAnswer struct {
	NetUID  gotensor.NetUID `json:"netuid"`
	Height  gotensor.Block  `json:"height"`
	Text    string          `json:"text"`
	Answers []answerView    `json:"answers"`
}

func (a *app) query(ctx context.Context, o queryOptions, prompt string) error {
	if o.best < 1 || o.top < 1 || o.k < 1 {
		return usagef("--best, --top and --k are at least 1")
	}
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	m, err := metagraphOf(ctx, node, gotensor.NetUID(*o.netuid), "query", textmechanism.Name)
	if err != nil {
		return err
	}
	settings, err := textmechanism.ParseSettings(m.Settings)
	if err != nil {
		return err
	}
	chosen, err := choose(m, o)
	if err != nil {
		return err
	}
	client, err := a.dendrite(ctx, node, 0)
	if err != nil {
		return err
	}
	defer client.Close()
	if o.timeout <= 0 {
		o.timeout = settings.Deadline()
	}
	// Miners take the end of a long text only.
	cut := []byte(prompt)
	cut = cut[max(0, len(cut)-settings.ContextBytes):]
	q := question{settings: &settings, client: client, text: cut, k: min(o.k, settings.KMax), top: o.top, timeout: o.timeout}
	v := queryAnswer{NetUID: m.NetUID, Height: m.Height, Text: prompt, Answers: q.ask(ctx, chosen)}
	if err := a.show(v); err != nil {
		return err
	}
	return nobody(v.Answers)
}

// choose picks whom to ask.
func choose(m *metagraph.Metagraph, o queryOptions) ([]metagraph.Neuron, error) {
	var out []metagraph.Neuron
	for _, uid := range o.uids {
		n, ok := m.At(gotensor.UID(min(uid, 65535)))
		if !ok {
			return nil, nothingf("subnet %d has uids 0 to %d, no %d", m.NetUID, m.N()-1, uid)
		}
		if !n.Endpoint.Serves() {
			return nil, nothingf("uid %d of subnet %d does not serve", uid, m.NetUID)
		}
		out = append(out, n)
	}
	if len(out) > 0 {
		return out, nil
	}
	for n := range m.All() {
		if n.Endpoint.Serves() {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return nil, nothingf("no neuron of subnet %d serves", m.NetUID)
	}
	if !o.all {
		slices.SortStableFunc(out, func(x, y metagraph.Neuron) int { return cmp.Compare(y.Incentive, x.Incentive) })
		out = out[:min(o.best, len(out))]
	}
	return out, nil
}

// question is what is asked and how.
type question struct {
	settings *textmechanism.Settings
	client   *dendrite.Client
	text     []byte
	k, top   int
	timeout  time.Duration
}

func (q question) ask(ctx context.Context, neurons []metagraph.Neuron) []answerView {
	results := dendrite.Each(ctx, neurons, 0, func(ctx context.Context, n metagraph.Neuron) (answerView, error) {
		ctx, cancel := context.WithTimeout(ctx, q.timeout)
		defer cancel()
		return q.askOne(ctx, n)
	})
	answers := make([]answerView, len(neurons))
	for i, r := range results {
		v := r.Value
		if v.Candidates == nil {
			v.Candidates = []candidateView{}
		}
		v.UID, v.Hotkey = neurons[i].UID, keys.Account(neurons[i].Hotkey)
		if r.Err != nil {
			v.err, v.Error = r.Err, r.Err.Error()
			var refused *dendrite.Error
			if errors.As(r.Err, &refused) {
				v.Reason = string(refused.Reason)
			}
		}
		answers[i] = v
	}
	return answers
}

func (q question) askOne(ctx context.Context, n metagraph.Neuron) (answerView, error) {
	v := answerView{Candidates: []candidateView{}}
	conn := q.client.To(dendrite.Target{Addr: n.Endpoint.Addr, Pin: n.Endpoint.Pin, Hotkey: n.Hotkey})
	got, err := predict(ctx, conn, n.Hotkey, q.settings, &textv1.PredictRequest{Contexts: [][]byte{q.text}, KMax: uint32(q.k)})
	v.Latency, v.Held, v.Sealed = milliseconds(got.took), milliseconds(got.held()), got.seal > 0
	if err != nil {
		return v, err
	}
	resp := got.resp
	if len(resp.GetPredictions()) != 1 {
		return v, fmt.Errorf("%w: %d predictions for one text", errAnswer, len(resp.GetPredictions()))
	}
	if v.Candidates, v.Floor, err = q.candidates(resp.GetPredictions()[0]); err != nil {
		return v, err
	}
	if info, err := axonv1.NewAxonClient(conn).Info(ctx, &axonv1.InfoRequest{}, grpc.MaxCallRecvMsgSize(maxInfo)); err == nil {
		v.Model = synapse.Printable(info.GetModel(), maxModel)
	}
	return v, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// errAnswer marks an answer that breaks the rules that validators check.
var errAnswer = errors.New("the neuron's answer is wrong")

// candidates unpacks a prediction, checks it as validators do, and returns the most probable candidates.
func (q question) candidates(p *textv1.Prediction) ([]candidateView, float64, error) {
	if p.GetSilent() {
		return nil, 0, fmt.Errorf("%w: it leaves this text out", errAnswer)
	}
	if len(p.GetLengths()) != len(p.GetProbabilities()) {
		return nil, 0, fmt.Errorf("%w: %d candidates with %d probabilities", errAnswer, len(p.GetLengths()), len(p.GetProbabilities()))
	}
	unpacked := model.Prediction{Floor: p.GetFloor()}
	arena := p.GetArena()
	for i, n := range p.GetLengths() {
		if int(n) > len(arena) {
			return nil, 0, fmt.Errorf("%w: candidate %d ends outside of the answer", errAnswer, i)
		}
		unpacked.Candidates = append(unpacked.Candidates, model.Candidate{Text: arena[:n], P: p.GetProbabilities()[i]})
		arena = arena[n:]
	}
	if err := unpacked.Check(q.k); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", errAnswer, err)
	}
	slices.SortStableFunc(unpacked.Candidates, func(x, y model.Candidate) int { return cmp.Compare(y.P, x.P) })
	out := []candidateView{}
	for _, c := range unpacked.Candidates[:min(q.top, len(unpacked.Candidates))] {
		out = append(out, candidateView{Text: string(c.Text), Bytes: c.Text, P: c.P})
	}
	return out, unpacked.Floor, nil
}

// nobody is the error of a query that nobody answered: that of the first neuron.
func nobody(answers []answerView) error {
	for _, v := range answers {
		if v.err == nil {
			return nil
		}
	}
	return fmt.Errorf("no answer: uid %d: %w", answers[0].UID, answers[0].err)
}

func (v queryAnswer) print(p *page) {
	for i, x := range v.Answers {
		if i > 0 {
			p.linef("")
		}
		if x.err != nil {
			p.linef("%s  %s", p.bold(fmt.Sprintf("uid %d", x.UID)), x.Error)
			continue
		}
		how := fmt.Sprintf("%.1f ms", x.Latency)
		if x.Sealed {
			how = fmt.Sprintf("sealed after %.1f ms, held for %.1f ms", x.Latency-x.Held, x.Held)
		}
		p.linef("%s  %s  %s", p.bold(fmt.Sprintf("uid %d", x.UID)), orDash(x.Model), how)
		t := grid{columns: []column{num("P"), col("GOES ON WITH")}}
		for _, c := range x.Candidates {
			t.add(fmt.Sprintf("%.4f", c.P), fmt.Sprintf("%q", c.Text))
		}
		t.add(fmt.Sprintf("%.4f", x.Floor), "something else")
		p.table(t)
	}
}
