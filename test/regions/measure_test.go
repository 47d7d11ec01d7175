//go:build regions && linux

package regions_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/test/regions"
)

const (
	// loss of packets, each way.
	loss = 0.01
	// asker is the region that asks. Its own miner works for others like the rest, but is not asked: what is near would be asked most.
	asker = 3
	// measured is how long each load lasts.
	measured   = 30 * time.Second
	stopWithin = 20 * time.Second
	// rounds that a validator judges before its gains are reported.
	rounds = 5
)

// loads are how many queries of each wallet are under way at the same time.
var loads = []int{5, 64}

// place is a miner in a region.
type place struct {
	region int
	model  string
	wallet string
	uid    gotensor.UID
}

// TestMeasure asks miners in six regions of the world as two wallets at the same time, one with a thousand times the stake of the other,
// at low and at high load. What it finds is logged as a table; that everybody is answered is all that it asserts.
func TestMeasure(t *testing.T) {
	w := newWorld(t)
	llm := languageModel(t, w.logs)
	w.startChain(t)
	node := w.shareChain(t)
	t.Log("the chain runs in", regions.World.Names[0])
	w.lend(t, "a-thousand", "1000")
	w.lend(t, "one", "1")
	places := w.startMiners(t, node, llm)
	w.awaitMiners(t, places)
	gains := w.awaitGains(t, places)
	var results []benchOut
	for _, n := range loads {
		results = append(results, w.ask(t, node, places, n))
	}
	t.Log("\n" + table(places, gains, results))
	for _, r := range results {
		for _, wallet := range r.Wallets {
			require.NotZero(t, wallet.Answered, "wallet %s with %d at a time", wallet.Name, r.Concurrency)
		}
	}
}

// startChain runs a localnet in the first region: node, validator, and the miners that a localnet has, which others cannot reach.
func (w *world) startChain(t *testing.T) {
	t.Helper()
	gt := filepath.Join(w.bin, "gotensor")
	w.launch(t, 0, "paced", gt, "bench", "model", "--listen", "127.0.0.1:8099")
	// A miner before a server of its own makes the localnet's rounds long enough for language models: 12 s for an answer.
	w.launch(t, 0, "localnet", gt, "localnet", "--home", w.home, "--validators", "1", "--models", "ngram-2", "--openai-url", "http://127.0.0.1:8099")
	eventually(t, 3*time.Minute, "the chain starts", func() error {
		return w.gotensor(t.Context(), 0, nil, "subnet", "metagraph")
	})
}

// shareChain lets the other regions reach the node, and returns the address.
func (w *world) shareChain(t *testing.T) string {
	t.Helper()
	n, err := chain.FindNetwork(w.home)
	require.NoError(t, err)
	return w.forward(t, 0, w.Addr(0).String()+":0", 0, n.GRPC)
}

// lend makes a wallet whose hotkey asks with the bandwidth of so much stake.
func (w *world) lend(t *testing.T, wallet, tao string) {
	t.Helper()
	w.must(t, nil, "wallet", "create", "--wallet", wallet, "--unencrypted-hotkey")
	var list struct {
		Wallets []struct {
			Name    string `json:"name"`
			Coldkey struct {
				Address string `json:"address"`
			} `json:"coldkey"`
		} `json:"wallets"`
	}
	w.must(t, &list, "wallet", "list")
	address := map[string]string{}
	for _, v := range list.Wallets {
		address[v.Name] = v.Coldkey.Address
	}
	var stakes struct {
		Neurons []struct {
			UID    gotensor.UID `json:"uid"`
			Permit bool         `json:"permit"`
			Stake  gotensor.Rao `json:"rao_stake"`
		} `json:"neurons"`
	}
	w.must(t, &stakes, "subnet", "metagraph")
	validator := -1
	for _, n := range stakes.Neurons {
		if n.Stake > 0 {
			validator = int(n.UID)
		}
	}
	require.GreaterOrEqual(t, validator, 0, "nobody has stake")
	w.must(t, nil, "wallet", "transfer", "--wallet", "rich", "--to", address[wallet], "--amount", tao+".5", "--yes")
	w.must(t, nil, "stake", "add", "--wallet", wallet, "--validator", fmt.Sprint(validator), "--amount", tao, "--yes")
	w.must(t, nil, "stake", "lend", "--wallet", wallet, "--yes")
}

// startMiners puts a miner into each region, two of them before the language model if there is one.
func (w *world) startMiners(t *testing.T, node, llm string) []*place {
	t.Helper()
	var places []*place
	for i := range regions.World.Names {
		p := &place{region: i, model: []string{"ngram-6", "ngram-4"}[i%2], wallet: fmt.Sprintf("region-%d", i)}
		// What is measured is how slots are shared and how long the ways are, not for how long answers are held.
		args := []string{"miner", "run", "--at-once", "everybody", "--network", node, "--wallet", p.wallet, "--home", filepath.Join(w.logs, "..", p.wallet), "--listen", w.Addr(i).String() + ":0"}
		if llm != "" && (i == 2 || i == 5) {
			p.model = "SmolLM2-135M"
			args = append(args, "--openai-url", "http://"+w.forward(t, i, "127.0.0.1:8080", -1, llm))
		} else {
			args = append(args, "--model", p.model)
		}
		w.launch(t, i, p.wallet, filepath.Join(w.bin, "gotensor"), args...)
		places = append(places, p)
	}
	return places
}

