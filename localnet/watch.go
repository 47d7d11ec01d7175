package localnet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// State is the network as a person sees it after one block. Its JSON is the answer of `gotensor localnet --output json`.
type State struct {
	Home         string          `json:"home"`
	ChainID      string          `json:"chain_id"`
	NetUID       gotensor.NetUID `json:"netuid"`
	Mechanism    string          `json:"mechanism"`
	Gateway      string          `json:"gateway,omitempty"` // URL, for browsers and for clients of OpenAI's API (/v1)
	Height       gotensor.Block  `json:"height"`
	Epoch        uint64          `json:"epoch"`
	PaidEpochs   uint64          `json:"paid_epochs"`
	NextBoundary gotensor.Block  `json:"next_boundary"`
	Tempo        gotensor.Block  `json:"tempo"`
	SupplyAtao   string          `json:"supply_atao"`
	WarmingUp    string          `json:"warming_up,omitempty"` // what is being waited for until the first pay
	MixtureGain  float64         `json:"mixture_gain"`
	Miners       []Miner         `json:"miners"`
	Validators   []Validator     `json:"validators"`
	// Subnets are the others than the first, seen at the same time; they have none themselves.
	Subnets []State `json:"subnets,omitempty"`
}

// Miner is one neuron that serves. Gain, Weight and what follows are means over the validators that judged it.
type Miner struct {
	UID        gotensor.UID `json:"uid"`
	Name       string       `json:"name"` // of its wallet here; empty for one that joined from outside
	Hotkey     string       `json:"hotkey"`
	Model      string       `json:"model"`
	Gain       *float64     `json:"gain"`      // nats over the validators' reference
	Weight     *float64     `json:"weight"`    // share of the pay that validators give, 0..1
	Incentive  uint16       `json:"incentive"` // of 65535, as the latest epoch found
	TAOEarned  float64      `json:"tao_earned"`
	RaoEarned  gotensor.Rao `json:"rao_earned"` // paid and accrued so far; of one from outside, what epochs gave it since it was first seen here
	Silent     bool         `json:"silent"`
	CopyFactor *float64     `json:"copy_factor"`
	ModelSize  *float64     `json:"model_size_2022"`
	Pay2022    *float64     `json:"pay_2022"`
	Shapley    *float64     `json:"shapley"`
}

// Validator is one neuron that judges: those of this home, and every other with a staking validator behind it.
type Validator struct {
	UID       *gotensor.UID `json:"uid"`
	Name      string        `json:"name"` // of its wallet here; empty for one that joined from outside, whose rounds are not known
	Hotkey    string        `json:"hotkey"`
	Stake     gotensor.Rao  `json:"stake"`
	Dividends uint16        `json:"dividends"` // of 65535
	Trust     uint16        `json:"validator_trust"`
	RaoEarned gotensor.Rao  `json:"rao_earned"` // dividends of its own stake, settled so far
	Rounds    int           `json:"rounds"`
	Committed *uint64       `json:"committed_epoch"`
	Revealed  *uint64       `json:"revealed_epoch"`
	Waiting   string        `json:"waiting,omitempty"`
}

// said is the part of a validator's status file that is shown here.
type said struct {
	Waiting   string  `json:"waiting"`
	WarmingUp bool    `json:"warming_up"`
	MinRounds int     `json:"min_rounds"`
	Committed *uint64 `json:"committed_epoch"`
	Revealed  *uint64 `json:"revealed_epoch"`
	mechanism.Overview
	Models map[string]string `json:"models"`
}

// watcher puts a State together.
type watcher struct {
	cfg    *Config
	plan   *plan
	second *watcher                      // of the second subnet; nil: there is none
	folder func(validator string) string // of a validator's process, by its wallet
	chain  *chain.Client
	hot    map[string]string // name by hotkey
	model  map[string]string // model by hotkey, of the miners started here
	judge  map[string]bool   // hotkeys of the validators started here
	cold   map[string]gotensor.Address
	epoch  map[string]uint64       // of the latest emission that was added up, by hotkey from outside
	given  map[string]gotensor.Rao // the sum
}

