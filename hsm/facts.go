package hsm

import (
	"context"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/module"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
)

// Facts are what a token says of itself and what the service makes of it.
type Facts struct {
	Module                              string // path of the library
	Library                             string // its description and version
	Manufacturer, Model, Serial, Label  string
	Firmware, Hardware                  string
	Initialized                         bool // C_InitToken and C_InitPIN have been done
	PINCountLow, PINFinalTry, PINLocked bool
	Mechanisms                          []string // by PKCS#11's names where known
	MaxSessions                         uint     // 0: no limit stated
	MinPIN, MaxPIN                      uint     // bytes

	Dialect      string         // the row of the table that was chosen
	KeyWrap      string         // mechanism that wraps materials; empty if what we need is missing
	DeviceIV     bool           // the device makes the IV of AES-GCM
	LargestGCM   int            // bytes in one call; 0: unlimited
	OAEP         []string       // hashes of RSA-OAEP that the device does by itself
	Kinds        []custody.Kind // that it keeps wrapped
	OnlyResident []custody.Kind // that could rest on it, see [Config.Resident]
	Gaps         []string       // what the device can't be held to, by the threat model's names
}

// Stats are a token's counters at one moment.
type Stats = session.Stats

// Facts returns what was read when the token was opened.
func (t *Token) Facts() Facts { return t.facts }

// Stats returns the token's counters.
func (t *Token) Stats() Stats { return t.keeper.Stats() }

// Inspect lists the tokens of a module without logging in.
func Inspect(ctx context.Context, path string) ([]Facts, error) {
	all, err := module.Bounded(ctx, path, inspect)
	return all, blameFiles(path, err)
}

// inspect leaves out tokens that don't answer. The module must be locked.
func inspect(m *module.Module) ([]Facts, error) {
	slots, err := m.Driver.Slots()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	var all []Facts
	for _, slot := range slots {
		info, err := m.Driver.TokenInfo(slot)
		if err != nil {
			continue
		}
		mechanisms, err := m.Driver.Mechanisms(slot)
		if err != nil {
			continue
		}
		all = append(all, factsOf(m, info, mechanisms))
	}
	return all, nil
}

// factsOf puts together what the token says of itself and the row of the table that it is used by.
func factsOf(m *module.Module, info pkcs11.TokenInfo, mechanisms []uint) Facts {
	d := dialect.Of(info.ManufacturerID).On(m.Driver, mechanisms)
	f := Facts{
		Module: m.Path, Manufacturer: info.ManufacturerID, Model: info.Model,
		Serial: info.SerialNumber, Label: info.Label,
		Firmware: version(info.FirmwareVersion), Hardware: version(info.HardwareVersion),
		Initialized: has(info, pkcs11.CKF_TOKEN_INITIALIZED) &&
			has(info, pkcs11.CKF_USER_PIN_INITIALIZED),
		PINCountLow: has(info, pkcs11.CKF_USER_PIN_COUNT_LOW),
		PINFinalTry: has(info, pkcs11.CKF_USER_PIN_FINAL_TRY),
		PINLocked:   has(info, pkcs11.CKF_USER_PIN_LOCKED),
		MinPIN:      info.MinPinLen, MaxPIN: info.MaxPinLen,
		Dialect: d.Name, DeviceIV: d.IV != cryptoki.FromCaller, LargestGCM: d.Largest,
		OAEP: slices.Clone(d.OAEP), Kinds: d.Supported(mechanisms),
		OnlyResident: onlyResident(d, mechanisms), Gaps: d.Gaps(),
	}
	if info.MaxRwSessionCount < unlimited {
		f.MaxSessions = info.MaxRwSessionCount
	}
	if i, err := m.Driver.Info(); err == nil {
		f.Library = i.LibraryDescription + " " + version(i.LibraryVersion)
	}
	if wrap, err := d.Wrapping(mechanisms); err == nil {
		f.KeyWrap = wrap.Name
	}
	for _, code := range mechanisms {
		f.Mechanisms = append(f.Mechanisms, cryptoki.MechanismName(code))
	}
	slices.Sort(f.Mechanisms)
	return f
}

// onlyResident returns the kinds that a token can make and use and not keep wrapped, so that they
// might rest on it.
func onlyResident(d dialect.Dialect, mechanisms []uint) []custody.Kind {
	if !d.OnlyResident(residentBesideRoot, mechanisms) {
		return nil
	}
	return []custody.Kind{residentBesideRoot}
}

func has(info pkcs11.TokenInfo, flag uint) bool { return info.Flags&flag != 0 }

func version(v pkcs11.Version) string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }
