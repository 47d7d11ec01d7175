package dendrite_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// A client asks two neurons at once; one of them is not there.
func Example() {
	target, stop, err := exampleNeuron()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	hotkey, err := keys.NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := dendrite.New(dendrite.Config{ChainID: "gotensor-1", Signer: hotkey})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	targets := []dendrite.Target{target, {}}
	answers := dendrite.Each(context.Background(), targets, 0, func(ctx context.Context, t dendrite.Target) (*textv1.PredictResponse, error) {
		return textv1.NewTextClient(client.To(t)).Predict(ctx, &textv1.PredictRequest{Contexts: [][]byte{[]byte("hello")}})
	})
	fmt.Printf("%s %v\n", answers[0].Value.GetPredictions()[0].GetArena(), answers[0].Err)
	fmt.Println(answers[1].Err != nil)
	// Output:
	// hello <nil>
	// true
}

func exampleNeuron() (dendrite.Target, func(), error) {
	certificate, err := synapse.NewCertificate(time.Now())
	if err != nil {
		return dendrite.Target{}, nil, err
	}
	server, err := axon.New(axon.Config{
		ChainID: "gotensor-1", Certificate: certificate, Callers: everyone{}, Policy: axon.PolicyProven,
	})
	if err != nil {
		return dendrite.Target{}, nil, err
	}
	server.Register(&textv1.Text_ServiceDesc, echo{})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return dendrite.Target{}, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, lis) }()
	stop := func() {
		cancel()
		if err := <-done; err != nil {
			fmt.Println(err)
		}
	}
	return dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: server.SPKI()}, stop, nil
}
