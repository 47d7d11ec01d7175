package home_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/internal/home"
)

func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := home.Lock(dir)
	require.NoError(t, err)
	_, err = home.Lock(dir)
	require.ErrorIs(t, err, home.ErrInUse)
	require.ErrorContains(t, err, dir)
	unlock()
	unlock, err = home.Lock(dir)
	require.NoError(t, err)
	unlock()
	_, err = home.Lock(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"old", "new"} {
		require.NoError(t, home.Write(path, []byte(text), 0o600))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(data))
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left beside it")

	err = home.Write(filepath.Join(path, "below a file"), nil, 0o600)
	require.ErrorContains(t, err, "below a file")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(data))
}
