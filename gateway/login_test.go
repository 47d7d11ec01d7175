package gateway

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/internal/fakenode"
)

func (w *world) signIn(who string, l Login, headers ...string) (*KeyView, string, int) {
	w.t.Helper()
	signature, err := fakenode.Key(who).Sign(LoginTag, []byte(l.Text()))
	require.NoError(w.t, err)
	body, err := json.Marshal(LoginRequest{Message: l.Text(), Signature: signature})
	require.NoError(w.t, err)
	got := w.ask("POST", "/api/keys", "", string(body), headers...)
	if got.Code != 201 {
		return nil, code(w.t, got) + ": " + got.Body.String(), got.Code
	}
	var v KeyView
	require.NoError(w.t, json.Unmarshal(got.Body.Bytes(), &v))
	require.Equal(w.t, "no-store", got.Header().Get("Cache-Control"))
	return &v, "", got.Code
}

func TestLogin(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.PublicURLs = []string{"https://GW.example/some/path"}
		c.Limits.MinStake, c.Limits.MaxKeys = gotensor.RaoPerTAO, 2
	})
	w.chain.stake(alice, 2*gotensor.RaoPerTAO)
	good := Login{
		Gateway: "https://gw.example", ChainID: "fake-1", Account: alice, Name: "laptop", Requests: 5, Tokens: 70, Days: 2,
		Time: w.clock.now(), Nonce: [16]byte{1},
	}
	for i, c := range []struct {
		name   string
		change func(*Login)
		signer string
		status int
		why    string
	}{
		{"another gateway's", func(l *Login) { l.Gateway = "https://other.example" }, "alice", 401, "--public-url"},
		{"another scheme", func(l *Login) { l.Gateway = "http://gw.example" }, "alice", 401, "does not go by"},
		{"for localhost, shown to somebody else first", func(l *Login) { l.Gateway = "http://localhost:8080" }, "alice", 401, "does not go by"},
		{"another chain's", func(l *Login) { l.ChainID = "fake-2" }, "alice", 401, "on \\\"fake-1\\\""},
		{"old", func(l *Login) { l.Time = l.Time.Add(-LoginSkew - time.Second) }, "alice", 401, "check both clocks"},
		{"of the future", func(l *Login) { l.Time = l.Time.Add(LoginSkew + time.Second) }, "alice", 401, "check both clocks"},
		{"signed by another", func(*Login) {}, "bob", 401, "signed by another key"},
		{"of an account without stake", func(l *Login) { l.Account = bob }, "bob", 403, "not_enough_stake"},
	} {
		l := good
		l.Nonce = [16]byte{2, byte(i)}
		c.change(&l)
		_, why, status := w.signIn(c.signer, l)
		require.Equal(t, c.status, status, c.name)
		require.Contains(t, why, c.why, c.name)
	}

	made, _, _ := w.signIn("alice", good)
	require.NotNil(t, made)
	require.Equal(t, 200, w.ask("POST", "/v1/echo", made.Key, "").Code)
	require.Equal(t, "5", w.ask("POST", "/v1/echo", made.Key, "").Header().Get("X-RateLimit-Limit-Requests"))
	require.NotContains(t, w.ask("GET", "/api/keys", made.Key, "").Body.String(), made.Key, "secrets are shown once")

	_, why, status := w.signIn("alice", good)
	require.Equal(t, 401, status, "a sign-in that somebody saw is worth nothing")
	require.Contains(t, why, "used before")
	second := good
	second.Nonce[0]++
	_, _, status = w.signIn("alice", second)
	require.Equal(t, 201, status)
	second.Nonce[0]++
	_, why, status = w.signIn("alice", second)
	require.Equal(t, 403, status)
	require.Contains(t, why, "too_many_keys")

	w.chain.away.Store(true)
	second.Nonce[0]++
	_, why, status = w.signIn("alice", second)
	require.Equal(t, 503, status)
	require.Contains(t, why, "chain_unavailable")

	w.clock.add(48 * time.Hour)
	require.Equal(t, 401, w.ask("POST", "/v1/echo", made.Key, "").Code, "days are up")
	require.NotContains(t, w.log.String(), made.Key)
}

