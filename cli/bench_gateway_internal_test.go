package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/bench"
)

func TestParseEndpoint(t *testing.T) {
	dir := t.TempDir()
	key, empty := filepath.Join(dir, "key"), filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(key, []byte(" gt-secret\n"), 0o600))
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for name, tt := range map[string]struct {
		text string
		want bench.Endpoint
		err  string
	}{
		"alone": {"http://a/v1", bench.Endpoint{Name: "http://a/v1", URL: "http://a/v1", Header: http.Header{}}, ""},
		"all": {
			"http://a/v1,name=ours,model=auto,key-file=" + key + ",header=x-a:1,header=x-a: b:c",
			bench.Endpoint{Name: "ours", URL: "http://a/v1", Model: "auto", Key: "gt-secret", Header: http.Header{"X-A": {"1", "b:c"}}},
			"",
		},
		"unknown word":  {"http://a/v1,nam=x", bench.Endpoint{}, `"nam" behind a URL, want name=NAME`},
		"bad header":    {"http://a/v1,header=x", bench.Endpoint{}, `header is "x", want NAME:VALUE`},
		"no such file":  {"http://a/v1,key-file=" + filepath.Join(dir, "none"), bench.Endpoint{}, "no such file"},
		"nothing in it": {"http://a/v1,key-file=" + empty, bench.Endpoint{}, "the file with the API key is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseEndpoint(tt.text)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}
