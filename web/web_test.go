package web

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestSite(t *testing.T) {
	page := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for _, c := range []struct {
		name string
		all  fs.FS
		want string
	}{
		{"not built", fstest.MapFS{"dist/.gitkeep": page(""), "placeholder/index.html": page("make web")}, "make web"},
		{"built", fstest.MapFS{"dist/index.html": page("app"), "placeholder/index.html": page("make web")}, "app"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := fs.ReadFile(site(c.all), "index.html")
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))
		})
	}
}

func TestPlaceholder(t *testing.T) {
	text, err := fs.ReadFile(files, "placeholder/index.html")
	require.NoError(t, err)
	require.Contains(t, string(text), "make web")
	require.NotContains(t, string(text), "//", "it asks no other host for anything")
}
