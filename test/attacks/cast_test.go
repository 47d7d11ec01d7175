//go:build attacks

package attacks

import (
	"fmt"
)

// play is one miner of the attacker program; its fields are those of that program's Play.
type play struct {
	Name    string  `json:"name"`
	Predict string  `json:"predict"`
	Write   string  `json:"write"`
	Order   int     `json:"order"`
	Text    string  `json:"text"`
	Power   float64 `json:"power,omitempty"`
	Sigma   float64 `json:"sigma,omitempty"`
	Victim  string  `json:"victim,omitempty"`
}

// honestOrders are served by `gotensor miner run`; only miners with a permit may ask the one that is strict.
var honestOrders = []int{3, 4, 5, 6}

const (
	strict   = "ngram-4"
	relayed  = "ngram-5" // whose answers are relayed
	trustful = "ngram-3" // tells its answers to everybody at once, and is relayed too
	copied   = "ngram-6" // whose model others have too, and serve later
	newcomer = "ngram-7" // comes when everybody is known; the usurper waits for it
	usurper  = "usurper"
	weak     = "weak-control" // what relays would be if they were honest
	sybils   = 10
)

// controls are honest, each with a model of its own: order 6, trained on half of the text. All attackers but copiers have such models too, so
// what a control earns is what they would earn if they were honest.
func controls() []play {
	return []play{
		{Name: "control-1", Predict: "honest", Write: "same", Order: 6, Text: "a"},
		{Name: "control-2", Predict: "honest", Write: "same", Order: 6, Text: "c"},
	}
}

// earlyPlays come with the honest miners. victims are hotkeys by name.
func earlyPlays(victims map[string]string) []play {
	return append(controls(),
		play{Name: weak, Predict: "honest", Write: "same", Order: 5, Text: "1"},
		play{Name: usurper, Predict: "relay", Victim: victims[newcomer], Write: "same", Order: 6, Text: "e"},
	)
}

// attackers come when everybody else has been judged for a while. victims are hotkeys by name.
func attackers(victims map[string]string) []play {
	all := []play{
		{Name: "boaster", Predict: "power", Power: 3, Write: "same", Text: "b"},
		{Name: "timid", Predict: "power", Power: 0.4, Write: "same", Text: "d"},
		{Name: "single-bytes", Predict: "single", Write: "same", Text: "f"},
		{Name: "abstainer", Predict: "sure", Write: "same", Text: "f"},
		{Name: "garbage", Predict: "garbage", Write: "same", Text: "f"},
		{Name: "memoriser", Predict: "heart", Write: "same", Text: "all", Order: 3},

		{Name: "late-copy", Predict: "honest", Write: "same", Text: "all"},
		{Name: "noisy-0.1", Predict: "noise", Sigma: 0.1, Write: "same", Text: "all"},
		{Name: "noisy-0.3", Predict: "noise", Sigma: 0.3, Write: "same", Text: "all"},
		{Name: "noisy-1", Predict: "noise", Sigma: 1, Write: "same", Text: "all"},

		{Name: "relay", Predict: "relay", Victim: victims[relayed], Write: "same", Text: "2", Order: 5},
		{Name: "relay-blurred", Predict: "relay", Sigma: 0.3, Victim: victims[relayed], Write: "same", Text: "3", Order: 5},
		{Name: "relay-refused", Predict: "relay", Victim: victims[strict], Write: "same", Text: "4", Order: 5},
		{Name: "relay-at-once", Predict: "relay", Victim: victims[trustful], Write: "same", Text: "5", Order: 5},

		{Name: "cheap-texts", Predict: "honest", Write: "cheap", Text: "h"},
		{Name: "likeliest-texts", Predict: "honest", Write: "likely", Text: "l"},
		{Name: "canned-texts", Predict: "honest", Write: "canned", Text: "i"},
		{Name: "slow-texts", Predict: "honest", Write: "slow", Text: "j"},
		{Name: "failing-texts", Predict: "honest", Write: "failing", Text: "k"},
		{Name: "no-texts", Predict: "honest", Write: "none", Text: "b"},
	}
	for i := range sybils {
		all = append(all, play{Name: fmt.Sprintf("sybil-%d", i+1), Predict: "honest", Write: "same", Text: "g"})
	}
	for i := range all {
		if all[i].Order == 0 {
			all[i].Order = 6
		}
	}
	return all
}
