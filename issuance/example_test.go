package issuance_test

import (
	"fmt"
	"time"

	"github.com/gotensor/gotensor/issuance"
)

// A block of two seconds mints a sixth of a TAO. Producers get 5 %, the community pool 2 %, subnets the rest.
func ExampleMint() {
	block := issuance.Nanos(2 * time.Second)
	minted, next := issuance.Mint(issuance.State{}, block, block)
	parts, subnets, err := issuance.Split(minted, 50_000, 20_000)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("minted", minted, "carried ns", int64(next.Spare))
	fmt.Println("producers", parts[0])
	fmt.Println("pool", parts[1])
	fmt.Println("subnets", subnets)
	// Output:
	// minted 0.166666666 TAO carried ns 8
	// producers 0.008333333 TAO
	// pool 0.003333333 TAO
	// subnets 0.155000000 TAO
}
