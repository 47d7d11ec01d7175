package types_test

import (
	"bytes"
	"fmt"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/weights/types"
)

// A validator gives uid 3 half the weight of uid 7 and hides it until the next period.
func ExamplePreimage_Hash() {
	row, err := types.EncodeRow([]types.Entry{{UID: 3, Value: 32767}, {UID: 7, Value: 65535}})
	if err != nil {
		fmt.Println(err)
		return
	}
	hash, err := types.Preimage{
		ChainID:          "gotensor-1",
		NetUID:           1,
		Hotkey:           gotensor.Address{19: 1},
		RegisteredHeight: 120,
		Epoch:            8,
		Row:              row,
		Salt:             bytes.Repeat([]byte{1}, types.SaltLen), // 32 random bytes in earnest
	}.Hash()
	fmt.Printf("%x %v\n", hash[:8], err)
	// Output: 3e11ab7bb4671148 <nil>
}
