package types_test

import (
	"fmt"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/neuron/types"
)

func ExampleAppointBytes() {
	fmt.Printf("%q\n", types.AppointBytes("localnet-1", gotensor.Address{0xaa}, 1)[:20])
	fmt.Println(len(types.AppointBytes("localnet-1", gotensor.Address{0xaa}, 1)), "bytes")
	// Output:
	// "\x19gotensor message\n\x13g"
	// 71 bytes
}
