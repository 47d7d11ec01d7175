package port_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/port"
)

func TestFree(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		addrs, err := port.Free(3)
		require.NoError(t, err)
		require.Len(t, addrs, 3)
		for _, a := range addrs {
			require.False(t, seen[a], "%s was given twice", a)
			seen[a] = true
			l, err := net.Listen("tcp", a)
			require.NoError(t, err)
			defer l.Close()
			require.Less(t, l.Addr().(*net.TCPAddr).Port, 32768, "a port that connections may take")
		}
	}
}

func TestFreeSkipsTaken(t *testing.T) {
	// All ports but those somebody has: what is asked for cannot be had.
	_, err := port.Free(20_000)
	require.ErrorIs(t, err, port.ErrNone)
	require.ErrorContains(t, err, "of the 20000 asked for")
	_, err = port.Free(1)
	require.NoError(t, err, "what could not be had takes nothing")
}
