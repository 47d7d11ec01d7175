package vectors

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree makes files below a new folder and returns it; a name that ends in a slash makes a folder.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		path := filepath.Join(root, filepath.FromSlash(name))
		if name[len(name)-1] == '/' {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
	}
	return root
}

func TestFind(t *testing.T) {
	root := tree(t, "test/vectors/yuma/a.json", "test/vectors/math/README.md", "other/yuma/b.json", "other/gain/", "none/weights/a.json", "file/yuma")
	for _, tc := range []struct {
		name, env, set string
		want           string // below root
		err            string
	}{
		{name: "committed", set: "yuma", want: "test/vectors/yuma"},
		{name: "committed but empty", set: "math", err: "holds no .json"},
		{name: "committed but absent", set: "gain", err: "holds no .json"},
		{name: "unknown set", set: "pow", err: `no set is called "pow"`},
		{name: "relative to the root", env: "other", set: "yuma", want: "other/yuma"},
		{name: "absolute", env: filepath.Join(root, "other"), set: "yuma", want: "other/yuma"},
		{name: "empty subfolder", env: "other", set: "gain", err: "holds no .json"},
		{name: "absent subfolder", env: "other", set: "scoring", err: "holds no scoring/ (it holds yuma, gain)"},
		{name: "none of the sets", env: "none", set: "yuma", err: "holds none of the folders"},
		{name: "no such folder", env: "nowhere", set: "yuma", err: "holds none of the folders"},
		{name: "a file is no set", env: "file", set: "yuma", err: "holds none of the folders"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := find(root, tc.env, tc.set)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				require.Equal(t, tc.name == "absent subfolder", errors.Is(err, errAbsent))
				return
			}
			require.NoError(t, err)
			require.Equal(t, filepath.Join(root, filepath.FromSlash(tc.want)), got)
		})
	}
}

func TestDirSkipsAnAbsentSetByName(t *testing.T) {
	t.Setenv(Env, tree(t, "gain/a.json"))
	require.False(t, Committed())
	var skipped bool
	t.Run("math", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		Dir(t, "math")
		t.Error("not skipped")
	})
	require.True(t, skipped)
	require.DirExists(t, Dir(t, "gain"))
}

func TestCommitted(t *testing.T) {
	t.Setenv(Env, "")
	require.True(t, Committed())
}

func TestModuleRoot(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(root, "units.go"))
	t.Chdir(os.TempDir())
	_, err = moduleRoot()
	require.ErrorContains(t, err, "no go.mod")
}
