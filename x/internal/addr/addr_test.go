package addr_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
)

func TestRefusedAddresses(t *testing.T) {
	good := addr.FormatAccount(gotensor.Address{7})
	for name, s := range map[string]string{
		"empty":     "",
		"validator": addr.FormatValidator(gotensor.Address{7}),
		"capitals":  strings.ToUpper(good),
		"checksum":  good[:len(good)-1] + "b",
		"long":      "tao1" + strings.Repeat("q", 200),
		"other":     "cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := addr.Account(s)
			require.ErrorIs(t, err, addr.ErrInvalid)
		})
	}
	_, err := addr.Validator(good)
	require.ErrorIs(t, err, addr.ErrInvalid)
}

func FuzzAccount(f *testing.F) {
	f.Add(addr.FormatAccount(gotensor.Address{1, 2, 3}))
	f.Add("tao1")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := addr.Account(s)
		if err != nil {
			require.ErrorIs(t, err, addr.ErrInvalid)
			return
		}
		require.Equal(t, s, addr.FormatAccount(a), "one address has one spelling")
		v, err := addr.Validator(addr.FormatValidator(a))
		require.NoError(t, err)
		require.Equal(t, a, v)
	})
}

func ExampleFormatAccount() {
	a := gotensor.Address{1, 2, 3}
	fmt.Println(addr.FormatAccount(a))
	fmt.Println(addr.FormatValidator(a))
	// Output:
	// tao1qypqxqqqqqqqqqqqqqqqqqqqqqqqqqqqdakth7
	// taovaloper1qypqxqqqqqqqqqqqqqqqqqqqqqqqqqqqqexr4s
}
