package custom_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/mechanism/custom"
)

// The guide's table of settings is that of the code, and the templates are as short as promised.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guide-subnet.md")
	require.NoError(t, err)
	d := custom.DefaultSettings()
	for name, value := range map[string]any{
		"round_ms": d.RoundMs, "deadline_ms": d.DeadlineMs, "power": d.Power, "requests": d.Requests, "input_bytes": d.InputBytes, "output_bytes": d.OutputBytes,
	} {
		require.Contains(t, string(guide), fmt.Sprintf("| `%s` | %v | ", name, value))
	}
	for _, path := range []string{"../../templates/plugin-go/main.go", "../../templates/plugin-python/plugin.py"} {
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		lines := 0
		for _, c := range source {
			if c == '\n' {
				lines++
			}
		}
		require.Less(t, lines, 100, path)
	}
}
