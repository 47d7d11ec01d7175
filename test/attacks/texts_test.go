//go:build attacks

package attacks

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/dataset"
)

// texts writes what validators ask about and returns the files: the embedded books, which attackers know, and the prose of this project's documents,
// which nobody in the cast was trained on.
func (n *network) texts(t *testing.T) []string {
	t.Helper()
	contents := map[string][]byte{}
	books, err := dataset.Embedded()
	require.NoError(t, err)
	for _, s := range books {
		contents[s.Name()] = bytes.Join(s.Passages(), nil)
	}
	documents, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	require.NoError(t, err)
	for _, file := range documents {
		markdown, err := os.ReadFile(file)
		require.NoError(t, err)
		contents["documents"] = append(contents["documents"], prose(string(markdown))...)
	}
	require.Greater(t, len(contents["documents"]), dataset.MinText)
	require.NoError(t, os.Mkdir(n.path("texts"), 0o755))
	var files []string
	for _, name := range []string{"opticks", "sawyer", "documents"} {
		files = append(files, n.path("texts", name+".txt"))
		require.NoError(t, os.WriteFile(files[len(files)-1], contents[name], 0o600))
	}
	return files
}

var (
	noProse = regexp.MustCompile("^(#|\\||>|<|---|    |\\t|!\\[|\\$\\$)")
	link    = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	bullet  = regexp.MustCompile(`^\s*([-*+]|[0-9]+\.)\s+`)
	marks   = regexp.MustCompile("[*_`]+")
)

// prose is the running text of a Markdown file: a paragraph or an item of a list a line, without headings, tables, code, marks and targets of links.
func prose(markdown string) string {
	var out strings.Builder
	code := false
	var line []string
	end := func() {
		if len(line) > 0 {
			out.WriteString(strings.Join(line, " ") + "\n")
		}
		line = nil
	}
	for l := range strings.Lines(markdown) {
		l = strings.TrimRight(l, "\r\n")
		if strings.HasPrefix(strings.TrimSpace(l), "```") {
			code = !code
			end()
			continue
		}
		if code || strings.TrimSpace(l) == "" || noProse.MatchString(l) {
			end()
			continue
		}
		if bullet.MatchString(l) {
			end()
			l = bullet.ReplaceAllString(l, "")
		}
		text := marks.ReplaceAllString(link.ReplaceAllString(l, "$1"), "")
		line = append(line, strings.Fields(text)...)
	}
	end()
	return out.String()
}
