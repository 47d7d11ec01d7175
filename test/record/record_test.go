package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProseOfMarkdown(t *testing.T) {
	const words = "A paragraph that is long enough to be asked about, with a [link](x.md) and `code`, over"
	text := prose([]byte("# Heading\n\n" + words + "\ntwo lines.\n\n| a | table |\n\n```sh\nrun this\n```\n\nShort.\n\n- " + words + " one.\n- " + words + " {{num}}\n"))
	require.Equal(t, "A paragraph that is long enough to be asked about, with a link and code, over two lines.\n"+
		"A paragraph that is long enough to be asked about, with a link and code, over one.\n", string(text))
}

// TestRecord draws items, asks two models that are trained here, and finds both in the bank.
func TestRecord(t *testing.T) {
	dir := t.TempDir()
	bank, text := filepath.Join(dir, "b.gz"), filepath.Join(dir, "t.txt")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("the rays of light which fall upon the glass and go on through it. ", 300)), 0o600))
	require.NoError(t, run(t.Context(), []string{"items", "-bank", bank, "-context", "64", "-each", "4", "-k", "8", "-reference", "500", "t=" + text}))
	for name, how := range map[string][]string{"kn": {"-ngram", "6"}, "mixer": {"-mix"}} {
		require.NoError(t, run(t.Context(), append([]string{"ask", "-bank", bank, "-name", name, "-family", name, "-text", text}, how...)))
	}
	b, err := load(bank)
	require.NoError(t, err)
	require.Len(t, b.Models, 2)
	for _, m := range b.Models {
		for i, p := range m.Answers {
			known := 0.0
			for _, c := range p.Candidates {
				if len(c.Text) > 1 && strings.HasPrefix(string(b.Items[i].Truth), string(c.Text)) {
					known += c.P
				}
			}
			require.Greater(t, known, 0.1, "%s: %q", m.Name, b.Items[i].Truth)
		}
	}
	require.NoError(t, run(t.Context(), []string{"show", "-bank", bank}))
	require.ErrorContains(t, run(t.Context(), []string{"ask", "-bank", bank, "-name", "x", "-family", "x"}), "want one of")
	require.ErrorIs(t, run(t.Context(), []string{"items"}), errUsage)
}
