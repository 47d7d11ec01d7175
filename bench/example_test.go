package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/axon"
	"github.com/gotensor/gotensor/bench"
	"github.com/gotensor/gotensor/dendrite"
	"github.com/gotensor/gotensor/keys"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	"github.com/gotensor/gotensor/synapse"
)

// Four askers ask one neuron for what it is, for a fifth of a second.
func ExampleRun() {
	target, hotkey, stop, err := exampleNeuron()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	client, err := dendrite.New(dendrite.Config{ChainID: "example-1", Signer: hotkey})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	report, err := bench.Run(context.Background(), bench.Config{
		Callers: []bench.Caller{{Name: "me", Client: client}},
		Neurons: []bench.Neuron{{UID: 7, Target: target}},
		Call: func(ctx context.Context, conn grpc.ClientConnInterface, _ bench.Neuron) (out, in int, err error) {
			_, err = axonv1.NewAxonClient(conn).Info(ctx, &axonv1.InfoRequest{})
			return 0, 0, err
		},
		Concurrency: 4, Duration: 200 * time.Millisecond, Deadline: 12 * time.Second, Every: 50 * time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	me := report.Callers[0]
	fmt.Println(me.Name, "got answers:", me.QueriesPerSecond > 0)
	fmt.Println("success rate", me.SuccessRate, "from uid", me.Neurons[0].UID)
	// Output:
	// me got answers: true
	// success rate 1 from uid 7
}

// exampleNeuron serves nothing but its description, to one key.
func exampleNeuron() (dendrite.Target, keys.PrivateKey, func(), error) {
	hotkey, err := keys.NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return dendrite.Target{}, hotkey, nil, err
	}
	cert, err := synapse.NewCertificate(time.Now())
	if err != nil {
		return dendrite.Target{}, hotkey, nil, err
	}
	server, err := axon.New(axon.Config{
		ChainID: "example-1", Certificate: cert, Callers: admits{hotkey.Address(): uint64(gotensor.RaoPerTAO)}, Policy: axon.PolicyBandwidth,
		Info: &axonv1.InfoResponse{},
	})
	if err != nil {
		return dendrite.Target{}, hotkey, nil, err
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return dendrite.Target{}, hotkey, nil, err
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
	return dendrite.Target{Addr: netip.MustParseAddrPort(lis.Addr().String()), Pin: server.SPKI()}, hotkey, stop, nil
}
