//go:build attacks

package attacks

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/explain"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/validator"
)

// results are what a run showed.
type results struct {
	Seconds    float64  `json:"seconds"`
	Validators int      `json:"validators"`
	Epochs     []uint64 `json:"epochs"`
	// RaoControl is what a control earned in these epochs on average: 1 of Pay.
	RaoControl float64 `json:"rao_control"`
	Miners     []miner `json:"miners"` // the best paid first
	// Relayed counts what became of relays' attempts, by miner and outcome.
	Relayed map[string]map[string]int `json:"relayed"`
}

// miner is one of them. Numbers of standings are means over the validators, as of the end.
type miner struct {
	Name string `json:"name"`
	UID  uint16 `json:"uid"`
	Rao  uint64 `json:"rao_incentive"`
	// Pay is that of a control's; Share that of all miners' pay.
	Pay   float64 `json:"pay"`
	Share float64 `json:"share"`

	Gain       float64 `json:"gain"`
	LCB        float64 `json:"lcb"`
	CopyFactor float64 `json:"copy_factor"`
	Service    float64 `json:"service_factor"` // by which pay is multiplied for what people get
	Success    float64 `json:"success"`
	Speed      float64 `json:"speed"`
	Agreement  float64 `json:"agreement"`
	Care       float64 `json:"care"`
	Rounds     int     `json:"rounds"` // fewest of a validator
}

func (r *results) of(t *testing.T, name string) *miner {
	t.Helper()
	i := slices.IndexFunc(r.Miners, func(m miner) bool { return m.Name == name })
	require.GreaterOrEqualf(t, i, 0, "nobody is called %s", name)
	return &r.Miners[i]
}

// standings of a validator by hotkey.
func (n *network) standings(name string) (map[string]mechanism.Standing, error) {
	var s validator.Status
	if err := readJSON(n.path("roles", name, "status.json"), &s); err != nil {
		return nil, err
	}
	out := map[string]mechanism.Standing{}
	for _, x := range s.Neurons {
		out[x.Hotkey] = x
	}
	return out, nil
}

// relayed counts what attackers logged of their attempts to relay.
func (n *network) relayed(t *testing.T) map[string]map[string]int {
	t.Helper()
	out := map[string]map[string]int{}
	for _, name := range []string{"early", "attackers"} {
		data, err := os.ReadFile(n.path("logs", name+".log"))
		require.NoError(t, err)
		for _, m := range relayLine.FindAllSubmatch(data, -1) {
			who := string(m[1])
			if out[who] == nil {
				out[who] = map[string]int{}
			}
			out[who][strings.Trim(string(m[2]), `"`)]++
		}
	}
	return out
}

// relayLine is a line of the attacker's log about an attempt: who, and its outcome.
var relayLine = regexp.MustCompile(`msg=relay play=(\S+) outcome=("[^"]*"|\S+)`)

// epoch is how many epochs have ended.
func (n *network) epoch(t *testing.T) uint64 {
	t.Helper()
	m, err := n.node.Metagraph(t.Context(), netuid)
	require.NoError(t, err)
	return m.Epoch
}

// read explains the epochs from the first one: each must replay to the bit for all uids.
func (n *network) read(t *testing.T, who map[string]string, first, epochs uint64) *results {
	t.Helper()
	r := &results{Validators: len(n.validators)}
	earned := map[string]uint64{}
	uids := map[string]uint16{}
	for number := first; number < first+epochs; number++ {
		e, err := n.node.Epoch(t.Context(), netuid, int64(number))
		require.NoError(t, err)
		funded := make([]bool, len(e.Validators))
		for uid, v := range e.Validators {
			funded[uid] = !v.IsZero()
		}
		replay, err := explain.Run(&e.Input, funded)
		require.NoError(t, err)
		for uid, hotkey := range e.Hotkeys {
			a, err := replay.Account(uint16(uid))
			require.NoError(t, err)
			stored, ok := e.After.ByHotkey(hotkey)
			require.True(t, ok)
			require.Equalf(t, uint64(stored.Emission), uint64(a.Incentive)+uint64(a.Dividends), "epoch %d, uid %d", number, uid)
			earned[keys.Account(hotkey)] += uint64(a.Incentive)
			uids[keys.Account(hotkey)] = uint16(uid)
		}
		n.explain(t, number)
		r.Epochs = append(r.Epochs, number)
	}
	for name, hotkey := range who {
		m := miner{Name: name, UID: uids[hotkey], Rao: earned[hotkey]}
		n.judgement(t, hotkey, &m)
		r.Miners = append(r.Miners, m)
	}
	r.compare(t)
	return r
}