func newWatcher(c *Config, p *plan, client *chain.Client) (*watcher, error) {
	w := &watcher{
		cfg: c, plan: p, chain: client, hot: map[string]string{}, model: map[string]string{}, judge: map[string]bool{},
		folder: func(name string) string { return name },
		cold:   map[string]gotensor.Address{}, epoch: map[string]uint64{}, given: map[string]gotensor.Rao{},
	}
	store := c.wallets()
	add := func(name string) (string, error) {
		hot, _, err := store.HotkeyPublic(name, "default")
		if err != nil {
			return "", err
		}
		cold, err := store.ColdkeyPublic(name)
		if err != nil {
			return "", err
		}
		account := keys.Account(hot.Address)
		w.hot[account], w.cold[name] = name, cold.Address
		return account, nil
	}
	for _, name := range p.Validators {
		account, err := add(name)
		if err != nil {
			return nil, err
		}
		w.judge[account] = true
	}
	for _, m := range p.Miners {
		account, err := add(m.Wallet)
		if err != nil {
			return nil, err
		}
		w.model[account] = m.Model
	}
	return w, nil
}

// look reads everything there is to see at a snapshot, or at a newer one if an epoch has passed since.
func (w *watcher) look(ctx context.Context, m *metagraph.Metagraph) (State, error) {
	emission, err := w.chain.Emission(ctx, m.NetUID)
	if err != nil {
		return State{}, err
	}
	if emission.Latest.Height > int64(m.Height) {
		if m, err = w.chain.Metagraph(ctx, m.NetUID); err != nil {
			return State{}, err
		}
	}
	s := State{
		Home: w.cfg.Home, ChainID: chainID, NetUID: m.NetUID, Mechanism: m.Mechanism, Gateway: w.plan.Network.Gateway, Height: m.Height, Epoch: m.Epoch, NextBoundary: m.NextBoundary, Tempo: m.Tempo,
		PaidEpochs: emission.Latest.PaidEpochs, Miners: []Miner{}, Validators: []Validator{},
	}
	issuance, err := w.chain.Issuance(ctx)
	if err != nil {
		return s, err
	}
	s.SupplyAtao = issuance.SupplyAtao
	status := w.statuses()
	for _, name := range w.plan.Validators {
		v, err := w.validator(ctx, m, name, status[name])
		if err != nil {
			return s, err
		}
		s.Validators = append(s.Validators, v)
	}
	for n := range m.All() {
		if w.judge[keys.Account(n.Hotkey)] {
			continue
		}
		if !n.Validator.IsZero() {
			v, err := w.outsider(ctx, n)
			if err != nil {
				return s, err
			}
			s.Validators = append(s.Validators, v)
			continue
		}
		miner, err := w.miner(ctx, m, n, status)
		if err != nil {
			return s, err
		}
		s.Miners = append(s.Miners, miner)
	}
	s.MixtureGain = mixture(status)
	s.WarmingUp = w.warmingUp(m, s, status)
	return s, nil
}

// mixture is the mean over the validators that have judged a round.
func mixture(status map[string]*said) float64 {
	var all average
	for _, st := range status {
		if st.Round > 0 {
			all.add(&st.MixtureGain)
		}
	}
	if mean := all.mean(); mean != nil {
		return *mean
	}
	return 0
}

func (w *watcher) statuses() map[string]*said {
	out := map[string]*said{}
	for _, name := range w.plan.Validators {
		data, err := os.ReadFile(filepath.Join(roleIn(w.cfg.Home, w.folder(name)), "status.json"))
		var st said
		if err == nil && json.Unmarshal(data, &st) == nil {
			out[name] = &st
		}
	}
	return out
}

func (w *watcher) miner(ctx context.Context, m *metagraph.Metagraph, n metagraph.Neuron, status map[string]*said) (Miner, error) {
	hotkey := keys.Account(n.Hotkey)
	out := Miner{UID: n.UID, Name: w.hot[hotkey], Hotkey: hotkey, Model: w.model[hotkey], Incentive: n.Incentive}
	var err error
	if out.RaoEarned, err = w.earned(ctx, m, n); err != nil {
		return out, err
	}
	out.TAOEarned = out.RaoEarned.TAO()
	var gain, weight, copies, size, pay, shapley average
	for _, name := range w.plan.Validators {
		st := status[name]
		if st == nil {
			continue
		}
		if out.Model == "" {
			out.Model = st.Models[hotkey]
		}
		for _, row := range st.Neurons {
			if row.Hotkey != hotkey {
				continue
			}
			gain.add(&row.Gain)
			weight.add(&row.Weight)
			copies.add(&row.CopyFactor)
			size.add(row.ModelSize)
			pay.add(row.Pay2022)
			shapley.add(row.Shapley)
			out.Silent = out.Silent || row.Muted
		}
	}
	out.Gain, out.Weight, out.CopyFactor, out.ModelSize, out.Pay2022, out.Shapley = gain.mean(), weight.mean(), copies.mean(), size.mean(), pay.mean(), shapley.mean()
	return out, nil
}

