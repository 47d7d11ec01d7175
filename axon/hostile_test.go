package axon_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

func TestSilentHandshakesKeepNobodyOut(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) {
		c.MaxConnsPerIP, c.HandshakeTimeout = 2000, time.Minute
	})
	for range 600 { // more than may be unproven: the oldest of them must go
		c, err := net.Dial("tcp", n.target.Addr.String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
	}
	_, err := n.predict(t.Context(), "x")
	require.NoError(t, err)
	require.LessOrEqual(t, n.server.Stats().Unproven, 512)
}

// A neuron may list another's endpoint and certificate key as its own and wait to be paid for the other's answers. Callers say whom
// they mean, and a neuron that is not meant does not answer.
func TestCallsForAnotherNeuronAreRefused(t *testing.T) {
	n := start(t, &textServer{}, nil)
	call := func(to gotensor.Address) error {
		target := n.target
		target.Hotkey = to
		_, err := textv1.NewTextClient(n.client.To(target)).Predict(t.Context(), &textv1.PredictRequest{Contexts: [][]byte{{1}}})
		return err
	}
	require.NoError(t, call(testKey(t, "miner").Address()))
	require.NoError(t, call(gotensor.Address{}), "callers need not say")
	err := call(testKey(t, "mirror").Address())
	requireRefusal(t, err, codes.FailedPrecondition, synapse.ReasonOtherNeuron)
	require.ErrorIs(t, err, dendrite.ErrFailed)
	require.Equal(t, uint64(2), n.server.Stats().Served)
}

func TestRequestsForAnotherNeuronAreRefused(t *testing.T) {
	n := start(t, &textServer{}, func(c *axon.Config) { c.AllowAnonymous = true })
	for _, tc := range []struct {
		to   string
		want int
	}{
		{"", http.StatusOK},
		{keys.Account(testKey(t, "miner").Address()), http.StatusOK},
		{keys.Account(testKey(t, "mirror").Address()), http.StatusBadRequest},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+n.target.Addr.String()+predictPath, strings.NewReader("{}"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		if tc.to != "" {
			req.Header.Set(synapse.HTTPTarget, tc.to)
		}
		res, err := httpClient(t).Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, tc.want, res.StatusCode, tc.to)
	}
}
