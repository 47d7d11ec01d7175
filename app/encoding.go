package app

import (
	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	"github.com/cosmos/cosmos-sdk/std"
	signingtypes "github.com/cosmos/cosmos-sdk/types/tx/signing"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/gotensor/gotensor"
)

// Encoding is how the chain reads and writes messages, state and transactions.
type Encoding struct {
	Registry codectypes.InterfaceRegistry
	Codec    codec.Codec
	Amino    *codec.LegacyAmino
	TxConfig client.TxConfig
}

// newEncoding knows the SDK's own types and eth_secp256k1 keys; modules add theirs. Transactions are signed in direct mode only: what
// is signed is the bytes that are sent.
func newEncoding() (Encoding, error) {
	Setup()
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: signing.Options{
			AddressCodec:          address.NewBech32Codec(gotensor.Bech32Prefix),
			ValidatorAddressCodec: address.NewBech32Codec(gotensor.Bech32Prefix + "valoper"),
		},
	})
	if err != nil {
		return Encoding{}, err
	}
	e := Encoding{Registry: registry, Codec: codec.NewProtoCodec(registry), Amino: codec.NewLegacyAmino()}
	std.RegisterLegacyAminoCodec(e.Amino)
	std.RegisterInterfaces(registry)
	registry.RegisterImplementations((*cryptotypes.PubKey)(nil), &ethsecp256k1.PubKey{})
	registry.RegisterImplementations((*cryptotypes.PrivKey)(nil), &ethsecp256k1.PrivKey{})
	e.TxConfig = authtx.NewTxConfig(e.Codec, []signingtypes.SignMode{signingtypes.SignMode_SIGN_MODE_DIRECT})
	return e, nil
}