// earned is what a miner has got. The coldkeys of this home began with nothing; those of others may have other income, so that
// their epochs are added up.
func (w *watcher) earned(ctx context.Context, m *metagraph.Metagraph, n metagraph.Neuron) (gotensor.Rao, error) {
	hotkey := keys.Account(n.Hotkey)
	if w.hot[hotkey] == "" {
		if last, seen := w.epoch[hotkey]; !seen || last != m.Epoch {
			w.epoch[hotkey] = m.Epoch
			sum, err := w.given[hotkey].Add(n.Emission)
			if err != nil {
				return 0, fmt.Errorf("what uid %d earned: %w", n.UID, err)
			}
			w.given[hotkey] = sum
		}
		return w.given[hotkey], nil
	}
	free, err := w.chain.Balance(ctx, n.Coldkey)
	if err != nil {
		return 0, err
	}
	paid, _, err := gotensor.RaoFromAtao(free)
	if err != nil {
		return 0, err
	}
	return paid.Add(n.Accrued)
}

// outsider is a validator that runs elsewhere.
func (w *watcher) outsider(ctx context.Context, n metagraph.Neuron) (Validator, error) {
	v := Validator{UID: &n.UID, Hotkey: keys.Account(n.Hotkey), Stake: n.Stake, Dividends: n.Dividends, Trust: n.Trust}
	var err error
	v.RaoEarned, err = w.dividends(ctx, n.Validator)
	return v, err
}

// dividends are what an operator's own stake has earned.
func (w *watcher) dividends(ctx context.Context, operator gotensor.Address) (sum gotensor.Rao, err error) {
	stakes, err := w.chain.Delegations(ctx, operator)
	for _, d := range stakes {
		sum += d.Earned
	}
	return sum, err
}

func (w *watcher) validator(ctx context.Context, m *metagraph.Metagraph, name string, st *said) (Validator, error) {
	store := w.cfg.wallets()
	hot, _, err := store.HotkeyPublic(name, "default")
	if err != nil {
		return Validator{}, err
	}
	v := Validator{Name: name, Hotkey: keys.Account(hot.Address)}
	if n, ok := m.ByHotkey(hot.Address); ok {
		v.UID, v.Stake, v.Dividends, v.Trust = &n.UID, n.Stake, n.Dividends, n.Trust
	}
	if st != nil {
		v.Rounds, v.Committed, v.Revealed, v.Waiting = st.Round, st.Committed, st.Revealed, st.Waiting
	}
	v.RaoEarned, err = w.dividends(ctx, w.cold[name])
	return v, err
}

// warmingUp says what the first pay waits for.
func (w *watcher) warmingUp(m *metagraph.Metagraph, s State, status map[string]*said) string {
	if s.PaidEpochs > 0 {
		return ""
	}
	rounds, need, committed, revealed := 0, 0, false, false
	for _, st := range status {
		rounds, need = max(rounds, st.Round), max(need, st.MinRounds)
		committed, revealed = committed || st.Committed != nil, revealed || st.Revealed != nil
	}
	switch {
	case m.Epoch == 0:
		return fmt.Sprintf("validators get their permits at block %d", m.NextBoundary)
	case len(s.Miners) == 0:
		return "miners register by proof of work"
	case len(status) == 0:
		return "validators are starting"
	case rounds < need:
		return fmt.Sprintf("round %d of %d before validators commit", rounds, need)
	case revealed:
		return fmt.Sprintf("weights are revealed; the first pay comes at block %d", m.NextBoundary)
	case committed:
		return fmt.Sprintf("weights are committed, and revealed after block %d", m.NextBoundary)
	default:
		return fmt.Sprintf("enough rounds; weights are committed in the second half of the period that ends at block %d", m.NextBoundary)
	}
}

// average of what is known; nil if nothing is.
type average struct {
	sum float64
	n   int
}

func (a *average) add(x *float64) {
	if x != nil {
		a.sum += *x
		a.n++
	}
}

func (a *average) mean() *float64 {
	if a.n == 0 {
		return nil
	}
	x := a.sum / float64(a.n)
	return &x
}
