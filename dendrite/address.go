package dendrite

import "net/netip"

// shared is where providers put customers behind one address (RFC 6598), translated where IPv6 stands for any IPv4 address (RFC 6052).
var shared, translated = netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("64:ff9b::/96")

// forbidden tells whether an address is never called, whoever announces it. All that a neuron of another's choice would see of us is a TLS
// handshake, but whether and how fast a port answers tells already what is behind a firewall.
func (c *Client) forbidden(a netip.Addr) bool {
	a = a.Unmap()
	if a.IsLoopback() || a.IsPrivate() || shared.Contains(a) || translated.Contains(a) {
		return c.cfg.Public
	}
	return !a.IsGlobalUnicast() // unspecified, link-local, multicast, broadcast
}