// awaitMiners waits until the chain lists all of them.
func (w *world) awaitMiners(t *testing.T, places []*place) {
	t.Helper()
	eventually(t, 5*time.Minute, "the miners are on the chain", func() error {
		var m struct {
			Neurons []struct {
				UID  gotensor.UID `json:"uid"`
				Axon string       `json:"axon"`
			} `json:"neurons"`
		}
		if err := w.gotensor(t.Context(), 0, &m, "subnet", "metagraph"); err != nil {
			return err
		}
		at := map[string]gotensor.UID{}
		for _, n := range m.Neurons {
			host, _, _ := strings.Cut(n.Axon, ":")
			at[host] = n.UID
		}
		for _, p := range places {
			uid, ok := at[w.Addr(p.region).String()]
			if !ok {
				return fmt.Errorf("nobody serves in %s", regions.World.Names[p.region])
			}
			p.uid = uid
		}
		return nil
	})
}

// awaitGains waits until the validator has judged all miners some rounds, and returns what it thinks of them.
func (w *world) awaitGains(t *testing.T, places []*place) map[gotensor.UID]mechanism.Standing {
	t.Helper()
	out := map[gotensor.UID]mechanism.Standing{}
	eventually(t, 6*time.Minute, "the validator judges", func() error {
		data, err := os.ReadFile(filepath.Join(w.home, "roles", "validator-1", "status.json"))
		if err != nil {
			return err
		}
		var status mechanism.Overview
		if err := json.Unmarshal(data, &status); err != nil {
			return err
		}
		for _, s := range status.Neurons {
			out[s.UID] = s
		}
		for _, p := range places {
			if s := out[p.uid]; s.Rounds < rounds {
				return fmt.Errorf("%s has %d rounds", regions.World.Names[p.region], s.Rounds)
			}
		}
		return nil
	})
	return out
}

// benchOut is what is read of gotensor bench query.
type benchOut struct {
	Concurrency int `json:"concurrency"`
	Load        string
	Wallets     []benchWallet `json:"wallets"`
}

type benchWallet struct {
	figures
	Name      string       `json:"name"`
	Bandwidth gotensor.Rao `json:"rao_bandwidth"`
	Neurons   []struct {
		figures
		UID gotensor.UID `json:"uid"`
	} `json:"neurons"`
}

// with is what a wallet found with one miner.
func (w benchWallet) with(uid gotensor.UID) figures {
	for _, n := range w.Neurons {
		if n.UID == uid {
			return n.figures
		}
	}
	return figures{}
}

type figures struct {
	Queries     uint64            `json:"queries"`
	Answered    uint64            `json:"answered"`
	Outcomes    map[string]uint64 `json:"outcomes"`
	SuccessRate float64           `json:"success_rate"`
	Refused     float64           `json:"refused_rate"`
	Rate        float64           `json:"queries_per_second"`
	Mbit        float64           `json:"mbit_per_second"`
	P50         float64           `json:"p50_ms"`
	P99         float64           `json:"p99_ms"`
}

func (w *world) ask(t *testing.T, node string, places []*place, concurrency int) benchOut {
	t.Helper()
	args := []string{
		"bench", "query", "--network", node, "--wallets", "a-thousand,one", "--concurrency", fmt.Sprint(concurrency), "--duration", measured.String(),
		"--deadline", "12s", "--warmup", "5s",
	}
	for _, p := range places {
		if p.region != asker {
			args = append(args, "--uid", fmt.Sprint(p.uid))
		}
	}
	var out benchOut
	var err error
	if out.Load, err = loadAverage(); err != nil {
		t.Log(err)
	}
	require.NoError(t, w.gotensor(t.Context(), asker, &out, args...))
	return out
}

func loadAverage() (string, error) {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "", err
	}
	first, _, ok := strings.Cut(string(data), " ")
	if !ok {
		return "", errors.New("/proc/loadavg has another form")
	}
	return first, nil
}

// table is what docs/performance.md shows.
func table(places []*place, gains map[gotensor.UID]mechanism.Standing, results []benchOut) string {
	var b strings.Builder
	fmt.Fprintf(&b, "asked from %s, %.0f %% of packets lost each way, answers within 12 s\n\n", regions.World.Names[asker], loss*100)
	b.WriteString("| in flight, each wallet | stake lent | queries/s | Mbit/s | success | refused | p50 ms | p99 ms | load |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		for _, w := range r.Wallets {
			fmt.Fprintf(&b, "| %d | %.0f TAO | %.1f | %.2f | %.1f %% | %.1f %% | %.0f | %.0f | %s |\n", r.Concurrency, w.Bandwidth.TAO(), w.Rate, w.Mbit, 100*w.SuccessRate, 100*w.Refused, w.P50, w.P99, r.Load)
		}
	}
	b.WriteString("\n| region | round trip ms | model | gain, nats a step | in flight | answered of the rich | p50 ms | answered of the poor | p50 ms |\n|---|--:|---|--:|--:|--:|--:|--:|--:|\n")
	for _, p := range places {
		if p.region == asker {
			fmt.Fprintf(&b, "| %s | - | %s | %.2f | not asked | | | | |\n", regions.World.Names[p.region], p.model, gains[p.uid].Gain)
			continue
		}
		for _, r := range results {
			rich, poor := r.Wallets[0].with(p.uid), r.Wallets[1].with(p.uid)
			fmt.Fprintf(&b, "| %s | %d | %s | %.2f | %d | %d of %d | %.0f | %d of %d | %.0f |\n", regions.World.Names[p.region], regions.World.RoundTrips[asker][p.region],
				p.model, gains[p.uid].Gain, r.Concurrency, rich.Answered, rich.Queries, rich.P50, poor.Answered, poor.Queries, poor.P50)
		}
	}
	return b.String()
}
