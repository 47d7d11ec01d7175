package logbook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/logbook"
)

func TestBook(t *testing.T) {
	var b logbook.Book
	b.Logger().Info("hello", "n", 1)
	b.Logger().Warn("hello again")
	require.Equal(t, 2, b.Count("hello"))
	require.Contains(t, b.String(), "n=1")
	require.Zero(t, b.Count("goodbye"))
}
