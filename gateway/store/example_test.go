package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway/store"
)

// A key is made, its secret is shown once, and whoever presents it is known by its hash.
func Example() {
	dir, err := os.MkdirTemp("", "gateway")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := store.Open(ctx, filepath.Join(dir, "gateway.db"))
	if err != nil {
		panic(err)
	}
	defer db.Close()

	secret := store.NewSecret()
	err = db.AddKey(ctx, store.NewKey(secret, gotensor.Address{1}, "laptop", time.Now()), 0)
	if err != nil {
		panic(err)
	}
	presented, err := store.ParseSecret(secret.Reveal())
	if err != nil {
		panic(err)
	}
	key, err := db.KeyByHash(ctx, presented.Hash())
	fmt.Println(key.Name, key.Live(time.Now()), secret, err)
	// Output: laptop true [redacted] <nil>
}
