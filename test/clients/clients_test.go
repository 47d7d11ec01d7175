package clients_test

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

// TestPython runs OpenAI's own package for Python.
func TestPython(t *testing.T) {
	python := pythonWith(t, "openai")
	g := start(t)
	out := run(t, g, python, "client.py")
	require.Equal(t, wanted(t, "client.py", "def test_"), strings.Count(out, "\nok ")+count(out), out)
	requireCancelled(t, g)
}

// TestAgents runs an agent framework with a tool call, whole and streamed.
func TestAgents(t *testing.T) {
	python := pythonWith(t, "agents")
	g := start(t)
	out := run(t, g, python, "agent.py")
	require.Contains(t, out, "whole: It is sunny in Paris.")
	require.Contains(t, out, "streamed: It is sunny in Paris.")
	require.GreaterOrEqual(t, g.net.served.Load(), int64(4), "two turns each")
}

// TestNode runs OpenAI's own package for Node.
func TestNode(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		absent(t, "there is no node")
	}
	if _, err := os.Stat(filepath.Join("node_modules", "openai")); err != nil {
		absent(t, "the package openai is not installed: run `make node`")
	}
	g := start(t)
	out := run(t, g, node, "client.mjs")
	require.Equal(t, wanted(t, "client.mjs", "test('"), strings.Count(out, "\nok ")+count(out), out)
	requireCancelled(t, g)
}

// count is 1 if the output begins with a test that went well.
func count(out string) int {
	if strings.HasPrefix(out, "ok ") {
		return 1
	}
	return 0
}

// wanted is how many tests a script has.
func wanted(t *testing.T, script, mark string) int {
	t.Helper()
	text, err := os.ReadFile(script)
	require.NoError(t, err)
	n := strings.Count(string(text), "\n"+mark)
	require.GreaterOrEqual(t, n, 8)
	return n
}

// absent skips a test whose client is not installed; in CI, where GOTENSOR_NEED_CLIENTS is set, it fails.
func absent(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("GOTENSOR_NEED_CLIENTS") != "" {
		require.FailNow(t, "a client is missing", why)
	}
	t.Skip(why)
}

func pythonWith(t *testing.T, module string) string {
	t.Helper()
	python := os.Getenv("GOTENSOR_PYTHON")
	if python == "" {
		absent(t, "GOTENSOR_PYTHON is not set")
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import "+module).Run(); err != nil {
		absent(t, python+" has no module "+module+": run `make python`")
	}
	return python
}

// run runs a client to its end; it fails if the client does.
func run(t *testing.T, g *gateway, program, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, script)
	cmd.WaitDelay = 5 * time.Second
	for _, e := range os.Environ() { // neither a proxy nor somebody's own settings
		if name := strings.ToUpper(e[:strings.IndexByte(e+"=", '=')]); !strings.HasSuffix(name, "_PROXY") && !strings.HasPrefix(name, "OPENAI_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, "OPENAI_BASE_URL="+g.url, "OPENAI_API_KEY=secret", "OPENAI_AGENTS_DISABLE_TRACING=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// requireCancelled waits until the miner saw that the client had given its call up.
func requireCancelled(t *testing.T, g *gateway) {
	t.Helper()
	select {
	case <-g.miner.cancelled:
	case <-time.After(10 * time.Second):
		require.Fail(t, "the miner still works for a client that is gone")
	}
}
