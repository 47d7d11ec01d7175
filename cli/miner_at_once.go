package cli

import (
	"strings"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism/text"
)

// atOnceFor reads --at-once: whom a miner answers without a seal. Words are separated by commas; nobody and everybody stand alone.
func atOnceFor(words []string) (func(gotensor.Address) bool, error) {
	who := map[gotensor.Address]bool{}
	var all []string
	for _, w := range words {
		all = append(all, strings.Split(w, ",")...)
	}
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
		switch w := all[i]; w {
		case "nobody", "everybody":
			if len(all) > 1 {
				return nil, usagef("--at-once has %q beside %d others, want it alone", w, len(all)-1)
			}
		default:
			a, err := keys.ParseAccount(w)
			if err != nil {
				return nil, usagef("--at-once is %q, want nobody, everybody, or hotkeys (tao1...): %v", w, err)
			}
			if a.IsZero() {
				return nil, usagef("--at-once is %q, the address of callers without a key: to answer them at once too, say everybody", w)
			}
			who[a] = true
		}
	}
	switch {
	case len(who) > 0:
		return func(a gotensor.Address) bool { return who[a] }, nil
	case len(all) == 1 && all[0] == "everybody":
		return text.Everybody, nil
	default:
		return text.Nobody, nil
	}
}
