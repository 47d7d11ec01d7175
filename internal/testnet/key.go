package testnet

import (
	"crypto/sha256"

	"github.com/cosmos/evm/crypto/ethsecp256k1"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/app"
	"github.com/gotensor/gotensor/genesis"
)

// Key is an account's key. Keys made from the same name are the same, so that tests are exact.
type Key struct {
	Name    string
	Private *ethsecp256k1.PrivKey
}

// NewKey makes the key of a name.
func NewKey(name string) Key {
	app.Setup()
	seed := sha256.Sum256([]byte("gotensor/testnet/key/" + name))
	return Key{Name: name, Private: &ethsecp256k1.PrivKey{Key: seed[:]}}
}

// Account is the key's address in the SDK's type.
func (k Key) Account() sdk.AccAddress { return sdk.AccAddress(k.Private.PubKey().Address()) }

// Address is the key's address.
func (k Key) Address() gotensor.Address { return gotensor.Address(k.Account()) }

// String is the bech32 address, "tao1...".
func (k Key) String() string { return k.Account().String() }

// Operator is the address of the staking validator that the key operates, "taovaloper1...".
func (k Key) Operator() sdk.ValAddress { return sdk.ValAddress(k.Account()) }

// ConsensusKey is an ed25519 public key of the name, 32 bytes; nobody knows its private half.
func ConsensusKey(name string) []byte {
	sum := sha256.Sum256([]byte("gotensor/testnet/consensus/" + name))
	return sum[:]
}

// Validator is a genesis validator that the key operates, with its consensus key and, where hotkey is given, its appointment.
func (k Key) Validator(stake genesis.TAO, producer bool, hotkey *Key) genesis.Validator {
	v := genesis.Validator{
		Moniker: k.Name, Operator: k.String(), ConsensusPubKey: ConsensusKey(k.Name), Stake: stake, Producer: producer,
	}
	if hotkey != nil {
		v.Hotkey = hotkey.String()
	}
	return v
}
