package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

const junk = "test test test test test test test test test test test junk"

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	require.NoError(t, err)
	return b
}

func junkKey(tb testing.TB, index uint32) PrivateKey {
	tb.Helper()
	m, err := ParseMnemonic(junk)
	require.NoError(tb, err)
	k, err := m.Derive(index)
	require.NoError(tb, err)
	return k
}

// The accounts are those that Ethereum's development tools derive from the same public mnemonics.
func TestDerive(t *testing.T) {
	tests := []struct {
		name, words string
		index       uint32
		private     string
		address     string
	}{
		{"junk 0", junk, 0, "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80", "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"},
		{"junk 1", junk, 1, "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d", "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"},
		{"junk 2", junk, 2, "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a", "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"},
		{"untidy", "  TEST test\ttest test test test test test test test test\n junk ", 0, "", "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"},
		{"abandon", strings.Repeat("abandon ", 11) + "about", 0, "", "0x9858effd232b4033e47d90003d41ec34ecaeda94"},
		{"24 words", strings.Repeat("abandon ", 23) + "art", 0, "", "0xf278cf59f82edcf871d630f28ecc8056f25c1cdb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := ParseMnemonic(tt.words)
			require.NoError(t, err)
			key, err := m.Derive(tt.index)
			require.NoError(t, err)
			require.Equal(t, tt.address, key.Address().String())
			if tt.private != "" {
				require.Equal(t, tt.private, hex.EncodeToString(key.Bytes()))
			}
			address, err := key.PublicKey().Address()
			require.NoError(t, err)
			require.Equal(t, key.Address(), address)
		})
	}
}

func TestMnemonicErrors(t *testing.T) {
	tests := []struct{ name, words, want string }{
		{"empty", "", "0 words"},
		{"eleven", strings.Repeat("test ", 11), "11 words"},
		{"thirteen", strings.Repeat("test ", 13), "13 words"},
		{"twenty-seven", strings.Repeat("test ", 27), "27 words"},
		{"unknown word", "test secretword " + strings.Repeat("test ", 10), "word 2 is not"},
		{"checksum", strings.Repeat("test ", 12), "checksum"},
		{"swapped", "junk test test test test test test test test test test test", "checksum"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseMnemonic(tt.words)
			require.ErrorIs(t, err, ErrMnemonic)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "secretword", "errors end up in logs")
		})
	}
	_, err := Mnemonic{}.Derive(0)
	require.ErrorIs(t, err, ErrMnemonic)
	m, err := ParseMnemonic(junk)
	require.NoError(t, err)
	_, err = m.Derive(1 << 31)
	require.ErrorIs(t, err, ErrKey)
}

func TestNewMnemonic(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range []int{12, 24, 12, 24} {
		m, err := NewMnemonic(n)
		require.NoError(t, err)
		require.Len(t, strings.Fields(m.Reveal()), n)
		again, err := ParseMnemonic(m.Reveal())
		require.NoError(t, err)
		require.Equal(t, m, again)
		require.False(t, seen[m.Reveal()])
		seen[m.Reveal()] = true
	}
	_, err := NewMnemonic(13)
	require.ErrorIs(t, err, ErrMnemonic)
}

