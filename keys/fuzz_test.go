package keys

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzKeyFile: whatever lies in a key file, reading it fails cleanly or gives a public part that agrees with itself.
func FuzzKeyFile(f *testing.F) {
	file, err := newKeyFile(junkKey(f, 0).PublicKey())
	require.NoError(f, err)
	public, err := file.encode()
	require.NoError(f, err)
	f.Add(public)
	file.PrivateKey = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
	open, err := file.encode()
	require.NoError(f, err)
	f.Add(open)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, public, err := decodeKeyFile(b)
		if err != nil {
			require.ErrorIs(t, err, ErrFile)
			return
		}
		address, err := public.PublicKey.Address()
		require.NoError(t, err)
		require.Equal(t, address, public.Address)
		require.Equal(t, Account(address), file.Address)
		if file.Encrypted != "" {
			return // a wrong password costs scrypt
		}
		if key, err := file.open(public, ""); err == nil {
			require.Equal(t, public.PublicKey, key.PublicKey())
		}
	})
}

// FuzzSignature: no bytes panic the check, and what recovers to a key verifies under it.
func FuzzSignature(f *testing.F) {
	sig, err := junkKey(f, 0).Sign("t", []byte("m"))
	require.NoError(f, err)
	f.Add([]byte("m"), sig)
	f.Add([]byte{}, make([]byte, 65))
	f.Fuzz(func(t *testing.T, msg, sig []byte) {
		pub, err := Recover("t", msg, sig)
		if err != nil {
			require.ErrorIs(t, err, ErrSignature)
			return
		}
		require.NoError(t, Verify(pub, "t", msg, sig))
	})
}

// FuzzAccount: an address that parses is written back in lower case the same.
func FuzzAccount(f *testing.F) {
	f.Add(Account(junkKey(f, 0).Address()))
	f.Add("TAO1")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAccount(s)
		if err != nil {
			return
		}
		again, err := ParseAccount(Account(a))
		require.NoError(t, err)
		require.Equal(t, a, again)
	})
}

// FuzzPublicKeyProto: what parses encodes to the same bytes.
func FuzzPublicKeyProto(f *testing.F) {
	f.Add(junkKey(f, 0).PublicKey().Proto())
	f.Fuzz(func(t *testing.T, b []byte) {
		pub, err := PublicKeyFromProto(b)
		if err != nil {
			require.ErrorIs(t, err, ErrKey)
			return
		}
		require.Equal(t, b, pub.Proto())
	})
}

func BenchmarkSignTx(b *testing.B) {
	key, doc := junkKey(b, 0), make([]byte, 400)
	b.ReportAllocs()
	for b.Loop() {
		key.SignTx(doc)
	}
}

func BenchmarkVerifyTx(b *testing.B) {
	key, doc := junkKey(b, 0), make([]byte, 400)
	sig, pub := key.SignTx(doc), key.PublicKey()
	b.ReportAllocs()
	for b.Loop() {
		if err := VerifyTx(pub, doc, sig); err != nil {
			b.Fatal(err)
		}
	}
}
