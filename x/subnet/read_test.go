package subnet_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/x/subnet/types"
)

// asBlocks are the methods by which the chain reads a parameter, where it does not read the field.
var asBlocks = map[string]string{
	"Tempo":                "TempoBlocks",
	"ImmunityPeriod":       "ImmunityBlocks",
	"ServingRateLimit":     "ServingBlocks",
	"AdjustmentInterval":   "AdjustmentBlocks",
	"BurnHalfLife":         "HalfLifeBlocks",
	"ActivityCutoffFactor": "ActivityCutoffBlocks",
}

// A parameter that no module reads would promise what the chain does not do. That each changes behaviour is tested where it is read.
func TestEveryParameterIsReadByAModule(t *testing.T) {
	var code strings.Builder
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, ".pb.") {
			return err
		}
		if strings.HasPrefix(path, filepath.Join("..", "subnet", "types")) {
			return nil
		}
		b, err := os.ReadFile(path)
		code.Write(b)
		return err
	}))
	h := reflect.TypeFor[types.Hyperparameters]()
	for i := range h.NumField() {
		name := h.Field(i).Name
		if name == "TargetBlockMs" {
			continue
		}
		if m, ok := asBlocks[name]; ok {
			name = m
		}
		require.Regexp(t, `\.`+name+`\b`, code.String(), "no module reads %s", name)
	}
}

// The table of parameters in the README is that of the schema.
func TestREADMEListsTheSchema(t *testing.T) {
	b, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, line := range readmeRows() {
		require.Contains(t, string(b), line)
	}
	require.Equal(t, len(types.Schema()), strings.Count(string(b), "\n| `"), "rows of the table")
}
