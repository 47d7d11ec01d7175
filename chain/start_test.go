package chain_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
)

// begin starts a fake node with the sample world, changed, and a client of it.
func begin(t *testing.T, opts chain.Options, change func(*fakenode.World)) (*fakenode.Node, *chain.Client) {
	t.Helper()
	w := fakenode.Sample()
	if change != nil {
		change(w)
	}
	n, err := fakenode.Start("127.0.0.1:0", w)
	require.NoError(t, err)
	t.Cleanup(n.Stop)
	return n, dial(t, n.Addr(), opts)
}

func dial(t *testing.T, addr string, opts chain.Options) *chain.Client {
	t.Helper()
	c, err := chain.Dial(addr, opts)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// bounded is a context that no test outlives.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
