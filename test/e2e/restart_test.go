//go:build e2e

package e2e

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goesOn sees that a network that was started again is the one that it was.
func goesOn(t *testing.T, s *suite) {
	t.Helper()
	m := s.metagraph(t)
	s.resumed = m.Epoch
	assert.Greater(t, uint64(m.Height), s.after.first.Height)
	paid, err := s.paidEpochs(t)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, paid, s.after.first.PaidEpochs)
	for hotkey, name := range s.after.first.hotkeys() {
		_, _, err := s.neuron(t, hotkey)
		assert.NoError(t, err, name)
	}
}

// ctrlC stops the network as a person does, and sees that nothing is left.
func ctrlC(t *testing.T, s *suite) {
	t.Helper()
	require.NotEmpty(t, s.running(t))
	began := time.Now()
	s.second.signal(t, os.Interrupt)
	out := s.second.wait(t, stopWithin)
	t.Logf("stopped after %s", time.Since(began).Round(100*time.Millisecond))
	t.Run("nothing is left", func(t *testing.T) { assert.Empty(t, s.running(t)) })
	s.after.second = readState(t, out)
	t.Run("who earned", func(t *testing.T) {
		was, is := s.after.first, s.after.second
		for _, model := range []string{"ngram-2", "ngram-4", "ngram-6"} {
			assert.Greaterf(t, is.miner(t, model).RaoEarned, was.miner(t, model).RaoEarned, "%s", model)
		}
		assert.Zero(t, is.miner(t, "garbage").RaoEarned)
		assert.Zero(t, is.miner(t, "silent").Incentive)
		newcomer := is.miner(t, "ngram-5")
		assert.Equal(t, s.guestHotkey(t), newcomer.Hotkey, "the newcomer appears, with the model that it says it runs")
		assert.Positive(t, newcomer.RaoEarned)
	})
}

// startedAgain runs the same home once more, until another epoch has paid.
func startedAgain(t *testing.T, s *suite) {
	t.Helper()
	was := s.after.second
	out := s.start(t, "--silent-after", "1s", "--epochs", strconv.FormatUint(was.PaidEpochs+1, 10)).wait(t, epochs)
	is := readState(t, out)
	assert.Greater(t, is.Height, was.Height)
	assert.Equal(t, was.PaidEpochs+1, is.PaidEpochs)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(was.hotkeys())), slices.Collect(maps.Keys(is.hotkeys())), "same hotkeys")
	for _, v := range is.Validators {
		assert.Greaterf(t, v.Rounds, was.validator(t, v.Name).Rounds, "%s goes on", v.Name)
	}
	assert.Greater(t, is.miner(t, "ngram-6").RaoEarned, was.miner(t, "ngram-6").RaoEarned)
	assert.Empty(t, s.running(t))
}
