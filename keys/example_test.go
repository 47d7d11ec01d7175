package keys_test

import (
	"fmt"
	"os"

	"github.com/gotensor/gotensor/keys"
)

// Words become a coldkey on disk; a signature by it is checked with the public part alone.
func Example() {
	dir, err := os.MkdirTemp("", "wallets")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	words, err := keys.ParseMnemonic("test test test test test test test test test test test junk")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := words.Derive(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	store := keys.NewStore(dir, keys.WithWorkFactor(4)) // weak, so that the example is quick
	public, err := store.CreateColdkey("alice", key, "correct horse")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(keys.Account(public.Address), public.Address)

	opened, err := store.Coldkey("alice", "correct horse")
	if err != nil {
		fmt.Println(err)
		return
	}
	sig, err := opened.Sign("example/v1", []byte("hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("valid:", keys.Verify(public.PublicKey, "example/v1", []byte("hello"), sig) == nil)
	fmt.Println("secrets print as", words, opened)
	// Output:
	// tao17w0adeg64ky0daxwd2ugyuneellmjgnxfjmua9 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266
	// valid: true
	// secrets print as [redacted] [redacted]
}
