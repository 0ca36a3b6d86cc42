// Package source says where a request came from, as far as its sender can't choose that freely. An
// address of IPv6 is one of 2^64 that its holder has, so that whoever counts senders counts
// networks.
package source

import (
	"net"
	"net/netip"
)

// Of returns the party that an address "host:port" is counted under: the address itself of IPv4,
// the /64 of IPv6. What is no address stands for itself, as the other end of a socket in a file
// system does.
func Of(remote string) string { return masked(Host(remote), 32, 64) }

// Network returns the network that a host is counted under where a sample is enough: the /24 of
// IPv4, the /64 of IPv6.
func Network(host string) string { return masked(host, 24, 64) }

// Site returns the network that one holder commonly has: the /16 of IPv4, the /48 of IPv6.
func Site(host string) string { return masked(host, 16, 48) }

// Host is remote without its port.
func Host(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	return host
}

func masked(host string, v4, v6 int) string {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	bits := v6
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = v4
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return host
	}
	return p.String()
}
