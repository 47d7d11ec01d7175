package synapse_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/synapse"
)

func TestPrintable(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"as it is", "llama-3 größer 大", "llama-3 größer 大"},
		{"escape sequence", "a\x1b[2J\x1b]0;owned\x07b", "a?[2J?]0;owned?b"},
		{"lines", "a\r\nlevel=INFO msg=paid", "a??level=INFO msg=paid"},
		{"right to left", "a\u202eb", "a?b"},
		{"no UTF-8", "a\xffb", "a?b"},
		{"too long", "0123456789012345678901234567890123456789", "01234567890123456789012345678901..."},
		{"cut in a character", "0123456789012345678901234567890ä", "0123456789012345678901234567890..."},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, synapse.Printable(tc.text, 32)) })
	}
}
