package app_test

import (
	"bytes"
	"strings"
	"testing"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/types/bech32"
	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
)

// TestKeysParity: package keys, which may not import cosmos/evm, derives, encodes and signs exactly as the chain does.
func TestKeysParity(t *testing.T) {
	words, err := keys.ParseMnemonic(strings.Repeat("test ", 11) + "junk")
	require.NoError(t, err)
	for index, path := range []string{"m/44'/60'/0'/0/0", "m/44'/60'/0'/0/1", "m/44'/60'/0'/0/2"} {
		t.Run(path, func(t *testing.T) {
			ours, err := words.Derive(uint32(index))
			require.NoError(t, err)
			raw, err := hd.Secp256k1.Derive()(words.Reveal(), "", path)
			require.NoError(t, err)
			require.Equal(t, raw, ours.Bytes())
			theirs := &ethsecp256k1.PrivKey{Key: raw}
			requireSameKey(t, theirs, ours)
		})
	}
	for range 32 {
		theirs, err := ethsecp256k1.GenerateKey()
		require.NoError(t, err)
		ours, err := keys.NewPrivateKey(theirs.Key)
		require.NoError(t, err)
		requireSameKey(t, theirs, ours)
	}
}

func requireSameKey(t *testing.T, theirs *ethsecp256k1.PrivKey, ours keys.PrivateKey) {
	t.Helper()
	pub := ours.PublicKey()
	require.Equal(t, theirs.PubKey().Bytes(), pub[:])
	address := ours.Address()
	require.Equal(t, theirs.PubKey().Address().Bytes(), address.Bytes())

	packed, err := codectypes.NewAnyWithValue(theirs.PubKey())
	require.NoError(t, err)
	require.Equal(t, keys.PublicKeyTypeURL, packed.TypeUrl)
	require.Equal(t, packed.Value, pub.Proto())
	encoded, err := packed.Marshal()
	require.NoError(t, err)
	require.Equal(t, encoded, pub.Any())
	parsed, err := keys.PublicKeyFromProto(packed.Value)
	require.NoError(t, err)
	require.Equal(t, pub, parsed)

	for prefix, got := range map[string]string{
		gotensor.Bech32Prefix: keys.Account(address), gotensor.Bech32Prefix + "valoper": keys.Operator(address),
	} {
		want, err := bech32.ConvertAndEncode(prefix, address.Bytes())
		require.NoError(t, err)
		require.Equal(t, want, got)
	}

	for _, doc := range [][]byte{nil, []byte("sign bytes"), bytes.Repeat([]byte{7}, 31), bytes.Repeat([]byte{7}, 33), make([]byte, 1400)} {
		sig := ours.SignTx(doc)
		same, err := theirs.Sign(doc)
		require.NoError(t, err)
		require.Equal(t, same, sig, "%d bytes", len(doc))
		require.True(t, theirs.PubKey().VerifySignature(doc, sig))
		require.True(t, theirs.PubKey().VerifySignature(doc, sig[:64]))
		require.NoError(t, keys.VerifyTx(pub, doc, same))
	}
	// 32 bytes: the signer of cosmos/evm takes them for a hash, its check does not; ours agrees with the check.
	doc := bytes.Repeat([]byte{7}, 32)
	require.True(t, theirs.PubKey().VerifySignature(doc, ours.SignTx(doc)))

	msg, err := keys.Message("gotensor/test/v1", []byte("hello"))
	require.NoError(t, err)
	sig, err := ours.Sign("gotensor/test/v1", []byte("hello"))
	require.NoError(t, err)
	require.True(t, theirs.PubKey().VerifySignature(msg, sig), "the chain can check what Sign signs")
}
