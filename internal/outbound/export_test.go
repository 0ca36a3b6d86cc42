package outbound

import "net/netip"

// MayReach says whether a row lets an address through.
func MayReach(a Allowed, address netip.Addr) error {
	r, err := parse(a)
	if err != nil {
		return err
	}
	return r.mayReach(address)
}
