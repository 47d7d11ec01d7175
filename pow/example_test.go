package pow_test

import (
	"fmt"

	"github.com/gotensor/gotensor/pow"
)

// A newcomer searches for a nonce; the chain checks it.
func Example() {
	challenge := pow.Challenge{ChainID: "gotensor-1", NetUID: 1}
	solution, err := pow.Solver{Workers: 1}.Solve(nil, challenge, 1000, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("nonce", solution.Nonce)
	fmt.Println("valid:", challenge.Verify(solution.Nonce, 1000) == nil)
	fmt.Printf("the network works at %d hashes per second\n", pow.HashRate(1000, 30, 10_000))
	// Output:
	// nonce 583
	// valid: true
	// the network works at 3000 hashes per second
}

// At three times the wanted registrations the difficulty doubles.
func ExampleAdjustment_Next() {
	adjustment := pow.Adjustment{Target: 2, Min: 1000, Max: 1 << 62}
	fmt.Println(adjustment.Next(10_000_000, 6))
	// Output: 20000000
}
