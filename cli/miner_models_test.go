package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model/openai"
)

func TestParseServer(t *testing.T) {
	dir := t.TempDir()
	key, other, empty := filepath.Join(dir, "key"), filepath.Join(dir, "other"), filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(key, []byte("sk-1\n"), 0o600))
	require.NoError(t, os.WriteFile(other, []byte(" sk-2 "), 0o600))
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for _, c := range []struct {
		name, in, keyFile string
		want              openai.Server
		err               string
	}{
		{name: "a URL", in: "http://a:1", want: openai.Server{URL: "http://a:1", Model: "m"}},
		{name: "the key of all", in: "http://a:1", keyFile: key, want: openai.Server{URL: "http://a:1", Model: "m", APIKey: "sk-1"}},
		{
			name: "all words", in: "https://a/v1,parallel=8,model=n,kind=ollama,key-file=" + other, keyFile: key,
			want: openai.Server{URL: "https://a/v1", Model: "n", Parallel: 8, Kind: openai.Ollama, APIKey: "sk-2"},
		},
		{name: "unknown word", in: "http://a,weight=2", err: `"weight" behind a URL`},
		{name: "no number", in: "http://a,parallel=many", err: `parallel is "many"`},
		{name: "no file", in: "http://a,key-file=" + filepath.Join(dir, "x"), err: "no such file"},
		{name: "empty file", in: "http://a", keyFile: empty, err: "is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := openai.Server{Model: "m"}
			err := parseServer(c.in, c.keyFile, &got)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.True(t, c.want == got, "keys are hidden when printed") // not require.Equal: a Server prints as its URL
		})
	}
}
