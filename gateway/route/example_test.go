package route_test

import (
	"context"
	"fmt"
	"net/netip"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/gateway/route"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

func Example() {
	graph, err := metagraph.New(metagraph.Info{NetUID: 1, Height: 42}, []metagraph.Neuron{{
		Hotkey: gotensor.Address{1}, Incentive: 65535, Endpoint: metagraph.Endpoint{Addr: netip.MustParseAddrPort("192.0.2.7:8091")},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	seen := make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	router, err := route.New(route.Config{
		NetUID: 1,
		Follow: func(ctx context.Context, fn func(*metagraph.Metagraph) error) error { // chain.Client.Follow in a gateway
			if err := fn(graph); err != nil {
				return err
			}
			close(seen)
			<-ctx.Done()
			return ctx.Err()
		},
		Dial: func(dendrite.Target) grpc.ClientConnInterface { return conn{&miner{do: answers(0)}} }, // dendrite.Client.To
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- router.Run(ctx) }()
	<-seen

	text, lease, err := mechanism.Open(ctx, router, mechanism.Ask{Model: "uid-0"}, func(ctx context.Context, p mechanism.Peer, conn grpc.ClientConnInterface) (string, error) {
		var text string
		err := conn.Invoke(ctx, "/example.Example/Ask", nil, &text)
		return text, err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	lease.Done(nil)
	fmt.Println(text, "of uid", lease.Peer().UID, "after asking", lease.Tried())
	stop()
	fmt.Println(<-ended)
	// Output:
	// piece of uid 0 after asking 1
	// <nil>
}
