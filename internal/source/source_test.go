package source_test

import (
	"testing"

	"claviger/internal/source"
)

func TestSource_Address_IsCountedByItsNetwork(t *testing.T) {
	for _, c := range []struct{ remote, of, network, site string }{
		{"192.0.2.7:1234", "192.0.2.7/32", "192.0.2.0/24", "192.0.0.0/16"},
		{"[2001:db8:1:2:3:4:5:6]:99", "2001:db8:1:2::/64", "2001:db8:1:2::/64", "2001:db8:1::/48"},
		{"[::ffff:192.0.2.7]:1", "192.0.2.7/32", "192.0.2.0/24", "192.0.0.0/16"},
		{"[fe80::1%eth0]:1", "fe80::/64", "fe80::/64", "fe80::/48"},
		{"@", "@", "@", "@"},
		{"", "", "", ""},
	} {
		host := source.Host(c.remote)
		if of := source.Of(c.remote); of != c.of {
			t.Errorf("%q is counted under %q, want %q", c.remote, of, c.of)
		}
		if n := source.Network(host); n != c.network {
			t.Errorf("%q is sampled under %q, want %q", c.remote, n, c.network)
		}
		if s := source.Site(host); s != c.site {
			t.Errorf("%q is of the site %q, want %q", c.remote, s, c.site)
		}
	}
}
