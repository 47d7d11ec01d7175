package miner_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/miner"
)

// A key that owns nothing takes a uid by proof of work.
func ExampleRegister() {
	world := fakenode.Sample()
	world.Difficulty = 16
	node, err := fakenode.Start("127.0.0.1:0", world)
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

	err = miner.Register(ctx, miner.Registration{
		Chain: client, Key: fakenode.Key("newcomer"), Coldkey: fakenode.Addr("cold"), NetUID: 1,
		Progress: func(w miner.Work) {
			if w.Done {
				fmt.Println("uid", w.UID, "for an expected", w.Difficulty, "hashes")
			}
		},
	})
	fmt.Println(err)
	// Output:
	// uid 4 for an expected 16 hashes
	// <nil>
}
