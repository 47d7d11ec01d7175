package keys_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/keys"
)

// fmt does not ask values in unexported fields how they want to be printed: a secret must not lie open in its own type either.
func TestSecretsInsideOfOthersAreHidden(t *testing.T) {
	const words = "test test test test test test test test test test test junk"
	m, err := keys.ParseMnemonic(words)
	require.NoError(t, err)
	key, err := m.Derive(0)
	require.NoError(t, err)
	holder := struct {
		mnemonic   keys.Mnemonic
		key        keys.PrivateKey
		protection keys.Protection
	}{m, key, keys.Encrypted("hunter2")}
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, nil))
	logger.Info("x", "holder", holder, "pointer", &holder, "protection", holder.protection)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+verb, holder, &holder, holder.protection, []any{holder})
	}
	for _, secret := range []string{
		"hunter2", "test test", "junk", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%x", words),
		fmt.Sprintf("%x", key.Bytes()), fmt.Sprintf("%d", key.Bytes()),
	} {
		require.NotContains(t, out.String(), secret)
	}
}
