package custom_test

import (
	"net"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/port"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// The templates judge each other: the validator's half of one asks miners of both, a strong and a weak one of each.
func TestTemplates(t *testing.T) {
	programs := map[string][]string{"python": {"python3", "../../templates/plugin-python/plugin.py"}, "go": {buildTemplate(t)}}
	var neurons []metagraph.Neuron
	for _, language := range []string{"go", "python"} {
		for _, limit := range []string{"64", "30"} {
			neurons = append(neurons, running(t, gotensor.UID(len(neurons)), serve(t, startTemplate(t, programs[language], "--limit", limit))))
		}
	}
	for language, program := range programs {
		t.Run(language, func(t *testing.T) {
			j := newJudge(t, startTemplate(t, program), nil)
			require.NoError(t, j.Round(t.Context(), newAsker(t), mechanism.Period{}, neurons))
			row, err := j.Weights(graph(t, neurons...))
			require.NoError(t, err)
			require.Greater(t, row.Weights[0], row.Weights[1], "the strong Go plug-in over the weak one")
			require.Greater(t, row.Weights[2], row.Weights[3], "the strong Python plug-in over the weak one")
			require.Positive(t, row.Weights[1])
			require.Positive(t, row.Weights[3])
		})
	}
}

func buildTemplate(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/plugin"
	out, err := exec.Command("go", "build", "-o", path, "../../templates/plugin-go").CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	return path
}

func startTemplate(t *testing.T, program []string, args ...string) string {
	t.Helper()
	free, err := port.Free(1)
	require.NoError(t, err)
	_, at, err := net.SplitHostPort(free[0])
	require.NoError(t, err)
	cmd := exec.Command(program[0], append(program[1:len(program):len(program)], append(args, "--port", at)...)...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	return "http://" + free[0]
}
