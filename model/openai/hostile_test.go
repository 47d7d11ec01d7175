package openai_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/model/openai"
)

const apiKey = "sk-very-secret-0123456789"

// raw answers every connection with these bytes.
func raw(t *testing.T, answer string) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = lis.Close() })
	go func() {
		for {
			c, err := lis.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte(answer))
			_ = c.Close()
		}
	}()
	return "http://" + lis.Addr().String()
}

func keyed(t *testing.T, url string) *openai.Pool {
	t.Helper()
	p, err := openai.New(openai.Config{Servers: []openai.Server{{URL: url, Model: "m", APIKey: apiKey}}, Attempts: 1, Timeout: 5 * time.Second})
	require.NoError(t, err)
	return p
}

func TestServerCannotPutTheKeyIntoErrors(t *testing.T) {
	said := func(code int, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s", code, len(body), body)
	}
	for name, answer := range map[string]string{
		"message":        said(401, `{"error":{"message":"Incorrect API key provided: `+apiKey+`"}}`),
		"cut message":    said(400, strings.Repeat("x", 280)+apiKey),
		"text":           said(500, apiKey),
		"spaced":         said(500, "\""+apiKey+"\"\n"),
		"type of a JSON": said(200, `{"choices":"`+apiKey+`"}`),
		"status":         "HTTP/1.1 " + apiKey + "\r\n\r\n",
		"header":         "HTTP/1.1 200 OK\r\n" + apiKey + "\r\n\r\n",
		"protocol":       apiKey + "\r\n\r\n",
		"token":          said(200, `{"choices":[{"logprobs":{"top_logprobs":[{"`+apiKey+`":5}]}}]}`),
		"redirect":       "HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/" + apiKey + "\r\nContent-Length: 0\r\n\r\n",
		"bad redirect":   "HTTP/1.1 307 x\r\nLocation: ://" + apiKey + "\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keyed(t, raw(t, answer)).Predict(t.Context(), [][]byte{[]byte("x")}, 5)
			require.Error(t, err)
			require.NotContains(t, err.Error(), apiKey[:20])
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var got []string
	inner := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
	}))
	t.Cleanup(inner.Close)
	outer := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusTemporaryRedirect))
	t.Cleanup(outer.Close)
	_, err := keyed(t, outer.URL).Predict(t.Context(), [][]byte{[]byte("x")}, 5)
	require.ErrorIs(t, err, openai.ErrServer)
	require.Empty(t, got)
}

func TestServerThatNeverEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // a drip of valid JSON
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := keyed(t, server.URL).Predict(ctx, [][]byte{[]byte("x"), []byte("y")}, 5)
	require.Error(t, err)
}

func TestModelNamesOfServersAreChecked(t *testing.T) {
	for name, id := range map[string]string{"escape": `a\u001b[2J`, "long": strings.Repeat("a", 300)} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"data":[{"id":"` + id + `"}]}`))
			}))
			t.Cleanup(server.Close)
			p, err := openai.New(openai.Config{Servers: at(server.URL), Attempts: 1})
			require.NoError(t, err)
			require.ErrorIs(t, p.Probe(t.Context(), 1), openai.ErrServer)
			require.Equal(t, "openai", p.Name(), "no name of the server is taken over")
		})
	}
}
