package gateway

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoStandsBehindAProxy(t *testing.T) {
	g := &gateway{cfg: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "192.0.2.1:5", nil, "192.0.2.1:5"},
		{"a stranger's header counts for nothing", "192.0.2.1:5", []string{"203.0.113.7"}, "192.0.2.1:5"},
		{"one proxy", "10.1.2.3:5", []string{"203.0.113.7"}, "203.0.113.7:0"},
		{"what the caller made up before it", "10.1.2.3:5", []string{"127.0.0.1, 203.0.113.7"}, "203.0.113.7:0"},
		{"two proxies, two headers", "10.1.2.3:5", []string{"198.51.100.1, 203.0.113.7", "10.9.9.9"}, "203.0.113.7:0"},
		{"v6 and mapped addresses", "[::1]:5", []string{"2001:db8::7, ::ffff:10.0.0.1"}, "[2001:db8::7]:0"},
		{"all trusted", "10.1.2.3:5", []string{"10.4.4.4"}, "10.4.4.4:0"},
		{"no header", "10.1.2.3:5", nil, "10.1.2.3:5"},
		{"nonsense", "10.1.2.3:5", []string{"203.0.113.7, unknown"}, "10.1.2.3:5"},
		{"nonsense further out", "10.1.2.3:5", []string{"unknown, 203.0.113.7"}, "203.0.113.7:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.forwarded
			require.Equal(t, c.want, g.throughProxy(r).RemoteAddr)
			require.Equal(t, c.remote, r.RemoteAddr, "the request itself stays as it is")
		})
	}
}
