// Package exit is how commands say what went wrong: in one sentence, with what to do next in
// another, and by a code of its own for each way of failing to start.
package exit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"claviger/hsm"
	"claviger/internal/backup"
	"claviger/internal/install"
	"claviger/store"
)

// Mistakes of the command line, of the configuration, of file modes, and of what a PIN is kept in;
// and a trail that is not what was signed over it.
var (
	ErrUsage   = errors.New("usage")
	ErrConfig  = errors.New("configuration")
	ErrExposed = errors.New("file mode")
	ErrPIN     = errors.New("PIN")
	ErrTrail   = errors.New("trail")
)

// UsageError returns a mistake of the command line.
func UsageError(format string, args ...any) error {
	return Mark(fmt.Errorf(format, args...), ErrUsage)
}

// ConfigError returns a mistake of the configuration.
func ConfigError(format string, args ...any) error {
	return Mark(fmt.Errorf(format, args...), ErrConfig)
}

// Mark returns an error that is also another, without saying so.
func Mark(err, is error) error { return marked{err, is} }

type marked struct {
	error
	is error
}

func (m marked) Unwrap() []error { return []error{m.error, m.is} }

// Ended is the exit code of a command of ours that has said itself what went wrong.
type Ended int

func (e Ended) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// exits gives every way of failing to start a code of its own, for scripts and units.
// docs/operating.md has this table.
var exits = []struct {
	is   error
	code int
	hint string
}{
	{syscall.EROFS, 32, "Where it is written to, the unit has to allow it: ReadWritePaths=."},
	// Before what follows from it: a library that may not read its files doesn't start.
	{hsm.ErrFiles, 32, asUser},
	{fs.ErrPermission, 32, asUser},
	{ErrUsage, 2, ""},
	{ErrConfig, 3, ""},
	{ErrExposed, 4, ""},
	{ErrPIN, 13, ""},
	{hsm.ErrModule, 10, "Is the module's path right? `claviger doctor --module PATH` tries it; " +
		"`make softhsm` installs SoftHSM2."},
	{hsm.ErrNotStarted, 10, "Its path is right. Does it find its own configuration " +
		"(SOFTHSM2_CONF, ChrystokiConfigurationPath, CKNFAST_*), and its device?"},
	{hsm.ErrNoToken, 11, "`claviger doctor` lists the tokens that are there."},
	{hsm.ErrNoAuthenticator, 19, ""},
	{hsm.ErrAmbiguous, 12, "Select the token by its serial number."},
	{hsm.ErrPIN, 13, "Correct the PIN before you start again: a device locks it after a few wrong " +
		"ones."},
	{hsm.ErrPINLocked, 14, "The security officer of the token has to unlock it."},
	{hsm.ErrNoRoot, 15, "`claviger init` makes one."},
	{hsm.ErrUnsafe, 16, "docs/threat-model.md says what each gap means."},
	{hsm.ErrMechanism, 17, "`claviger doctor` says which."},
	{hsm.ErrExists, 18, "`claviger serve` uses it."},
	{store.ErrLocked, 20, "Stop the other server, or give this one a database of its own."},
	{store.ErrNewer, 21, "Install the version that wrote it, or a later one."},
	{store.ErrChanged, 22, ""},
	{store.ErrHistory, 22, ""},
	{store.ErrOlder, 23, ""},
	{store.ErrExposed, 4, "Take the rights of others away: chmod 0600."},
	{install.ErrAbsent, 24, ""},
	{install.ErrForeign, 25, ""},
	{install.ErrChanged, 26, "Find out who can write to the database before you start again."},
	{store.ErrSchema, 27, "Somebody has changed it: find out who, and restore the database from a backup " +
		"of before."},
	{store.ErrRows, 28, "Find out who can write to the database. " +
		"docs/operating.md says how to look at every row, and how to go on."},
	{backup.ErrUnfit, 34, ""},
	{ErrTrail, 35, "Keep a copy of the database as it is. docs/operating.md says what each fault means."},
	{syscall.EADDRINUSE, 30, "Another program listens there. Choose another address, or stop it."},
	{store.ErrHangs, 33, "Look at the disk, and start again once it answers: nothing that was acknowledged is " +
		"lost."},
	{store.ErrFull, 31, "Make room and start again: nothing that was acknowledged is lost."},
	{syscall.ENOSPC, 31, "Make room and start again: nothing that was acknowledged is lost."},
}

// asUser is the way to look at files with the eyes of the service's user.
const asUser = "`claviger doctor --config FILE --as USER`, as root, shows what a user can do with " +
	"each file that is needed."

// Report says what went wrong in one sentence, and what to do next in another,
// and returns the exit code.
func Report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	if code := Ended(0); errors.As(err, &code) {
		return int(code)
	}
	fmt.Fprintln(w, "claviger:", err)
	for _, x := range exits {
		if errors.Is(err, x.is) {
			if x.hint != "" {
				fmt.Fprintln(w, x.hint)
			}
			return x.code
		}
	}
	return 1
}
