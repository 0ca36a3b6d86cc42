package hsm

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/module"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
)

// Config names a token and says how to use it.
type Config struct {
	Module string // path of the PKCS#11 library

	// Exactly one of these selects the token. There is no way to select by slot number: SoftHSM
	// renumbers its slots, and others do when a device is replaced.
	TokenLabel, TokenSerial string

	// PIN is read at every login and wiped afterwards, so that it doesn't lie in
	// memory between logins.
	PIN func() ([]byte, error)

	// SparePIN refuses the first login with [ErrPINCount] if the token says that a wrong PIN was
	// tried since the last right one (CKF_USER_PIN_COUNT_LOW). Later logins try the PIN that was
	// right before.
	SparePIN bool

	// Resident are the kinds of which new keys rest on the token and not wrapped beside it, for
	// kinds that it can't wrap. Ed25519Sign is the only one; of a [Vault] there are none to choose.
	Resident []custody.Kind

	// MaxSessions are for the use of keys, beside those that each Token keeps for itself: four, and
	// those that load keys, eight at most. 0: as many as suit the device.
	MaxSessions int

	// HandleCache counts unwrapped keys that are kept on the token; 0: 2,000. A live object costs
	// SoftHSM 9 KiB.
	HandleCache int

	// Timeout is that of any single call to the module, waiting for a session included; 0: 5 s.
	Timeout time.Duration

	// Generation is the same of making an RSA key pair, which takes the device seconds; 0: 60 s.
	Generation time.Duration

	Log     *slog.Logger // nil: slog.Default
	Observe Observer     // nil: nobody
}

// Observer is told of every call, for metrics. Its methods are called
// concurrently and must not block.
type Observer interface {
	Call(function string, d time.Duration, failed bool) // an operation of Token, e.g. "Seal"
	Handle(hit bool)                                    // whether a material's handle was cached
	Shed()                                              // a call would have waited too long
}

const (
	defaultHandles    = 2000
	defaultTimeout    = 5 * time.Second
	defaultGeneration = time.Minute
)

// withDefaults returns the configuration with its defaults filled in.
func (c Config) withDefaults() (Config, error) {
	if (c.TokenLabel == "") == (c.TokenSerial == "") {
		return c, errors.New(
			"hsm: select the token by its label or by its serial number, and by one of them only")
	}
	if c.Module == "" || c.PIN == nil {
		return c, errors.New("hsm: a module and a PIN are needed")
	}
	for _, k := range c.Resident {
		if k != residentBesideRoot {
			return c, fmt.Errorf("hsm: keys of kind %s don't rest on the token", k)
		}
	}
	if c.HandleCache <= 0 {
		c.HandleCache = defaultHandles
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Generation <= 0 {
		c.Generation = defaultGeneration
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.Log = c.Log.With("token", c.TokenLabel+c.TokenSerial)
	return c, nil
}

// token is what the configuration selects the token by.
func (c Config) token() module.Selector {
	return module.Selector{Label: c.TokenLabel, Serial: c.TokenSerial}
}

// sessions returns how many sessions may be open: for the use of keys, which is what is configured
// or what suits the device, for loading them, and beside those that hang; but in all, with those
// that a login keeps for itself, never more than the device allows.
func (c Config) sessions(d dialect.Dialect, limit uint) (keys, loaders, spare int32) {
	n := c.MaxSessions
	if n <= 0 {
		n = max(d.Sessions, 2*runtime.GOMAXPROCS(0))
	}
	if limit == 0 || limit >= unlimited {
		return int32(n), mostLoaders, int32(session.MostHung * n)
	}
	free := int(limit) - session.Reserved - session.Generators
	load := min(max(n/2, 1), mostLoaders, max(free/4, 1))
	n = max(min(n, free-load), 1)
	return int32(n), int32(load), int32(min(max(free-load-n, 0), session.MostHung*n))
}

// mostLoaders bounds the sessions that load keys. A device that is far away needs them all when it
// lost a thousand keys; they are opened only when so many are wanted at once.
const mostLoaders = 8

// unlimited is less than CK_UNAVAILABLE_INFORMATION, which is all ones, and more than any device
// allows. CK_EFFECTIVELY_INFINITE is 0.
const unlimited = 1 << 30
