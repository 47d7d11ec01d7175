package axon_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gotensor/gotensor/axon"
	axonv1 "github.com/gotensor/gotensor/proto/gotensor/axon/v1"
	textv1 "github.com/gotensor/gotensor/proto/gotensor/text/v1"
	"github.com/gotensor/gotensor/synapse"
)

// A neuron answers JSON without a proof only if its operator allows it.
func Example() {
	certificate, err := synapse.NewCertificate(time.Now())
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := axon.New(axon.Config{
		ChainID:        "gotensor-1",
		Certificate:    certificate,
		Callers:        &registry{},
		AllowAnonymous: true,
		Info:           &axonv1.InfoResponse{Netuid: 1, Mechanism: "text", Model: "parrot"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server.Register(&textv1.Text_ServiceDesc, parrot{})
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, lis) }()

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // curl -k
	url := "https://" + lis.Addr().String() + "/gotensor.text.v1.Text/Predict"
	res, err := client.Post(url, "application/json", bytes.NewBufferString(`{"contexts":["aGVsbG8="]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	fmt.Println(res.Status, len(body) > 0, err)
	client.CloseIdleConnections()
	cancel()
	fmt.Println(<-done)
	// Output:
	// 200 OK true <nil>
	// <nil>
}
