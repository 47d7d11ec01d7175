package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// throughProxy is the request with the address of whoever stands before the trusted proxies. X-Forwarded-For grows to the right, so the
// last address that no trusted proxy has is the last that somebody trusted has seen; all before it may be made up.
func (g *gateway) throughProxy(r *http.Request) *http.Request {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !g.trusts(at.Addr()) {
		return r
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		ip, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return r // the proxy itself is all that is known
		}
		if !g.trusts(ip) || i == 0 {
			seen := *r
			seen.RemoteAddr = netip.AddrPortFrom(ip, 0).String()
			return &seen
		}
	}
	return r
}

func (g *gateway) trusts(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, p := range g.cfg.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
