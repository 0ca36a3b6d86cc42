package outbound

import (
	"fmt"
	"net/netip"
)

// never are addresses of nobody, or of many: no row lets them through. Who connects to 0.0.0.0 is
// at the machine's own loopback.
var never = prefixes("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8")

// private are the networks that aren't of the Internet (RFC 6890 and the registries of IANA that it
// made). Private ones are among them, and the addresses at which clouds give away credentials.
var private = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"127.0.0.0/8", "169.254.0.0/16", // loopback, link-local
	"100.64.0.0/10",                                   // between a provider and its customers
	"192.0.0.0/24", "198.18.0.0/15", "192.88.99.0/24", // protocols, measurements, 6to4's relay
	"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documents
	"::1/128", "fe80::/10", "fc00::/7", "fec0::/10", // loopback, link-local, private
	"100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16",
)

// within are addresses of IPv6 that stand for one of IPv4, and where in them that is: NAT64, 6to4,
// and the old form of those that are compatible.
var within = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
	{netip.MustParsePrefix("::/96"), 12},
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// mayReach refuses an address at which a receiver can't be, and one that is private unless the row
// says that its host is there.
func (r *row) mayReach(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	if in(never, a) {
		return &Error{Reason: NotAllowed, Host: r.endpoint,
			text: fmt.Sprintf("%s is at %s, which is nobody's address", r.endpoint, a)}
	}
	if r.allowed.Private || !in(private, a) && !in(private, embedded(a)) {
		return nil
	}
	return &Error{Reason: NotAllowed, Host: r.endpoint,
		text: fmt.Sprintf("%s is at %s, which is no address of the Internet", r.endpoint, a),
		Hint: "say private = true in the [[outbound.allow]] of " + r.allowed.String()}
}

// embedded returns the address of IPv4 that one of IPv6 stands for, or the address itself.
func embedded(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	bytes := a.As16()
	for _, w := range within {
		if w.prefix.Contains(a) {
			return netip.AddrFrom4([4]byte(bytes[w.at:]))
		}
	}
	return a
}

func in(all []netip.Prefix, a netip.Addr) bool {
	for _, p := range all {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
