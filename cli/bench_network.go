package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/bench"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/dataset"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/internal/chart"
	"github.com/gotensor/gotensor/internal/figure"
	"github.com/gotensor/gotensor/keys"
	textmechanism "github.com/gotensor/gotensor/mechanism/text"
	"github.com/gotensor/gotensor/metagraph"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

// benchWallet is one wallet that asks, what it weighs, and what it got.
type benchWallet struct {
	bench.CallerReport
	Hotkey string        `json:"hotkey"`
	UID    *gotensor.UID `json:"uid,omitempty"` // if it is a neuron of the subnet
	// Stake behind the hotkey as a neuron, and bandwidth that delegators gave it.
	Stake     gotensor.Rao `json:"rao_stake"`
	Bandwidth gotensor.Rao `json:"rao_bandwidth"`
	Error     string       `json:"first_error,omitempty"`
}

// benchAnswer is the answer of bench query against a network.
type benchAnswer struct {
	NetUID       gotensor.NetUID `json:"netuid"`
	Height       gotensor.Block  `json:"height"`
	Items        int             `json:"items"` // texts of a query
	ContextBytes int             `json:"context_bytes"`
	K            int             `json:"k"`
	Concurrency  int             `json:"concurrency"` // of each wallet
	Deadline     float64         `json:"deadline_seconds"`
	Seconds      float64         `json:"seconds"`
	Miners       int             `json:"miners"`
	Wallets      []benchWallet   `json:"wallets"`
	ended        bool
}

func (a *app) benchNetwork(ctx context.Context, o benchOptions) error {
	node, err := a.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	m, err := metagraphOf(ctx, node, gotensor.NetUID(*o.netuid), "bench query", textmechanism.Name)
	if err != nil {
		return err
	}
	settings, err := textmechanism.ParseSettings(m.Settings)
	if err != nil {
		return err
	}
	ask, err := newTextQuery(settings, o)
	if err != nil {
		return err
	}
	chosen, err := choose(m, queryOptions{uids: o.uids, all: true})
	if err != nil {
		return err
	}
	v := benchAnswer{
		NetUID: m.NetUID, Height: m.Height, Items: ask.items, ContextBytes: ask.bytes, K: ask.k, Concurrency: o.concurrency[0],
		Deadline: o.deadline.Seconds(), Miners: len(chosen),
	}
	cfg := bench.Config{
		Call: ask.call, Concurrency: o.concurrency[0], Duration: o.duration, Warmup: o.warmup, Deadline: o.deadline,
		Every: benchEvery(o.duration),
	}
	for _, n := range chosen {
		target := dendrite.Target{Addr: n.Endpoint.Addr, Pin: n.Endpoint.Pin, Hotkey: n.Hotkey}
		cfg.Neurons = append(cfg.Neurons, bench.Neuron{UID: n.UID, Target: target})
	}
	callers, err := a.benchCallers(ctx, node, m, o)
	if err != nil {
		return err
	}
	for _, c := range callers {
		defer c.client.Close()
		cfg.Callers = append(cfg.Callers, bench.Caller{Name: c.info.Name, Client: c.client})
		v.Wallets = append(v.Wallets, c.info)
	}
	if o.png != "" {
		// A measurement must not be lost to a folder that is not there.
		f, err := os.OpenFile(o.png, os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return usagef("--png: %v", err)
		}
		if err := f.Close(); err != nil {
			return usagef("--png: %v", err)
		}
	}
	return a.benchRun(ctx, cfg, v, o.png)
}

// benchCaller is a wallet that is ready to ask.
type benchCaller struct {
	info   benchWallet
	client *dendrite.Client
}

