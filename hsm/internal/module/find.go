package module

import (
	"errors"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/failure"
)

// Selector selects a token by its serial number, or else by its label. There is no way to select by
// slot number: SoftHSM renumbers its slots, and others do when a device is replaced.
type Selector struct{ Label, Serial string }

// Find returns the slot of the one token that is selected.
func (m *Module) Find(by Selector) (uint, pkcs11.TokenInfo, error) {
	var slot uint
	var found []pkcs11.TokenInfo
	slots, err := m.Driver.Slots()
	if err != nil {
		return 0, pkcs11.TokenInfo{}, err
	}
	for _, s := range slots {
		info, err := m.Driver.TokenInfo(s)
		if err != nil {
			continue // another token's failure; if it was ours, it is missing below
		}
		if by.matches(info) {
			slot, found = s, append(found, info)
		}
	}
	switch name := by.Label + by.Serial; len(found) {
	case 0:
		return 0, pkcs11.TokenInfo{}, fmt.Errorf("%w: %q in %s", failure.ErrNoToken, name, m.Path)
	case 1:
		return slot, found[0], nil
	default:
		err := fmt.Errorf("%w: %d tokens are %q; select by serial number",
			failure.ErrAmbiguous, len(found), name)
		return 0, pkcs11.TokenInfo{}, err
	}
}

// matches compares by serial number where one is asked for. A label is a name that people give, and
// more than one token may come to have it.
func (by Selector) matches(info pkcs11.TokenInfo) bool {
	if info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
		return false
	}
	if by.Serial != "" {
		return info.SerialNumber == by.Serial
	}
	return info.Label == by.Label
}

// FindPatiently is Find for the start of a service. SoftHSM shows a token without its label, or not
// at all, to a process that initialises the module while another rewrites the token, so a missing
// token is looked for again after a restart of the module. The module must be locked.
func (m *Module) FindPatiently(by Selector) (uint, pkcs11.TokenInfo, error) {
	tries := 3
	if m.users > 1 {
		tries = 2 // a restart costs the other users their handles
	}
	for try := 1; ; try++ {
		slot, info, err := m.Find(by)
		if try == tries || !errors.Is(err, failure.ErrNoToken) {
			return slot, info, err
		}
		time.Sleep(20 * time.Millisecond)
		if err := m.Restart(); err != nil {
			return 0, info, fmt.Errorf("%w: %w", failure.ErrNotStarted, err)
		}
	}
}

// Free returns a slot that may be initialised without destroying anything: one whose
// token isn't initialised.
func (m *Module) Free() (uint, error) {
	slots, err := m.Driver.Slots()
	if err != nil {
		return 0, err
	}
	for _, slot := range slots {
		info, err := m.Driver.TokenInfo(slot)
		if err == nil && info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			return slot, nil
		}
	}
	return 0, fmt.Errorf("%w: and there is no free slot to make one", failure.ErrNoToken)
}
