package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tree calls f for every command that people see.
func tree(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" && sub.Name() != "completion" {
			tree(sub, f)
		}
	}
}

func commands() *cobra.Command {
	a := &app{Streams: Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Getenv: func(string) string { return "" }}}
	return a.root()
}

func TestEveryCommandIsDocumented(t *testing.T) {
	leaves := 0
	tree(commands(), func(c *cobra.Command) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			assert.NotEmpty(t, c.Short)
			assert.False(t, strings.HasSuffix(c.Short, "."), "Short is a title")
			c.Flags().VisitAll(func(f *pflag.Flag) { assert.NotEmpty(t, f.Usage, "flag --%s", f.Name) })
			if c.HasSubCommands() {
				return
			}
			leaves++
			assert.NotEmpty(t, c.Long, "what it does")
			assert.NotEmpty(t, c.Example)
			assert.Contains(t, c.Example, c.CommandPath(), "the example shows the command itself")
			assert.NotNil(t, c.Args, "positional arguments are checked")
		})
	})
	require.GreaterOrEqual(t, leaves, 20)
}

// The help of each command is committed, so that a change of a flag or of a sentence is seen in review. Run the tests of this package
// with -update after a change.
func TestHelpGolden(t *testing.T) {
	write := false
	for _, arg := range os.Args {
		write = write || arg == "-update"
	}
	tree(commands(), func(c *cobra.Command) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			var out, errs bytes.Buffer
			args := slices.Concat(strings.Fields(c.CommandPath())[1:], []string{"--help"})
			code := Main(context.Background(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
			require.Equal(t, ExitOK, code)
			require.Empty(t, errs.String())
			path := filepath.Join("testdata", "help", strings.ReplaceAll(c.CommandPath(), " ", "_")+".txt")
			if write {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, out.Bytes(), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "run `go test ./cli -run TestHelpGolden -update`")
			require.Equal(t, string(want), out.String())
		})
	})
}