func (a *app) benchCallers(ctx context.Context, node *chain.Client, m *metagraph.Metagraph, o benchOptions) ([]benchCaller, error) {
	chainID, err := node.ChainID(ctx)
	if err != nil {
		return nil, err
	}
	var out []benchCaller
	for _, name := range o.wallets {
		of := *a
		of.wallet = name
		key, err := of.openHotkey()
		if err != nil {
			return nil, fmt.Errorf("wallet %s: %w", name, err)
		}
		c := benchCaller{info: benchWallet{Hotkey: keys.Account(key.Address())}}
		c.info.Name = name
		if n, ok := m.ByHotkey(key.Address()); ok {
			c.info.UID, c.info.Stake = &n.UID, n.Stake
		}
		if c.info.Bandwidth, err = node.Bandwidth(ctx, key.Address()); err != nil {
			return nil, err
		}
		if c.client, err = dendrite.New(dendrite.Config{ChainID: chainID, Signer: key, Timeout: o.deadline}); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// benchRun measures, shows it, and draws the chart.
func (a *app) benchRun(ctx context.Context, cfg bench.Config, v benchAnswer, file string) error {
	r, err := a.watchBench(ctx, cfg, v)
	if errors.Is(err, bench.ErrConfig) {
		return usagef("%v", err)
	}
	if err != nil {
		return err
	}
	v = v.with(r)
	if file != "" {
		if err := v.draw(r, file); err != nil {
			return err
		}
	}
	if err := a.show(v); err != nil {
		return err
	}
	for _, w := range v.Wallets {
		if w.Answered > 0 {
			return nil
		}
	}
	if err := v.Wallets[0].FirstError; err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	return laterf("no query ended: it was stopped too early")
}

// with puts what was measured so far beside what was known before.
func (v benchAnswer) with(r bench.Report) benchAnswer {
	v.Seconds, v.ended = r.Seconds, r.Ended
	wallets := make([]benchWallet, len(v.Wallets))
	for i, w := range v.Wallets {
		w.CallerReport = r.Callers[i]
		if w.FirstError != nil {
			w.Error = w.FirstError.Error()
		}
		wallets[i] = w
	}
	v.Wallets = wallets
	return v
}

func (v benchAnswer) draw(r bench.Report, file string) error {
	for i, w := range v.Wallets {
		r.Callers[i].Name = w.title()
	}
	title := fmt.Sprintf("Subnet %d: %d miners asked by %d at a time", v.NetUID, v.Miners, v.Concurrency)
	if len(v.Wallets) > 1 {
		title += " for each wallet"
	}
	title += fmt.Sprintf(" (block %d, %d texts of %d bytes a query, at most %d candidates each, deadline %v s)", v.Height, v.Items, v.ContextBytes, v.K, v.Deadline)
	figures := r.Figures(title)
	sheet := make([]*figure.Figure, len(figures))
	for i := range figures {
		sheet[i] = &figures[i]
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("create chart: %w", err)
	}
	return errors.Join(chart.Sheet(f, chartScale, sheet...), f.Close())
}

// title is the wallet's name and what it weighs.
func (w benchWallet) title() string {
	var has []string
	if w.Stake > 0 {
		has = append(has, taoText(w.Stake)+" staked")
	}
	if w.Bandwidth > 0 || len(has) == 0 {
		has = append(has, taoText(w.Bandwidth)+" bandwidth")
	}
	return w.Name + " (" + strings.Join(has, ", ") + ")"
}

// textQuery asks how random pieces of text go on.
type textQuery struct {
	text  []byte
	items int
	bytes int // of each piece
	k     int

	settings *textmechanism.Settings
	sealed   sync.Map // hotkeys of neurons that tell us nothing at once
}

func newTextQuery(s textmechanism.Settings, o benchOptions) (*textQuery, error) {
	sources, err := dataset.Embedded()
	if err != nil {
		return nil, err
	}
	q := &textQuery{text: dataset.Text(dataset.HeldOut, sources...), items: s.Items, bytes: s.ContextBytes, k: s.KMax, settings: &s}
	if o.items > 0 {
		q.items = o.items
	}
	if o.k > 0 {
		q.k = min(o.k, s.KMax)
	}
	q.bytes = min(q.bytes, len(q.text)/2)
	return q, nil
}

// call makes one query, a sealed one of neurons that have refused another. The pieces begin anywhere, so that no two queries are alike.
func (q *textQuery) call(ctx context.Context, conn grpc.ClientConnInterface, to bench.Neuron) (out, in int, err error) {
	req := &textv1.PredictRequest{KMax: uint32(q.k), Contexts: make([][]byte, q.items)}
	for i := range req.Contexts {
		at := rand.IntN(len(q.text) - q.bytes)
		req.Contexts[i] = q.text[at : at+q.bytes]
	}
	ask := predict
	if _, seals := q.sealed.Load(to.Target.Hotkey); seals {
		ask = predictSealed
	}
	a, err := ask(ctx, conn, to.Target.Hotkey, q.settings, req)
	resp := a.resp
	if a.seal > 0 {
		q.sealed.Store(to.Target.Hotkey, true)
	}
	if err != nil {
		return proto.Size(req), 0, err
	}
	if got := len(resp.GetPredictions()); got != q.items {
		return proto.Size(req), proto.Size(resp), fmt.Errorf("%w: %d predictions for %d texts", errAnswer, got, q.items)
	}
	return proto.Size(req), proto.Size(resp), nil
}
