package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
)

func TestAtOnce(t *testing.T) {
	a, b := fakenode.Addr("miner-1"), fakenode.Addr("miner-2")
	tao := keys.Account(a)
	for name, c := range map[string]struct {
		words  []string
		a, b   bool
		nokey  bool // callers without one
		reason string
	}{
		"default":                {},
		"nobody":                 {words: []string{"nobody"}},
		"everybody":              {words: []string{"everybody"}, a: true, b: true, nokey: true},
		"one":                    {words: []string{tao}, a: true},
		"two":                    {words: []string{tao + ", " + keys.Account(b)}, a: true, b: true},
		"twice":                  {words: []string{tao, keys.Account(b)}, a: true, b: true},
		"everybody and one":      {words: []string{"everybody," + tao}, reason: "want it alone"},
		"nobody and one":         {words: []string{tao, "nobody"}, reason: "want it alone"},
		"nothing":                {words: []string{""}, reason: `--at-once is ""`},
		"a wallet":               {words: []string{"alice"}, reason: `--at-once is "alice", want nobody, everybody, or hotkeys`},
		"an address of no key":   {words: []string{keys.Account(gotensor.Address{})}, reason: "say everybody"},
		"an address that is off": {words: []string{tao[:len(tao)-1]}, reason: "want nobody, everybody, or hotkeys"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := atOnceFor(c.words)
			if c.reason != "" {
				require.ErrorIs(t, err, ErrUsage)
				require.ErrorContains(t, err, c.reason)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []bool{c.a, c.b, c.nokey}, []bool{got(a), got(b), got(gotensor.Address{})})
		})
	}
}
