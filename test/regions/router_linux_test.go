package regions_test

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/test/regions"
)

func start(t *testing.T, cfg regions.Config) *regions.Net {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("no TUN device on this machine")
	}
	n, err := regions.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// TestRoundTripAndLoss checks the network that the measurements stand on: connections take the round trip, and a megabyte arrives
// whole in spite of losses.
func TestRoundTripAndLoss(t *testing.T) {
	const trip = 60 * time.Millisecond
	n := start(t, regions.Config{Regions: 2, Loss: 0.01, Seed: 7, RoundTrip: func(a, b int) time.Duration {
		if a == b {
			return 0
		}
		return trip
	}})
	lis, err := n.Listen(0, n.Addr(0).String()+":0")
	require.NoError(t, err)
	defer lis.Close()
	sent := make([]byte, 1<<20)
	for i := range sent {
		sent[i] = byte(i * 7)
	}
	served := make(chan error, 1)
	go func() {
		served <- func() error {
			c, err := lis.Accept()
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write(sent)
			return err
		}()
	}()
	began := time.Now()
	c, err := n.Dial(t.Context(), 1, lis.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	require.GreaterOrEqual(t, time.Since(began), trip, "a handshake cannot be quicker than the round trip")
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, sent, got)
	require.NoError(t, <-served)

	_, err = n.Dial(t.Context(), 1, net.JoinHostPort(n.Addr(0).String(), "1"))
	require.Error(t, err, "nobody listens there")
}