// explain asks the command, which compares all columns of all uids with what the chain stored.
func (n *network) explain(t *testing.T, epoch uint64) {
	t.Helper()
	var v struct {
		Replayed bool `json:"replayed_to_the_bit"`
	}
	out := n.run(t, "gotensor", "explain", "0", "--network", n.home, "--epoch", strconv.FormatUint(epoch, 10), "--output", "json")
	require.NoError(t, json.Unmarshal(out, &v))
	require.Truef(t, v.Replayed, "%s", out)
}

// judgement is what the validators say of a miner.
func (n *network) judgement(t *testing.T, hotkey string, m *miner) {
	t.Helper()
	for _, name := range n.validators {
		all, err := n.standings(name)
		require.NoError(t, err)
		s, ok := all[hotkey]
		require.Truef(t, ok, "%s knows %s", name, m.Name)
		require.NotNil(t, s.Service)
		part := 1 / float64(len(n.validators))
		m.Gain += part * s.Gain
		m.LCB += part * s.LCB
		m.CopyFactor += part * s.CopyFactor
		m.Service += part * s.Service.Factor
		m.Success += part * s.Service.Success
		m.Speed += part * s.Service.Speed
		m.Agreement += part * s.Service.Agreement
		m.Care += part * s.Service.Care
		if m.Rounds == 0 || s.Rounds < m.Rounds {
			m.Rounds = s.Rounds
		}
	}
}

// compare puts pay beside that of the controls and of all.
func (r *results) compare(t *testing.T) {
	t.Helper()
	all := 0.0
	for _, m := range r.Miners {
		all += float64(m.Rao)
		if strings.HasPrefix(m.Name, "control-") {
			r.RaoControl += float64(m.Rao) / float64(len(controls()))
		}
	}
	require.Positive(t, r.RaoControl, "honest miners are paid")
	for i := range r.Miners {
		r.Miners[i].Pay, r.Miners[i].Share = float64(r.Miners[i].Rao)/r.RaoControl, float64(r.Miners[i].Rao)/all
	}
	slices.SortFunc(r.Miners, func(a, b miner) int {
		if a.Rao != b.Rao {
			return int(int64(b.Rao) - int64(a.Rao))
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// show prints the table, and writes the figures where GOTENSOR_ATTACKS_OUT says.
func (r *results) show(t *testing.T) {
	t.Helper()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "miner\tpay\tshare\tgain\tlcb\tcopies\tservice\tsuccess\tspeed\tagreement\tcare\trounds\t")
	for _, m := range r.Miners {
		fmt.Fprintf(w, "%s\t%.3f\t%.4f\t%.3f\t%.3f\t%.3f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t\n",
			m.Name, m.Pay, m.Share, m.Gain, m.LCB, m.CopyFactor, m.Service, m.Success, m.Speed, m.Agreement, m.Care, m.Rounds)
	}
	require.NoError(t, w.Flush())
	t.Logf("%d validators, epochs %v, %.0f s; pay 1 is that of a control\n%sattempts to relay: %v", r.Validators, r.Epochs, r.Seconds, &b, r.Relayed)
	path := os.Getenv("GOTENSOR_ATTACKS_OUT")
	if path == "" {
		return
	}
	data, err := json.MarshalIndent(r, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
