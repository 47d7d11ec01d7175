package keeper

import (
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/neuron/types"
)

// verifyHotkey checks that a hotkey signed some bytes: the key is the hotkey's, and the signature r | s over the keccak256 hash of the bytes
// is valid with a low s. It fails with types.ErrSignature. The algorithm is that of the accounts' eth_secp256k1 keys (tested against
// cosmos/evm), without their second try as an EIP-712 transaction.
func verifyHotkey(hotkey gotensor.Address, publicKey, signed, sig []byte) error {
	bad := func(why string) error {
		return fmt.Errorf("%s: sign %d bytes for this chain with the key of %s: %w", why, len(signed), addr.FormatAccount(hotkey), types.ErrSignature)
	}
	if len(publicKey) != types.PublicKeyLen {
		return bad(fmt.Sprintf("hotkey_public_key has %d bytes, want %d", len(publicKey), types.PublicKeyLen))
	}
	key, err := secp256k1.ParsePubKey(publicKey)
	if err != nil {
		return bad("hotkey_public_key: " + err.Error())
	}
	if got := keyAddress(key); got != hotkey {
		return bad("hotkey_public_key belongs to " + addr.FormatAccount(got))
	}
	if len(sig) != types.SignatureLen && len(sig) != types.SignatureLen+1 {
		return bad(fmt.Sprintf("hotkey_signature has %d bytes, want %d", len(sig), types.SignatureLen))
	}
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:types.SignatureLen]) || r.IsZero() || s.IsZero() || s.IsOverHalfOrder() {
		return bad("hotkey_signature is out of range")
	}
	if !ecdsa.NewSignature(&r, &s).Verify(keccak256(signed), key) {
		return bad("hotkey_signature was not made by this key for this message")
	}
	return nil
}

func keyAddress(key *secp256k1.PublicKey) gotensor.Address {
	return gotensor.Address(keccak256(key.SerializeUncompressed()[1:])[12:])
}

func keccak256(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}
