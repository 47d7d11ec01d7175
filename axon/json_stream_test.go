package axon_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/axon"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
)

const generatePath = textv1.Text_Generate_FullMethodName

func anybody(c *axon.Config) { c.AllowAnonymous, c.Slots = true, 2 }

// post begins a stream by HTTP and returns the answer, whose body is closed with the test.
func post(ctx context.Context, t *testing.T, n *neuron, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+n.target.Addr.String()+generatePath, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := httpClient(t).Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func TestJSONStreamIsFlushedLineByLine(t *testing.T) {
	next := make(chan struct{})
	n := start(t, &textServer{write: func(q question, out pieces) error {
		for _, word := range strings.Fields(q.GetPrompt()) {
			if err := out.Send(piece(word)); err != nil {
				return err
			}
			<-next
		}
		return nil
	}}, anybody)
	res := post(t.Context(), t, n, `{"prompt":"one two three"}`)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "application/x-ndjson", res.Header.Get("Content-Type"))
	lines := bufio.NewScanner(res.Body)
	for _, want := range []string{"one", "two", "three"} {
		require.True(t, lines.Scan(), "the line is here before the next piece is made")
		require.Equal(t, `{"text":"`+want+`"}`, lines.Text())
		next <- struct{}{}
	}
	require.False(t, lines.Scan())
	require.NoError(t, lines.Err())
}

func TestJSONStreamErrors(t *testing.T) {
	n := start(t, &textServer{write: func(q question, out pieces) error {
		if q.GetPrompt() == "late" {
			if err := out.Send(piece("x")); err != nil {
				return err
			}
		}
		return status.Error(codes.InvalidArgument, "no such prompt")
	}}, anybody)
	early := post(t.Context(), t, n, `{"prompt":"early"}`)
	require.Equal(t, http.StatusBadRequest, early.StatusCode, "before the first piece an error is an error")
	var refusal struct{ Code, Message string }
	require.NoError(t, json.NewDecoder(early.Body).Decode(&refusal))
	require.Equal(t, "no such prompt", refusal.Message)

	late := post(t.Context(), t, n, `{"prompt":"late"}`)
	require.Equal(t, http.StatusOK, late.StatusCode)
	lines := bufio.NewScanner(late.Body)
	require.True(t, lines.Scan())
	require.True(t, lines.Scan())
	require.Equal(t, `{"error":{"code":"invalid_argument","message":"no such prompt"}}`, lines.Text())
	require.False(t, lines.Scan())

	garbage := post(t.Context(), t, n, `{"prompt":`)
	require.Equal(t, http.StatusBadRequest, garbage.StatusCode)
	status, _, body := httpCall{path: generatePath, kind: "application/proto"}.do(t, n)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, string(body), "application/json")
}

func TestJSONStreamEndsWithItsCaller(t *testing.T) {
	ended := make(chan error, 1)
	n := start(t, &textServer{write: func(_ question, out pieces) error {
		if err := out.Send(piece("first")); err != nil {
			return err
		}
		<-out.Context().Done()
		ended <- out.Context().Err()
		return out.Context().Err()
	}}, anybody)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	res := post(ctx, t, n, `{}`)
	require.True(t, bufio.NewScanner(res.Body).Scan())
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	n.requireFree(t)
}
