//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// officialClients lets OpenAI's own packages and an agent framework use the network, unmodified. They are installed by `make python node`.
func officialClients(t *testing.T, _ *suite, g *gate) {
	t.Helper()
	folder := filepath.Join("..", "clients")
	for _, c := range []struct{ name, program, script, needs string }{
		{"python", os.Getenv("GOTENSOR_PYTHON"), "live.py", "GOTENSOR_PYTHON, a Python with test/clients/requirements.txt"},
		{"node", "node", "live.mjs", "node, and test/clients/node_modules"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := exec.LookPath(c.program)
			if c.name == "node" && err == nil {
				_, err = os.Stat(filepath.Join(folder, "node_modules", "openai"))
			}
			if err != nil && os.Getenv("GOTENSOR_NEED_CLIENTS") == "" {
				t.Skip("needs " + c.needs)
			}
			require.NoError(t, err, "needs %s", c.needs)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, c.program, c.script)
			cmd.Dir, cmd.WaitDelay = folder, 5*time.Second
			for _, e := range os.Environ() { // neither a proxy nor somebody's own settings
				if name := strings.ToUpper(e[:strings.IndexByte(e+"=", '=')]); !strings.HasSuffix(name, "_PROXY") && !strings.HasPrefix(name, "OPENAI_") {
					cmd.Env = append(cmd.Env, e)
				}
			}
			cmd.Env = append(cmd.Env, "OPENAI_BASE_URL="+g.url+"/v1", "OPENAI_API_KEY=none", "OPENAI_AGENTS_DISABLE_TRACING=1")
			out, err := cmd.CombinedOutput()
			require.NoErrorf(t, err, "%s", out)
			require.Contains(t, string(out), "all well")
		})
	}
}