func TestLoginFromThisMachine(t *testing.T) {
	w := newWorld(t, nil)
	l := Login{Gateway: "http://127.0.0.1:8080", ChainID: "fake-1", Account: alice, Name: "x", Time: w.clock.now()}
	_, why, status := w.signIn("alice", l, "From", "192.0.2.1:5")
	require.Equal(t, 401, status)
	require.Contains(t, why, "only its own machine")
	_, _, status = w.signIn("alice", l)
	require.Equal(t, 201, status, "no stake is needed where none is asked for")
}

func TestLoginIsBounded(t *testing.T) {
	w := newWorld(t, nil)
	for _, body := range []string{"", "{", `{"message": 1}`, `{"message": "x", "signature": "AA=="}`} {
		got := w.ask("POST", "/api/keys", "", body)
		require.Equal(t, 400, got.Code, body)
		code(t, got)
	}
	require.Equal(t, 413, w.ask("POST", "/api/keys", "", strings.Repeat(" ", maxLoginBody+1)).Code)
	for range loginsPerMinute - 5 {
		require.Equal(t, 400, w.ask("POST", "/api/keys", "", "").Code)
	}
	require.Equal(t, 429, w.ask("POST", "/api/keys", "", "").Code)
	require.Equal(t, 400, w.ask("POST", "/api/keys", "", "", "From", "192.0.2.1:5").Code, "others may still")
}

func TestParseLogin(t *testing.T) {
	good := Login{
		Gateway: "https://gw.example:8443", ChainID: "gotensor-1", Account: alice, Name: "my laptop: blue", Days: 30,
		Time: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC), Nonce: [16]byte{0xab},
	}
	got, err := ParseLogin(good.Text())
	require.NoError(t, err)
	require.Equal(t, good, got)
	for name, change := range map[string][2]string{
		"a line too many":        {"name: ", "more: x\nname: "},
		"another head":           {loginHead, "Send all my TAO."},
		"a URL with a path":      {":8443", ":8443/x"},
		"a URL with a name":      {"https://gw", "https://me@gw"},
		"a URL in upper case":    {"gw.ex", "GW.ex"},
		"no chain":               {"gotensor-1", ""},
		"an account that is not": {"account: tao1", "account: tao2"},
		"no name":                {"my laptop: blue", ""},
		"a name that hides":      {"laptop", "\x1b[8m"},
		"zeros before":           {"days: 30", "days: 030"},
		"below nothing":          {"days: 30", "days: -1"},
		"for too long":           {"days: 30", "days: 99999"},
		"limits beyond bounds":   {"tokens-per-minute: 0", "tokens-per-minute: 9999999999"},
		"another zone":           {"12:00:00Z", "13:00:00+01:00"},
		"a short nonce":          {"nonce: ab", "nonce: "},
		"upper case nonce":       {"nonce: ab", "nonce: AB"},
		"another order":          {"gateway: ", "chain: "},
		"carriage returns":       {"\n", "\r\n"},
		"too long":               {"my laptop", strings.Repeat("x", 2000)},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.ReplaceAll(good.Text(), change[0], change[1])
			require.NotEqual(t, good.Text(), text)
			_, err := ParseLogin(text)
			require.ErrorIs(t, err, ErrLogin)
		})
	}
}

func FuzzParseLogin(f *testing.F) {
	l := Login{Gateway: "https://gw.example", ChainID: "c", Account: alice, Name: "n", Time: time.Unix(1e9, 0)}
	f.Add(l.Text())
	f.Add(strings.ReplaceAll(l.Text(), "days: 0", "days: 7"))
	f.Add(loginHead)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLogin(text)
		if err != nil {
			require.ErrorIs(t, err, ErrLogin)
			return
		}
		require.Equal(t, text, l.Text(), "a sign-in has one form")
		require.NoError(t, store.CheckName(l.Name))
	})
}
