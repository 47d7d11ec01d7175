//go:build attacks

package attacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/keys"
)

const (
	validatorsRun = 2
	// knownRounds are judged before attackers come, judgedRounds before their pay counts, which is that of paidEpochs epochs.
	knownRounds, judgedRounds, paidEpochs = 12, 45, 3
	// lag is how many epochs later a judgement pays: it is committed in one, and revealed in the next.
	lag = 2
	// judgedWithin bounds a wait for rounds, of two minutes where nothing else runs.
	judgedWithin = 10 * time.Minute
)

// TestAttacks runs everybody of cast_test.go on one network and asks for what docs/scoring.md promises.
func TestAttacks(t *testing.T) {
	began := time.Now()
	n := newNetwork(t, validatorsRun)
	who := map[string]string{} // hotkey by name
	for _, order := range honestOrders {
		name := fmt.Sprintf("ngram-%d", order)
		_, hot := n.wallet(t, name)
		who[name] = keys.Account(hot)
		args := []string{"miner", "run", "--model", name}
		switch name {
		case strict:
			args = append(args, "--policy", "validators")
		case trustful:
			args = append(args, "--at-once", "everybody")
		}
		n.role(t, name, args...)
	}
	_, hot := n.wallet(t, newcomer)
	early := map[string]string{newcomer: keys.Account(hot)} // what the usurper waits for
	n.attack(t, "early", earlyPlays(early), who)
	n.judged(t, who, knownRounds)
	maps.Copy(who, early)
	n.role(t, newcomer, "miner", "run", "--model", newcomer)
	n.attack(t, "attackers", attackers(who), who)
	n.judged(t, who, judgedRounds)
	first := n.epoch(t) + lag
	eventually(t, (lag+paidEpochs)*time.Minute, "epochs pay", func() error {
		if now := n.epoch(t); now < first+paidEpochs {
			return fmt.Errorf("epoch %d, want %d", now, first+paidEpochs)
		}
		return nil
	})
	r := n.read(t, who, first, paidEpochs)
	r.Seconds = time.Since(began).Seconds()
	r.Relayed = n.relayed(t)
	r.show(t)
	promises(t, r)
	sealedPromises(t, r)
}

// attack runs a process with these plays and adds their hotkeys to who.
func (n *network) attack(t *testing.T, name string, plays []play, who map[string]string) {
	t.Helper()
	home := n.path("roles", name)
	require.NoError(t, os.MkdirAll(home, 0o700))
	data, err := json.Marshal(plays)
	require.NoError(t, err)
	plan := n.path("roles", name+".json")
	require.NoError(t, os.WriteFile(plan, data, 0o600))
	n.launch(t, name, "gotensor-attacker", "--network", n.home, "--home", home, "--plan", plan)
	eventually(t, soon, name+" have keys", func() error {
		var hotkeys map[string]string
		if err := readJSON(home+"/hotkeys.json", &hotkeys); err != nil {
			return err
		}
		for name, hotkey := range hotkeys {
			who[name] = hotkey
		}
		return nil
	})
}

// judged waits until every validator has judged everybody for so many rounds.
func (n *network) judged(t *testing.T, who map[string]string, rounds int) {
	t.Helper()
	eventually(t, judgedWithin, fmt.Sprintf("%d rounds", rounds), func() error {
		for _, name := range n.validators {
			seen, err := n.standings(name)
			if err != nil {
				return err
			}
			for miner, hotkey := range who {
				if got := seen[hotkey].Rounds; got < rounds {
					return fmt.Errorf("%s has judged %s for %d rounds, want %d", name, miner, got, rounds)
				}
			}
		}
		return nil
	})
}

// sealedPromises: whoever relays sealed answers asks in every round, always in vain, and answers as it would if it were honest.
func sealedPromises(t *testing.T, r *results) {
	t.Helper()
	for name, honest := range map[string]string{"relay": weak, "relay-blurred": weak, "relay-refused": weak, usurper: "control-1"} {
		m, own := r.of(t, name), r.of(t, honest)
		// Not the pay: on the documents all of them gain so little that luck divides that pot.
		assert.LessOrEqualf(t, m.Gain, own.Gain+0.15, "the answers of %s are worth what its own model's are", name)
		assert.Zerof(t, r.Relayed[name]["answered"], "%s has no answer in time", name)
		why := "late"
		if name == "relay-refused" {
			why = "refused"
		}
		assert.Greaterf(t, r.Relayed[name][why], judgedRounds, "%s asks, and is %s", name, why)
	}
	assert.Greater(t, r.of(t, newcomer).Gain, r.of(t, usurper).Gain, "a newcomer worth usurping")
	assert.Greater(t, r.Relayed["relay-at-once"]["answered"], judgedRounds, "whoever is answered at once has the answers")
}

// promises are those of docs/scoring.md. The memoriser has none but on text that it cannot know: the books are public.
func promises(t *testing.T, r *results) {
	t.Helper()
	pay := func(name string) float64 { return r.of(t, name).Pay }
	for i := 1; i < len(honestOrders); i++ {
		low, high := fmt.Sprintf("ngram-%d", honestOrders[i-1]), fmt.Sprintf("ngram-%d", honestOrders[i])
		// Not the pay: on text unlike the books short contexts carry over best, and it is a third of the pot.
		assert.Greaterf(t, r.of(t, high).Gain, r.of(t, low).Gain, "%s is better than %s", high, low)
	}
	for _, c := range controls() {
		assert.Greaterf(t, r.of(t, c.Name).Service, 0.85, "%s serves as it says", c.Name)
		assert.Greaterf(t, r.of(t, c.Name).CopyFactor, 0.85, "%s copies nobody", c.Name)
	}
	// Pay in units of a control's: the same model, honest.
	for name, most := range map[string]float64{
		"boaster": 0.3, "timid": 0.8, "single-bytes": 0.05, "abstainer": 0.7, "garbage": 0.001,
	} {
		assert.LessOrEqualf(t, pay(name), most, "%s earns less than who is honest with such a model", name)
	}
	// Pay in units of the victim's.
	for name, c := range map[string]struct {
		victim string
		most   float64
	}{
		"late-copy": {copied, 0.1}, "noisy-0.1": {copied, 0.2}, "noisy-0.3": {copied, 0.5}, "noisy-1": {copied, 1},
		"relay-at-once": {trustful, 0.2},
	} {
		assert.LessOrEqualf(t, pay(name), c.most*pay(c.victim), "%s earns little beside %s", name, c.victim)
	}
	for _, victim := range []string{strict, relayed, copied, trustful, newcomer} {
		// Models of one order on texts that overlap are relatives: they cost each other up to a tenth.
		assert.GreaterOrEqualf(t, r.of(t, victim).CopyFactor, 0.85, "%s keeps its pay", victim)
	}
	assert.Less(t, r.of(t, "memoriser").Gain, 13.0, "who knows two of three sources by heart knows nothing of the third")
	together := 0.0
	for i := range sybils {
		together += pay("sybil-" + strconv.Itoa(i+1))
	}
	assert.LessOrEqual(t, together, 1.2, "one model under ten uids earns what it earns under one")
	for _, m := range r.Miners {
		// Who writes what its good model finds likeliest, whatever was asked for, loses little: see docs/attacks-live.md.
		if strings.HasSuffix(m.Name, "-texts") && m.Name != "likeliest-texts" {
			assert.Lessf(t, m.Service, 0.8, "%s: validators see what people get, and pay by it", m.Name)
		}
	}
}
