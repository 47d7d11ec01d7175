package validator_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/validator"
)

// Whoever lends stake to a validator wants to know whether it can be lost.
func ExampleRisk() {
	node, err := fakenode.Start("127.0.0.1:0", fakenode.Sample())
	if err != nil {
		panic(err)
	}
	defer node.Stop()
	client, err := chain.Dial(node.Addr(), chain.Options{})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	says := validator.Risk(ctx, client, 1, fakenode.Addr("judge"))
	fmt.Println(strings.ReplaceAll(says, keys.Operator(fakenode.Addr("north")), "north"))
	fmt.Println(validator.Risk(ctx, client, 1, fakenode.Addr("miner-1")))
	// Output:
	// not at risk: north does not produce blocks, and nothing else is slashed
	// none: no staking validator has appointed this hotkey
}
