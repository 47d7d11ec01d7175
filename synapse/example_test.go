package synapse_test

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/synapse"
)

// A proof names the server it is for and serves once.
func Example() {
	hotkey, err := keys.NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		fmt.Println(err)
		return
	}
	certificate, err := synapse.NewCertificate(time.Now())
	if err != nil {
		fmt.Println(err)
		return
	}
	pin, err := synapse.SPKIHash(&certificate) // what the chain lists
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := synapse.NewVerifier("gotensor-1", time.Now)
	if err != nil {
		fmt.Println(err)
		return
	}
	proof, err := synapse.ProveFresh(hotkey, "gotensor-1", synapse.Stamp{SPKI: pin, Time: time.Now(), Nonce: [16]byte{1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	caller, err := server.Connection(proof, synapse.Channel{SPKI: pin})
	fmt.Println(caller.Address == hotkey.Address(), err)
	_, err = server.Connection(proof, synapse.Channel{SPKI: pin})
	fmt.Println(errors.Is(err, synapse.ErrProofReplayed))
	// Output:
	// true <nil>
	// true
}
