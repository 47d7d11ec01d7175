package gateway

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/keys"
)

const (
	// maxLoginBody bounds the body of a sign-in, loginsPerMinute those from one network address.
	maxLoginBody    = 8 << 10
	loginsPerMinute = 20
)

// LoginRequest is the body of POST /api/keys.
type LoginRequest struct {
	Message   string `json:"message"`   // Login.Text
	Signature []byte `json:"signature"` // 65 bytes, keys.PrivateKey.Sign with LoginTag; base64
}

// KeyView is an API key as its owner and the operator see it.
type KeyView struct {
	ID       string     `json:"id"`
	Key      string     `json:"key,omitempty"` // the secret, only in the answer that makes it
	Account  string     `json:"account"`
	Name     string     `json:"name"`
	Requests int64      `json:"requests_per_minute"` // the key's own; 0: the account's
	Tokens   int64      `json:"tokens_per_minute"`
	Running  int64      `json:"concurrent"`
	Created  time.Time  `json:"created_at"`
	Expires  *time.Time `json:"expires_at,omitempty"`
	Revoked  *time.Time `json:"revoked_at,omitempty"`
}

// ViewKey is what may be shown of a key.
func ViewKey(k store.Key) KeyView {
	when := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return KeyView{
		ID: k.ID, Account: keys.Account(k.Account), Name: k.Name, Requests: k.Limits.Requests, Tokens: k.Limits.Tokens, Running: k.Limits.Concurrent,
		Created: k.Created, Expires: when(k.Expires), Revoked: when(k.Revoked),
	}
}

func (g *gateway) keyRoutes(mux *http.ServeMux) {
	for pattern, handle := range map[string]func(w http.ResponseWriter, r *http.Request) error{
		"POST /api/keys":        g.login,
		"GET /api/keys":         g.listKeys,
		"DELETE /api/keys/{id}": g.revokeKey,
	} {
		g.plain(mux, pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			if err := handle(w, r); err != nil {
				apierror.Write(w, err)
			}
		}))
	}
}

// login makes an API key for whoever signs for an account with enough stake.
func (g *gateway) login(w http.ResponseWriter, r *http.Request) error {
	if s := g.lookups.take(r.Context(), "login "+household(r.RemoteAddr), loginsPerMinute, 1, 1); s.wait > 0 {
		return &apierror.Error{Status: http.StatusTooManyRequests, Type: apierror.RateLimit, Code: "rate_limit_exceeded", Message: "too many sign-ins", Retry: s.wait}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLoginBody))
	if err != nil {
		return tooLarge(maxLoginBody)
	}
	var req LoginRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return apierror.Invalid("", `the body is not {"message": TEXT, "signature": BASE64}: `+err.Error())
	}
	l, err := ParseLogin(req.Message)
	if err != nil {
		return apierror.Invalid("message", err.Error())
	}
	if err := l.verify(req, r.RemoteAddr, g); err != nil {
		return &apierror.Error{Status: http.StatusUnauthorized, Type: apierror.Authentication, Code: "invalid_signature", Message: "the sign-in does not fit: " + err.Error()}
	}
	if err := g.enoughStake(r, l.Account); err != nil {
		return err
	}
	now := g.cfg.Now()
	if err := g.cfg.Store.UseNonce(r.Context(), hex.EncodeToString(l.Nonce[:]), now, now.Add(2*LoginSkew)); err != nil {
		if errors.Is(err, store.ErrUsed) {
			return &apierror.Error{Status: http.StatusUnauthorized, Type: apierror.Authentication, Code: "invalid_signature", Message: err.Error()}
		}
		return err
	}
	secret := store.NewSecret()
	k := store.NewKey(secret, l.Account, l.Name, now)
	k.Limits = store.Limits{Requests: l.Requests, Tokens: l.Tokens}
	if l.Days > 0 {
		k.Expires = now.AddDate(0, 0, l.Days)
	}
	if err := g.cfg.Store.AddKey(r.Context(), k, g.cfg.Limits.MaxKeys); err != nil {
		if errors.Is(err, store.ErrTooMany) {
			return &apierror.Error{Status: http.StatusForbidden, Type: apierror.Permission, Code: "too_many_keys", Message: err.Error()}
		}
		return fmt.Errorf("store a key: %w", err)
	}
	g.log.Info("a wallet made an API key", "key", k.ID, "account", keys.Account(k.Account))
	v := ViewKey(k)
	v.Key = secret.Reveal()
	writeJSON(w, http.StatusCreated, v)
	return nil
}

// enoughStake asks the chain what an account has; here, unlike for requests, its owner waits.
func (g *gateway) enoughStake(r *http.Request, account gotensor.Address) error {
	least := g.cfg.Limits.MinStake
	if least == 0 {
		return nil
	}
	rao, err := g.cfg.Chain.Bandwidth(r.Context(), account)
	switch {
	case errors.Is(err, chain.ErrNotFound):
	case err != nil:
		return &apierror.Error{
			Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "chain_unavailable", Retry: retryAfter,
			Message: "the chain's node does not answer, so nobody's stake can be seen; try again",
		}
	default:
		g.bandwidth.set(account, rao)
	}
	if rao < least {
		return &apierror.Error{
			Status: http.StatusForbidden, Type: apierror.Permission, Code: "not_enough_stake",
			Message: fmt.Sprintf("the account has a bandwidth of %s, this gateway gives keys from %s on: `gotensor stake add` raises it", rao, least),
		}
	}
	return nil
}

// listKeys shows the holder of a key all keys of his account.
func (g *gateway) listKeys(w http.ResponseWriter, r *http.Request) error {
	who, err := g.holder(r)
	if err != nil {
		return err
	}
	all, err := g.cfg.Store.Keys(r.Context(), who.account)
	if err != nil {
		return err
	}
	views := []KeyView{}
	for _, k := range all {
		views = append(views, ViewKey(k))
	}
	writeJSON(w, http.StatusOK, map[string]any{"keys": views})
	return nil
}

// revokeKey lets the holder of a key revoke any key of his account.
func (g *gateway) revokeKey(w http.ResponseWriter, r *http.Request) error {
	who, err := g.holder(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	err = g.cfg.Store.Revoke(r.Context(), id, who.account, g.cfg.Now())
	if errors.Is(err, store.ErrNotFound) {
		return &apierror.Error{Status: http.StatusNotFound, Type: apierror.NotFound, Code: "unknown_key", Param: "id", Message: err.Error()}
	}
	if err != nil {
		return err
	}
	g.keys.forget()
	writeJSON(w, http.StatusOK, map[string]any{"id": id, "revoked": true})
	return nil
}

func (g *gateway) holder(r *http.Request) (caller, error) {
	who, err := g.authenticate(r)
	if err == nil && who.account.IsZero() {
		err = unauthorized("an API key is needed: send it as `Authorization: Bearer sk-gt-...`")
	}
	return who, err
}

// forget makes the ring look all keys up again.
func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.known)
}

// known tells whether users know this gateway by an origin. Without public URLs it is known to this machine only: a sign-in for localhost
// that comes from elsewhere was shown to somebody else first.
func (g *gateway) known(origin, remote string) bool {
	if len(g.cfg.PublicURLs) > 0 {
		return slices.Contains(g.cfg.PublicURLs, origin)
	}
	u, err := url.Parse(origin)
	from, aerr := netip.ParseAddrPort(remote)
	return err == nil && aerr == nil && from.Addr().Unmap().IsLoopback() && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
}
