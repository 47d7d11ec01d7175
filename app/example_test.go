package app_test

import (
	"fmt"
	"time"

	"github.com/gotensor/gotensor/app"
	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/testnet"
)

// A specification of who holds what becomes the genesis file that a node starts from.
func ExampleGenesis() {
	alice, hotkey := testnet.NewKey("alice"), testnet.NewKey("alice-hot")
	g, err := app.Genesis(genesis.Localnet(genesis.LocalnetOptions{
		ChainID: "gotensor-local", GenesisTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Validators: []genesis.Validator{alice.Validator(1000*genesis.OneTAO, true, &hotkey)},
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.ChainID, g.InitialHeight, g.Consensus.Params.Block.MaxBytes)
	// Output: gotensor-local 1 8388608
}
