package hsm

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"claviger/internal/custody"
)

// Config names a token and says how to use it.
type Config struct {
	Module string // path of the PKCS#11 library

	// Exactly one of these selects the token. There is no way to select by slot number: SoftHSM renumbers
	// its slots, and others do when a device is replaced.
	TokenLabel, TokenSerial string

	// PIN is read at every login and wiped afterwards, so that it doesn't lie in memory between logins.
	PIN func() ([]byte, error)

	// Resident are the kinds of which new keys rest on the token and not wrapped beside it, for kinds that it can't wrap. Ed25519Sign
	// is the only one; of a [Vault] there are none to choose.
	Resident []custody.Kind

	MaxSessions int           // beside the four that each Token keeps for itself; 0: what suits the device
	HandleCache int           // unwrapped keys kept on the token; 0: 2,000 (a live object costs SoftHSM 9 KiB)
	Timeout     time.Duration // of any single call to the module, waiting for a session included; 0: 5 s
	Generation  time.Duration // the same of making an RSA key pair, which takes the device seconds; 0: 60 s

	Log     *slog.Logger // nil: slog.Default
	Observe Observer     // nil: nobody
}

// Observer is told of every call, for metrics. Its methods are called concurrently and must not block.
type Observer interface {
	Call(function string, d time.Duration, failed bool) // an operation of Token, e.g. "Seal"
	Handle(hit bool)                                    // whether a material's handle was in the cache
}

// The ways in which a token can be unfit to start with. Each is one sentence for the operator; what is
// wrapped around it says which token and what the module answered.
var (
	ErrModule    = errors.New("hsm: the PKCS#11 module can't be loaded or initialised")
	ErrNoToken   = errors.New("hsm: no token has the configured label or serial number")
	ErrAmbiguous = errors.New("hsm: more than one token or object answers to a name that must be unique")
	ErrPIN       = errors.New("hsm: the token refuses the PIN; it will not be tried again")
	ErrPINLocked = errors.New("hsm: the PIN is locked, or one wrong attempt away from it")
	ErrNoRoot    = errors.New("hsm: the token holds no root key of this service; make one with init")
	ErrUnsafe    = errors.New("hsm: the token allows something that would give keys away")
	ErrMechanism = errors.New("hsm: the token lacks a mechanism that the service needs")
	ErrExists    = errors.New("hsm: the token already holds a root key")
	ErrTaken     = errors.New("hsm: somebody in this process is logged in to the token already, so the PIN can't be tried")
	ErrNoUser    = errors.New("hsm: the token has no user to log in as")
)

const (
	defaultHandles    = 2000
	defaultTimeout    = 5 * time.Second
	defaultGeneration = time.Minute
)

// settled returns the configuration with its defaults filled in.
func (c Config) settled() (Config, error) {
	if (c.TokenLabel == "") == (c.TokenSerial == "") {
		return c, errors.New("hsm: select the token by its label or by its serial number, and by one of them only")
	}
	if c.Module == "" || c.PIN == nil {
		return c, errors.New("hsm: a module and a PIN are needed")
	}
	for _, k := range c.Resident {
		if k != (rooted{}).rests() {
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

// sessions returns how many sessions the pool may open: what is configured or what suits the device, but
// never more than the device allows after those that are kept aside.
func (c Config) sessions(d dialect, limit uint) int {
	n := c.MaxSessions
	if n <= 0 {
		n = max(d.sessions, 2*runtime.GOMAXPROCS(0))
	}
	if limit != 0 && limit < 1<<30 { // 0 and all ones: CK_EFFECTIVELY_INFINITE, CK_UNAVAILABLE_INFORMATION
		n = min(n, int(limit)-keptAside-generators)
	}
	return max(n, 1)
}

// keptAside counts the anchor session, which keeps the login, and the owner session, which keeps the handles.
// generators is how many key pairs are made at once in sessions of their own, if any are.
const (
	keptAside  = 2
	generators = 2
)
