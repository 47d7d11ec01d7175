package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/gotensor/gotensor/mechanism/text"
)

// maxKeyFile is more than any API key has, in bytes.
const maxKeyFile = 4 << 10

// gateways are what a validator asks for texts through, with their keys.
func (o *validatorOptions) gateways() ([]text.Gateway, error) {
	if n := len(o.throughKeys); n > 1 && n != len(o.through) || n > 0 && len(o.through) == 0 {
		return nil, usagef("--through-key-file is given %d times and --through %d times; give one key for all, or one for each", n, len(o.through))
	}
	var keys []string
	for _, path := range o.throughKeys {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%w: --through-key-file: %w", ErrUsage, err)
		}
		key := strings.TrimSpace(string(data))
		if key == "" || len(data) > maxKeyFile || strings.ContainsAny(key, " \t\r\n") {
			return nil, usagef("--through-key-file %s holds no API key: want one line that `gotensor gateway login` or `gotensor gateway key create` gave", path)
		}
		keys = append(keys, key)
	}
	var out []text.Gateway
	for i, url := range o.through {
		g := text.Gateway{URL: url}
		if len(keys) > 0 {
			g.Key = keys[i%len(keys)]
		}
		out = append(out, g)
	}
	return out, nil
}