func TestNewPrivateKey(t *testing.T) {
	order := unhex(t, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
	for name, b := range map[string][]byte{"empty": nil, "short": make([]byte, 31), "zero": make([]byte, 32), "order": order} {
		_, err := NewPrivateKey(b)
		require.ErrorIs(t, err, ErrKey, name)
	}
	order[31]--
	k, err := NewPrivateKey(order)
	require.NoError(t, err)
	require.Equal(t, order, k.Bytes())
	require.True(t, PrivateKey{}.IsZero())

	a, err := GenerateKey()
	require.NoError(t, err)
	b, err := GenerateKey()
	require.NoError(t, err)
	require.NotEqual(t, a.Bytes(), b.Bytes())
}

func TestSignAndVerify(t *testing.T) {
	key, other := junkKey(t, 0), junkKey(t, 1)
	msg := []byte("hello")
	sig, err := key.Sign("a/v1", msg)
	require.NoError(t, err)
	require.Len(t, sig, SignatureLen)
	require.NoError(t, Verify(key.PublicKey(), "a/v1", msg, sig))
	require.NoError(t, Verify(key.PublicKey(), "a/v1", msg, sig[:64]))
	pub, err := Recover("a/v1", msg, sig)
	require.NoError(t, err)
	require.Equal(t, key.PublicKey(), pub)

	require.ErrorIs(t, Verify(other.PublicKey(), "a/v1", msg, sig), ErrSignature)
	require.ErrorIs(t, Verify(key.PublicKey(), "b/v1", msg, sig), ErrSignature)
	require.ErrorIs(t, Verify(key.PublicKey(), "a/v", []byte("1hello"), sig), ErrSignature)
	require.ErrorIs(t, Verify(key.PublicKey(), "a/v1", []byte("hellp"), sig), ErrSignature)
	require.ErrorIs(t, Verify(PublicKey{}, "a/v1", msg, sig), ErrKey)
	require.ErrorIs(t, Verify(key.PublicKey(), "", msg, sig), ErrTag)
	_, err = key.Sign(strings.Repeat("t", 256), msg)
	require.ErrorIs(t, err, ErrTag)

	signed, err := Message("a/v1", msg)
	require.NoError(t, err)
	require.Equal(t, "\x19gotensor message\n\x04a/v1hello", string(signed))
	require.NoError(t, VerifyTx(key.PublicKey(), signed, sig), "whoever hashes with keccak256 can check it")
	require.ErrorIs(t, VerifyTx(key.PublicKey(), msg, sig), ErrSignature)
}

// The second form of a signature, (r, n-s), is valid ECDSA and refused here as on the chain.
func TestHighSIsRefused(t *testing.T) {
	key := junkKey(t, 0)
	sig := key.SignTx([]byte("doc"))
	require.NoError(t, VerifyTx(key.PublicKey(), []byte("doc"), sig))
	var s secp256k1.ModNScalar
	s.SetByteSlice(sig[32:64])
	s.Negate().PutBytesUnchecked(sig[32:64])
	require.ErrorIs(t, VerifyTx(key.PublicKey(), []byte("doc"), sig), ErrSignature)
}

func TestRecoverErrors(t *testing.T) {
	sig, err := junkKey(t, 0).Sign("t", nil)
	require.NoError(t, err)
	for name, bad := range map[string][]byte{
		"empty": nil, "no recovery id": sig[:64], "long": append(bytes.Clone(sig), 0),
		"recovery id": append(bytes.Clone(sig[:64]), 4), "zero": make([]byte, 65), "full": bytes.Repeat([]byte{255}, 65),
	} {
		_, err := Recover("t", nil, bad)
		require.ErrorIs(t, err, ErrSignature, name)
	}
	_, err = Recover("", nil, sig)
	require.ErrorIs(t, err, ErrTag)
}

func TestPublicKeyEncoding(t *testing.T) {
	pub := junkKey(t, 0).PublicKey()
	require.Equal(t, "038318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75", pub.String())
	value := pub.Proto()
	require.Equal(t, "0a21"+pub.String(), hex.EncodeToString(value))
	got, err := PublicKeyFromProto(value)
	require.NoError(t, err)
	require.Equal(t, pub, got)
	want := "0a29" + hex.EncodeToString([]byte(PublicKeyTypeURL)) + "1223" + hex.EncodeToString(value)
	require.Equal(t, want, hex.EncodeToString(pub.Any()))

	for name, bad := range map[string][]byte{
		"empty": nil, "short": value[:34], "long": append(bytes.Clone(value), 0), "field": append([]byte{0x12}, value[1:]...),
		"not a point": append([]byte{0x0a, 0x21, 0x05}, value[3:]...),
	} {
		_, err := PublicKeyFromProto(bad)
		require.ErrorIs(t, err, ErrKey, name)
	}
	_, err = ParsePublicKey(make([]byte, 33))
	require.ErrorIs(t, err, ErrKey)
	_, err = PublicKey{}.Address()
	require.ErrorIs(t, err, ErrKey)
}

func TestBech32(t *testing.T) {
	a := junkKey(t, 0).Address()
	account, operator := Account(a), Operator(a)
	require.Equal(t, "tao17w0adeg64ky0daxwd2ugyuneellmjgnxfjmua9", account)
	require.Equal(t, "taovaloper17w0adeg64ky0daxwd2ugyuneellmjgnxykt5lt", operator)
	got, err := ParseAccount(account)
	require.NoError(t, err)
	require.Equal(t, a, got)
	got, err = ParseOperator(operator)
	require.NoError(t, err)
	require.Equal(t, a, got)

	tests := []struct{ name, in, want string }{
		{"empty", "", "invalid"},
		{"typing error", strings.Replace(account, "q", "p", 1)[:len(account)-1] + "x", "checksum"},
		{"operator for account", operator, "it starts with taovaloper1, want tao1"},
		{"hexadecimal", a.String(), "invalid"},
		{"endless", strings.Repeat("t", 1000), "1000 characters"},
		{"short", encodeBytes(t, a[:19]), "19 bytes, want 20"},
		{"mixed case", strings.ToUpper(account[:10]) + account[10:], "case"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseAccount(tt.in)
			require.ErrorIs(t, err, gotensor.ErrAddress)
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err = ParseOperator(account)
	require.ErrorContains(t, err, "want taovaloper1")
}

func TestSecretsAreRedacted(t *testing.T) {
	m, err := ParseMnemonic(junk)
	require.NoError(t, err)
	key := junkKey(t, 0)
	password := Password("hunter2")
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("secrets", "mnemonic", m, "key", key, "password", password)
	marshalled, err := json.Marshal(map[string]any{"m": m, "k": key, "p": password})
	require.NoError(t, err)
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, secret := range []any{m, &m, key, &key, password, struct {
			M Mnemonic
			K PrivateKey
			P Password
		}{m, key, password}} {
			fmt.Fprintf(&out, verb, secret)
		}
	}
	text := log.String() + string(marshalled) + out.String() + m.String() + key.String() + password.String()
	for _, secret := range []string{"junk", "hunter2", hex.EncodeToString([]byte("hunter2")), hex.EncodeToString(key.Bytes()), "ac0974"} {
		require.NotContains(t, strings.ToLower(text), secret)
	}
	require.Contains(t, text, "[redacted]")
}
