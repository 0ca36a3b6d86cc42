package hsm

import (
	"errors"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"
)

// find returns the slot of the one token that c selects.
func (m *module) find(c Config) (uint, pkcs11.TokenInfo, error) {
	var slot uint
	var found []pkcs11.TokenInfo
	slots, err := m.driver.Slots()
	if err != nil {
		return 0, pkcs11.TokenInfo{}, err
	}
	for _, s := range slots {
		info, err := m.driver.TokenInfo(s)
		if err != nil {
			continue // another token's trouble; if it was ours, it is missing below
		}
		if matches(c, info) {
			slot, found = s, append(found, info)
		}
	}
	switch name := c.TokenLabel + c.TokenSerial; len(found) {
	case 0:
		return 0, pkcs11.TokenInfo{}, fmt.Errorf("%w: %q in %s", ErrNoToken, name, m.path)
	case 1:
		return slot, found[0], nil
	default:
		return 0, pkcs11.TokenInfo{}, fmt.Errorf("%w: %d tokens are %q; select by serial number", ErrAmbiguous, len(found), name)
	}
}

// matches compares by serial number where one is asked for. A label is a name that people give, and more than one token
// may come to have it.
func matches(c Config, info pkcs11.TokenInfo) bool {
	if info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
		return false
	}
	if c.TokenSerial != "" {
		return info.SerialNumber == c.TokenSerial
	}
	return info.Label == c.TokenLabel
}

// findPatiently is find for the start of a service. SoftHSM shows a token without its label, or not at all,
// to a process that initialises the module while another rewrites the token, so a missing token is looked
// for again after a restart of the module. The turn must be held.
func (m *module) findPatiently(c Config) (uint, pkcs11.TokenInfo, error) {
	tries := 3
	if m.users > 1 {
		tries = 2 // a restart costs the other users their handles
	}
	for try := 1; ; try++ {
		slot, info, err := m.find(c)
		if try == tries || !errors.Is(err, ErrNoToken) {
			return slot, info, err
		}
		time.Sleep(20 * time.Millisecond)
		if err := m.restart(); err != nil {
			return 0, info, fmt.Errorf("%w: %w", ErrModule, err)
		}
	}
}
