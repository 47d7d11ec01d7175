package synapse

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/keys"
)

const chain = "gotensor-test-1"

var (
	start   = time.Unix(1_700_000_000, 0)
	channel = Channel{Exporter: [32]byte{1}, SPKI: [32]byte{2}}
)

func key(tb testing.TB, seed string) keys.PrivateKey {
	tb.Helper()
	sum := sha256.Sum256([]byte(seed))
	k, err := keys.NewPrivateKey(sum[:])
	require.NoError(tb, err)
	return k
}

// clock is a Verifier's clock that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func verifier(tb testing.TB) (*Verifier, *clock) {
	tb.Helper()
	c := &clock{at: start}
	v, err := NewVerifier(chain, c.now)
	require.NoError(tb, err)
	return v, c
}

func at(t time.Time, nonce byte) Stamp {
	return Stamp{SPKI: channel.SPKI, Time: t, Nonce: [NonceLen]byte{nonce}}
}

func TestBoundProof(t *testing.T) {
	v, _ := verifier(t)
	k := key(t, "a")
	b, err := ProveBound(k, chain, channel.Exporter)
	require.NoError(t, err)
	require.Len(t, b, 98)
	for range 2 { // any number of times, on its own connection
		id, err := v.Connection(b, channel)
		require.NoError(t, err)
		require.Equal(t, Identity{Key: k.PublicKey(), Address: k.Address()}, id)
	}
	_, err = v.Connection(b, Channel{Exporter: [32]byte{9}, SPKI: channel.SPKI})
	require.ErrorIs(t, err, ErrProofSignature)
	_, err = v.Connection(b, Channel{SPKI: channel.SPKI})
	require.ErrorIs(t, err, ErrProofMalformed, "a server that cannot see the connection accepts no bound proof")
	got, ok := ProofKey(b)
	require.True(t, ok)
	require.Equal(t, k.PublicKey(), got)
}

