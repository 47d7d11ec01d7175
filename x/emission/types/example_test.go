package types_test

import (
	"fmt"

	"github.com/gotensor/gotensor/x/emission/types"
)

// The dividends of a period of 2161 blocks reach the delegators block by block.
func ExampleStream_Earned() {
	stream := types.Stream{Total: 1_000_000_000, Start: 2161, End: 4322, Settled: 400_000_000}
	for _, height := range []int64{2161, 2162, 3241, 4322} {
		fmt.Println(height, stream.Earned(height), stream.Due(height))
	}
	// Output:
	// 2161 0 0
	// 2162 462748 0
	// 3241 499768625 99768625
	// 4322 1000000000 600000000
}
