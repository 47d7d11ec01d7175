package axon_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/axon"
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
