package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/internal/apierror"
)

const (
	// keyFor is how long a key that was found is trusted before it is looked up again: a revoked key lives no longer. keyForAway is the same
	// while the store does not answer.
	keyFor, keyForAway = 5 * time.Second, 10 * time.Minute
	// maxKnownKeys bounds the keys that are remembered.
	maxKnownKeys = 1 << 16
)

// caller is who makes a request.
type caller struct {
	key     store.Key        // zero: anonymous
	from    string           // of an anonymous caller: its network address, cut to a household's
	account gotensor.Address // zero: none
	weight  gotensor.Rao     // the account's bandwidth, as far as it is known
}

// keyring finds keys by the secrets that callers present.
type keyring struct {
	store Store
	now   func() time.Time

	mu    sync.Mutex
	known map[[sha256.Size]byte]knownKey
}

type knownKey struct {
	key   store.Key
	found bool
	at    time.Time
}

func newKeyring(s Store, now func() time.Time) *keyring {
	return &keyring{store: s, now: now, known: map[[sha256.Size]byte]knownKey{}}
}

// find returns the live key of a secret; the error is for the caller to see.
func (k *keyring) find(ctx context.Context, secret store.Secret) (store.Key, error) {
	hash, now := secret.Hash(), k.now()
	k.mu.Lock()
	have, known := k.known[hash]
	k.mu.Unlock()
	if !known || now.Sub(have.at) > keyFor {
		key, err := k.store.KeyByHash(ctx, hash)
		switch {
		case err == nil || errors.Is(err, store.ErrNotFound):
			have = knownKey{key: key, found: err == nil, at: now}
			k.remember(hash, have, now)
		case !known || now.Sub(have.at) > keyForAway:
			return store.Key{}, &apierror.Error{
				Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "keys_unavailable", Retry: time.Second,
				Message: "API keys cannot be checked at the moment; try again",
			}
		}
	}
	switch {
	case !have.found:
		return store.Key{}, unauthorized("this API key is unknown")
	case !have.key.Revoked.IsZero():
		return store.Key{}, unauthorized("this API key was revoked")
	case !have.key.Live(now):
		return store.Key{}, unauthorized("this API key has expired")
	}
	return have.key, nil
}

// remember keeps what was found. Guesses are remembered too, so that they cost the store one look each, and go first.
func (k *keyring) remember(hash [sha256.Size]byte, x knownKey, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= maxKnownKeys {
		for h, old := range k.known {
			if !old.found || now.Sub(old.at) > keyFor {
				delete(k.known, h)
			}
		}
	}
	if len(k.known) < maxKnownKeys {
		k.known[hash] = x
	}
}

func unauthorized(why string) *apierror.Error {
	return &apierror.Error{
		Status: http.StatusUnauthorized, Type: apierror.Authentication, Code: "invalid_api_key",
		Message: why + "; `gotensor gateway login --url URL --wallet WALLET` makes one",
	}
}

// authenticate finds out who makes a request: the owner of the key in its Authorization header or, where that is allowed, nobody.
func (g *gateway) authenticate(r *http.Request) (caller, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		if g.cfg.Limits.Anonymous > 0 {
			return caller{from: household(r.RemoteAddr)}, nil
		}
		return caller{}, unauthorized("an API key is needed: send it as `Authorization: Bearer sk-gt-...`")
	}
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return caller{}, unauthorized("the Authorization header does not begin with `Bearer`")
	}
	text = strings.TrimSpace(text)
	if g.cfg.Limits.Anonymous > 0 && !strings.HasPrefix(text, store.SecretPrefix) {
		return caller{from: household(r.RemoteAddr)}, nil // OpenAI's clients insist on a key, so people without one make one up
	}
	secret, err := store.ParseSecret(text)
	if err != nil {
		return caller{}, unauthorized(err.Error())
	}
	key, err := g.keys.find(r.Context(), secret)
	if err != nil {
		return caller{}, err
	}
	return caller{key: key, account: key.Account}, nil
}

// household cuts a caller's address to what one customer of a provider usually has: all of IPv4, 64 bits of IPv6.
func household(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}
