//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/keys"
)

// firstRunWithin bounds the first run; it takes about a minute where nothing else runs.
const firstRunWithin = 6 * time.Minute

// firstRun makes a network, lets it run until two epochs have paid, and looks at what it says of itself then.
func firstRun(t *testing.T, s *suite) {
	t.Helper()
	began := time.Now()
	out := s.start(t, "--silent-after", "1h", "--epochs", "2").wait(t, firstRunWithin)
	t.Logf("two paid epochs after %s", time.Since(began).Round(time.Second))
	s.after.first = readState(t, out)
	t.Run("stops by itself", func(t *testing.T) { assert.Empty(t, s.running(t)) })
	t.Run("schema", func(t *testing.T) { schema(t, out) })
	t.Run("the better model earns more", func(t *testing.T) {
		earned := func(model string) uint64 { return s.after.first.miner(t, model).RaoEarned }
		assert.Positive(t, earned("ngram-2"))
		assert.Greater(t, earned("ngram-4"), earned("ngram-2"))
		assert.Greater(t, earned("ngram-6"), earned("ngram-4"))
	})
	t.Run("garbage earns nothing", func(t *testing.T) {
		m := s.after.first.miner(t, "garbage")
		assert.Zero(t, m.RaoEarned)
		assert.Zero(t, m.Incentive)
	})
	t.Run("who answers well is paid, whatever comes later", func(t *testing.T) {
		assert.Positive(t, s.after.first.miner(t, "silent").RaoEarned)
	})
	t.Run("validators earn", func(t *testing.T) {
		for _, v := range s.after.first.Validators {
			assert.Positivef(t, v.RaoEarned, "%s", v.Name)
		}
	})
}

// schema checks the JSON against what people are promised of it.
func schema(t *testing.T, data []byte) {
	t.Helper()
	var v struct {
		Miners     []map[string]any `json:"miners"`
		Validators []map[string]any `json:"validators"`
		Paid       json.Number      `json:"paid_epochs"`
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	require.False(t, d.More(), "one answer")
	require.Equal(t, json.Number("2"), v.Paid)
	whole := func(x any, bound int64) int64 {
		n, ok := x.(json.Number)
		require.Truef(t, ok, "%v is no number", x)
		i, err := n.Int64()
		require.NoErrorf(t, err, "%v is no whole number", x)
		require.GreaterOrEqual(t, i, int64(0))
		require.LessOrEqual(t, i, bound)
		return i
	}
	const maxRao = 21_000_000 * 1_000_000_000
	uids, models, shares := map[int64]bool{}, []string{}, int64(0)
	for _, m := range v.Miners {
		uids[whole(m["uid"], 63)] = true
		models = append(models, fmt.Sprint(m["model"]))
		shares += whole(m["incentive"], 65535)
		rao := whole(m["rao_earned"], maxRao)
		tao, ok := m["tao_earned"].(json.Number)
		require.True(t, ok)
		f, err := tao.Float64()
		require.NoError(t, err)
		require.InDelta(t, float64(rao)/1e9, f, 1e-9, "tao_earned is rao_earned in TAO")
	}
	require.ElementsMatch(t, []string{"ngram-2", "ngram-4", "ngram-6", "garbage", "silent"}, models)
	require.InDelta(t, 65535, shares, 5, "incentives are shares of 65535")
	require.Len(t, v.Validators, 3)
	for _, m := range v.Validators {
		uids[whole(m["uid"], 63)] = true
		whole(m["rao_earned"], maxRao)
	}
	require.Len(t, uids, 8, "every neuron has a uid of its own")
}

// silentMiner waits until the miner that fell silent, when this run began, has no incentive any more, and sees that it is not paid.
func silentMiner(t *testing.T, s *suite) {
	t.Helper()
	m := s.after.first.miner(t, "silent")
	require.Positive(t, m.Incentive, "it had something to lose")
	var epoch uint64
	eventually(t, epochs, "the silent miner has incentive", func() error {
		n, g, err := s.neuron(t, m.Hotkey)
		if err != nil {
			return err
		}
		if n.Incentive > 0 {
			return fmt.Errorf("%d in epoch %d", n.Incentive, g.Epoch)
		}
		epoch = g.Epoch
		return nil
	})
	n, _, err := s.neuron(t, m.Hotkey)
	require.NoError(t, err)
	assert.Zero(t, n.Emission)
	t.Logf("the silent miner is at zero %d epochs after it fell silent", epoch-s.resumed)
	// Its silence is seen within an epoch, committed at the end of that one or the next, and opened in the one after.
	assert.LessOrEqual(t, epoch, s.resumed+5)
	who, err := keys.ParseAccount(s.after.first.miner(t, "ngram-6").Hotkey)
	require.NoError(t, err)
	best, ok := s.metagraph(t).ByHotkey(who)
	require.True(t, ok)
	assert.Positive(t, best.Incentive, "the others go on")
}
