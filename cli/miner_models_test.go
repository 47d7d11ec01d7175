package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/mechanism/text"
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
			require.Equal(t, c.want, got)
		})
	}
}

// serveLlama is a server that looks like llama.cpp's with so many slots.
func serveLlama(t *testing.T, slots int) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":[{"id":"/models/tiny.gguf","owned_by":"llamacpp"}]}`)
	})
	mux.HandleFunc("GET /props", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"total_slots":%d}`, slots) })
	mux.HandleFunc("POST /v1/completions", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"choices":[{"logprobs":{"top_logprobs":[{" a":-1}]}}]}`)
	})
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":[{"index":0,"embedding":[3,4]}]}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestWhatMinersServe(t *testing.T) {
	home := t.TempDir()
	many := max(embeddedParallel, runtime.GOMAXPROCS(0))
	for _, c := range []struct {
		name         string
		o            modelOptions
		model        string
		capabilities []string
		parallel     int
		says         string
	}{
		{"n-gram", modelOptions{model: "ngram-1"}, "ngram-1", []string{text.CanEmbed, text.CanGenerate, text.CanLogprobs}, many, ""},
		{"n-gram for validators only", modelOptions{model: "ngram-1", noGenerate: true, parallel: 3}, "ngram-1", nil, 3, ""},
		{"garbage", modelOptions{model: "garbage"}, "garbage", nil, many, ""},
		{"language model", modelOptions{urls: []string{serveLlama(t, 4), serveLlama(t, 2)}}, "tiny", []string{text.CanGenerate, text.CanLogprobs}, 6, "is ready"},
		{
			"with vectors and tools",
			modelOptions{urls: []string{serveLlama(t, 4)}, embeddingURLs: []string{serveLlama(t, 1)}, tools: true, parallel: 9},
			"tiny",
			[]string{text.CanEmbed, text.CanGenerate, text.CanLogprobs, text.CanTools},
			9, "is ready",
		},
		{"one slot", modelOptions{urls: []string{serveLlama(t, 1)}}, "tiny", []string{text.CanGenerate, text.CanLogprobs}, 1, "keeps validators waiting"},
		{"with a log", modelOptions{model: "ngram-1", logPrompts: filepath.Join(home, "prompts")}, "ngram-1", []string{text.CanEmbed, text.CanGenerate, text.CanLogprobs}, many, "are written down"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			a := &app{Streams: Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &log, Getenv: func(string) string { return "" }}}
			m := a.models(t.Context(), c.o, home)
			defer m.close()
			m.self = gotensor.Address{1}
			server, err := m.text(t.Context(), text.DefaultSettings())
			require.NoError(t, err)
			d := server.Describe()
			require.Equal(t, c.model, d.Model)
			require.Equal(t, c.capabilities, d.Capabilities)
			require.Equal(t, c.parallel, d.Parallel)
			require.Contains(t, log.String(), c.says)
		})
	}
}
