package types_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/x/producer/types"
)

// TestReadmeParams keeps the table of parameters in the README true.
func TestReadmeParams(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	row := fmt.Sprintf("| `max_producers` | %d | %d..%d |", types.DefaultParams().MaxProducers, types.MinMaxProducers, types.MaxMaxProducers)
	require.Contains(t, string(readme), row)
}

func ExampleParams_Validate() {
	fmt.Println(types.DefaultParams().Validate())
	fmt.Println(types.Params{MaxProducers: 0}.Validate())
	// Output:
	// <nil>
	// invalid producer parameters: max_producers is 0, want 1..200
}
