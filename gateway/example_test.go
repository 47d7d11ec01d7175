package gateway_test

import (
	"fmt"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway"
	"github.com/gotensor/gotensor/keys"
)

// What a wallet signs to get an API key can be read by whoever is asked to sign it.
func ExampleLogin() {
	l := gateway.Login{
		Gateway: "https://gw.example", ChainID: "gotensor-1", Account: gotensor.Address{19: 1}, Name: "laptop", Requests: 60,
		Time: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC),
	}
	fmt.Println(l.Text())
	key, err := keys.NewPrivateKey(append(make([]byte, 31), 1))
	if err != nil {
		panic(err)
	}
	signature, err := key.Sign(gateway.LoginTag, []byte(l.Text()))
	fmt.Println(len(signature), err)
	// Output:
	// Make an API key for a gotensor gateway.
	// gateway: https://gw.example
	// chain: gotensor-1
	// account: tao1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqpy65yv2
	// name: laptop
	// requests-per-minute: 60
	// tokens-per-minute: 0
	// days: 0
	// time: 2026-01-02T12:00:00Z
	// nonce: 00000000000000000000000000000000
	// 65 <nil>
}

// More stake, more bandwidth: an account's limits grow with it.
func ExampleScale() {
	for _, stake := range []gotensor.Rao{0, gotensor.RaoPerTAO, 100 * gotensor.RaoPerTAO, gotensor.MaxSupply} {
		fmt.Println(stake, gateway.DefaultRequests.Of(stake), "requests a minute")
	}
	// Output:
	// 0.000000000 TAO 60 requests a minute
	// 1.000000000 TAO 66 requests a minute
	// 100.000000000 TAO 660 requests a minute
	// 21000000.000000000 TAO 60000 requests a minute
}