func TestFreshProofWindow(t *testing.T) {
	for name, tc := range map[string]struct {
		signed, arrives time.Duration // after the verifier's start
		want            error
	}{
		"at once":              {0, 0, nil},
		"30 s late":            {10 * time.Second, 40 * time.Second, nil},
		"31 s late":            {10 * time.Second, 41 * time.Second, ErrProofExpired},
		"clock 30 s ahead":     {60 * time.Second, 30 * time.Second, nil},
		"clock 31 s ahead":     {61 * time.Second, 30 * time.Second, ErrProofExpired},
		"from before start":    {-time.Second, 0, ErrProofExpired},
		"clock before 1970":    {-2e9 * time.Second, 0, ErrProofExpired},
		"a year ahead":         {9000 * time.Hour, 0, ErrProofExpired},
		"of the start itself":  {0, 29 * time.Second, nil},
		"within the same beat": {time.Hour, time.Hour + 999*time.Millisecond, nil},
	} {
		t.Run(name, func(t *testing.T) {
			v, c := verifier(t)
			b, err := ProveFresh(key(t, "a"), chain, at(start.Add(tc.signed), 1))
			require.NoError(t, err)
			c.at = start.Add(tc.arrives)
			_, err = v.Connection(b, channel)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestDatedProofsServeOnce(t *testing.T) {
	v, c := verifier(t)
	c.at = start.Add(time.Hour)
	fresh, err := ProveFresh(key(t, "a"), chain, at(c.at.Add(MaxSkew), 1)) // valid for a whole minute from now
	require.NoError(t, err)
	other, err := ProveFresh(key(t, "b"), chain, at(c.at.Add(MaxSkew), 1))
	require.NoError(t, err)
	_, err = v.Connection(fresh, channel)
	require.NoError(t, err)
	_, err = v.Connection(other, channel)
	require.NoError(t, err, "nonces of different keys do not meet")
	for range 61 {
		_, err = v.Connection(fresh, channel)
		require.ErrorIs(t, err, ErrProofReplayed, "at %v", c.at)
		c.at = c.at.Add(time.Second)
	}
	_, err = v.Connection(fresh, channel)
	require.ErrorIs(t, err, ErrProofExpired)
}

func TestBadSignaturesUseNoNonce(t *testing.T) {
	v, _ := verifier(t)
	good, err := ProveFresh(key(t, "a"), chain, at(start, 1))
	require.NoError(t, err)
	bad := append([]byte(nil), good...)
	bad[len(bad)-1] ^= 1
	_, err = v.Connection(bad, channel)
	require.ErrorIs(t, err, ErrProofSignature)
	_, err = v.Connection(good, channel)
	require.NoError(t, err)
}

func TestReplaysAreBounded(t *testing.T) {
	r := newReplays(3)
	use := func(n byte, unix uint64) error { return r.use(&proof{nonce: [NonceLen]byte{n}}, unix) }
	for n := range byte(3) {
		require.NoError(t, use(n, 1000))
	}
	require.ErrorIs(t, use(9, 1000), ErrProofBusy)
	require.ErrorIs(t, use(1, 1059), ErrProofReplayed)
	require.NoError(t, use(9, 1060))
	require.ErrorIs(t, use(1, 1060), ErrProofReplayed, "one generation back")
	require.NoError(t, use(1, 1120))
	require.NoError(t, use(9, 5000), "after a pause nothing is left")
	require.LessOrEqual(t, len(r.now)+len(r.old), 6)
}

func TestRequestProof(t *testing.T) {
	v, _ := verifier(t)
	const method = "/gotensor.text.v1.Text/Predict"
	body := []byte(`{"kMax":1}`)
	b, err := ProveRequest(key(t, "a"), chain, at(start, 1), method, body)
	require.NoError(t, err)
	_, _, err = v.Request(b, channel, "/gotensor.axon.v1.Axon/Info")
	require.ErrorIs(t, err, ErrProofSignature)
	id, hash, err := v.Request(b, channel, method)
	require.NoError(t, err)
	require.Equal(t, key(t, "a").Address(), id.Address)
	require.Equal(t, sha256.Sum256(body), hash)
	_, _, err = v.Request(b, channel, method)
	require.ErrorIs(t, err, ErrProofReplayed)
	_, err = v.Connection(b, channel)
	require.ErrorIs(t, err, ErrProofMalformed)
	_, err = ProveRequest(key(t, "a"), chain, at(start, 1), strings.Repeat("m", 256), nil)
	require.ErrorIs(t, err, ErrProofMalformed)
}

func TestMalformedProofs(t *testing.T) {
	v, _ := verifier(t)
	good, err := ProveBound(key(t, "a"), chain, channel.Exporter)
	require.NoError(t, err)
	noPoint := append([]byte(nil), good...)
	noPoint[1] = 7
	for name, tc := range map[string]struct {
		b    []byte
		want error
	}{
		"absent":       {nil, ErrProofAbsent},
		"empty":        {[]byte{}, ErrProofAbsent},
		"kind 0":       {make([]byte, 98), ErrProofMalformed},
		"kind 4":       {append([]byte{4}, good[1:]...), ErrProofMalformed},
		"cut":          {good[:97], ErrProofMalformed},
		"longer":       {append(append([]byte(nil), good...), 0), ErrProofMalformed},
		"no point":     {noPoint, ErrProofMalformed},
		"another kind": {append([]byte{2}, make([]byte, 121)...), ErrProofExpired},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Connection(tc.b, channel)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestChainIDIsBound(t *testing.T) {
	v, _ := verifier(t)
	b, err := ProveBound(key(t, "a"), "gotensor-test-2", channel.Exporter)
	require.NoError(t, err)
	_, err = v.Connection(b, channel)
	require.ErrorIs(t, err, ErrProofSignature)
	for _, id := range []string{"", strings.Repeat("c", 51)} {
		_, err := ProveBound(key(t, "a"), id, channel.Exporter)
		require.ErrorIs(t, err, ErrProofMalformed)
		_, err = NewVerifier(id, time.Now)
		require.ErrorIs(t, err, ErrProofMalformed)
	}
}

// TestProofBytes pins the wire form, so that clients in other languages keep working.
func TestProofBytes(t *testing.T) {
	k := key(t, "golden")
	st := Stamp{SPKI: [32]byte{0xaa}, Time: time.Unix(1_700_000_000, 0), Nonce: [NonceLen]byte{1, 2, 3}}
	b, err := ProveFresh(k, "c-1", st)
	require.NoError(t, err)
	pub := k.PublicKey()
	require.Equal(t, "02"+hex.EncodeToString(pub[:])+"00f1536500000000"+"01020300000000000000000000000000", hex.EncodeToString(b[:len(b)-64]))
	msg := "03632d31" + "aa" + strings.Repeat("00", 31) + "00f1536500000000" + "01020300000000000000000000000000"
	raw, err := hex.DecodeString(msg)
	require.NoError(t, err)
	require.NoError(t, keys.Verify(pub, "gotensor/proof/fresh/v1", raw, b[len(b)-64:]))
}

func TestRefusalTravels(t *testing.T) {
	for name, want := range map[string]Refusal{
		"with hint":    {codes.ResourceExhausted, ReasonOverloaded, "overloaded", 1500 * time.Millisecond},
		"without hint": {codes.Unauthenticated, ReasonProofAbsent, "who are you", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := RefusalOf(want.Err())
			require.True(t, ok)
			require.Equal(t, want, got)
		})
	}
	_, ok := RefusalOf(nil)
	require.False(t, ok)
	_, ok = RefusalOf(errors.New("no status"))
	require.False(t, ok)
	got, ok := RefusalOf(status.Error(codes.NotFound, "x"))
	require.True(t, ok)
	require.Empty(t, got.Reason)
}

func TestEveryProofErrorHasItsReason(t *testing.T) {
	reasons := map[Reason]bool{}
	for _, err := range []error{ErrProofAbsent, ErrProofMalformed, ErrProofSignature, ErrProofExpired, ErrProofReplayed, ErrProofBusy} {
		r := ProofRefusal(err)
		require.False(t, reasons[r.Reason], "%s is used twice", r.Reason)
		reasons[r.Reason] = true
		require.NotContains(t, r.Message, "\n")
	}
}

func TestCertificateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tls", "axon.pem")
	first, err := LoadOrCreateCertificate(path, start)
	require.NoError(t, err)
	again, err := LoadOrCreateCertificate(path, start)
	require.NoError(t, err)
	a, err := SPKIHash(&first)
	require.NoError(t, err)
	b, err := SPKIHash(&again)
	require.NoError(t, err)
	require.Equal(t, a, b)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file is left")

	require.NoError(t, os.WriteFile(path, []byte("damaged"), 0o600))
	_, err = LoadOrCreateCertificate(path, start)
	require.ErrorIs(t, err, ErrCertificate)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "damaged", string(data), "never overwritten")

	require.ErrorIs(t, writeOnce(path, nil), os.ErrExist)
}

func TestCertificateName(t *testing.T) {
	cert, err := NewCertificate(start)
	require.NoError(t, err)
	require.NoError(t, cert.Leaf.VerifyHostname(ServerName))
	require.NoError(t, cert.Leaf.CheckSignatureFrom(cert.Leaf))
	cert.Leaf = nil
	_, err = SPKIHash(&cert)
	require.NoError(t, err)
	cert.Certificate = nil
	_, err = SPKIHash(&cert)
	require.ErrorIs(t, err, ErrCertificate)
}

// FuzzProof checks that decoding never panics, and that what decodes encodes to the same bytes: no proof has two forms.
func FuzzProof(f *testing.F) {
	k := key(f, "fuzz")
	bound, err := ProveBound(k, chain, channel.Exporter)
	require.NoError(f, err)
	fresh, err := ProveFresh(k, chain, at(start, 1))
	require.NoError(f, err)
	request, err := ProveRequest(k, chain, at(start, 2), "/a.B/C", nil)
	require.NoError(f, err)
	f.Add(bound)
	f.Add(fresh)
	f.Add(request)
	f.Add([]byte{})
	accepted := map[string]bool{string(bound): true, string(fresh): true}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodeProof(b)
		if err == nil {
			require.Equal(t, b, p.encode())
		}
		v, _ := verifier(t)
		if _, err := v.Connection(b, channel); err == nil {
			require.True(t, accepted[string(b)], "forged %x", b)
		}
		_, _, _ = v.Request(b, channel, "/a.B/C")
	})
}

func BenchmarkProveBound(b *testing.B) {
	k := key(b, "a")
	for b.Loop() {
		if _, err := ProveBound(k, chain, channel.Exporter); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyBound(b *testing.B) {
	v, _ := verifier(b)
	p, err := ProveBound(key(b, "a"), chain, channel.Exporter)
	require.NoError(b, err)
	for b.Loop() {
		if _, err := v.Connection(p, channel); err != nil {
			b.Fatal(err)
		}
	}
}
