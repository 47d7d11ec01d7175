// Command gotensord is a node of the chain: it keeps the state, checks transactions and, where its key belongs to a producer,
// makes blocks. What people do with the network (wallets, mining, validating) is in the other binary, gotensor.
//
// Flow: `gotensord init` makes keys and configuration, `gotensord genesis make` the genesis file from a specification,
// `gotensord start` runs. Start at rootCmd.
package main

import (
	"context"
	"fmt"
	"os"

	servercmd "github.com/cosmos/cosmos-sdk/server/cmd"

	"github.com/gotensor/gotensor/app"
)

func main() {
	app.Setup()
	if err := rootCmd().ExecuteContext(servercmd.CreateExecuteContext(context.Background())); err != nil {
		fmt.Fprintln(os.Stderr, "gotensord:", err)
		os.Exit(1)
	}
}
