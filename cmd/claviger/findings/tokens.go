// Package findings prints what `claviger doctor` has found.
package findings

import (
	"fmt"
	"io"
	"strings"

	"claviger/hsm"
	"claviger/internal/custody"
)

// Tokens prints the tokens of a module, and the configuration to use for the first that was
// initialised.
func Tokens(w io.Writer, module string, tokens []hsm.Facts) {
	fmt.Fprintf(w, "module    %s\n", module)
	if len(tokens) == 0 {
		fmt.Fprintln(w, "          it shows no token: is the device connected, and the library "+
			"configured?")
		return
	}
	fmt.Fprintf(w, "library   %s\n", tokens[0].Library)
	for _, t := range tokens {
		fmt.Fprintln(w)
		if !t.Initialized {
			fmt.Fprintf(w, "slot      empty: a token can be made here\n")
			continue
		}
		token(w, t)
	}
	for _, t := range tokens {
		if t.Initialized {
			suggestion(w, t)
			return
		}
	}
}

func token(w io.Writer, t hsm.Facts) {
	row := func(name string, value any) { fmt.Fprintf(w, "  %-18s %v\n", name, value) }
	fmt.Fprintf(w, "token     %q, serial %s\n", t.Label, t.Serial)
	row("device", strings.TrimSpace(t.Manufacturer+" "+t.Model))
	row("firmware", t.Firmware+", hardware "+t.Hardware)
	row("dialect", t.Dialect)
	row("key wrap", orNone(t.KeyWrap))
	row("GCM IV", map[bool]string{true: "made by the device",
		false: "made by this service (NIST SP 800-38D 8.2.2)"}[t.DeviceIV])
	row("largest message", bytesOr(t.LargestGCM))
	row("RSA-OAEP", orNone(strings.Join(t.OAEP, ", ")))
	row("key kinds", kindsOf(t.Kinds))
	if len(t.OnlyResident) > 0 {
		row("may rest on it", kindsOf(t.OnlyResident)+" (hsm.resident)")
	}
	row("sessions", countOr(t.MaxSessions))
	row("PIN", PIN(t))
	row("mechanisms", fmt.Sprintf("%d: %s", len(t.Mechanisms), strings.Join(t.Mechanisms, " ")))
	for _, gap := range t.Gaps {
		row("GAP", gap)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none: this token can't be used"
	}
	return s
}

// kindsOf lists kinds of keys that the device can hold.
func kindsOf(all []custody.Kind) string {
	var kinds []string
	for _, k := range all {
		kinds = append(kinds, string(k))
	}
	return fmt.Sprintf("%d: %s", len(kinds), strings.Join(kinds, ", "))
}

func bytesOr(n int) string {
	if n == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%d bytes; longer values are refused", n)
}

func countOr(n uint) string {
	if n == 0 {
		return "no limit stated"
	}
	return fmt.Sprint(n)
}

// PIN says what a token has counted of its user's PIN.
func PIN(t hsm.Facts) string {
	switch {
	case t.PINLocked:
		return "LOCKED: the security officer has to unlock it"
	case t.PINFinalTry:
		return "one wrong attempt away from being locked: this service will not log in"
	case t.PINCountLow:
		return "a wrong PIN was tried lately"
	}
	return fmt.Sprintf("%d to %d bytes", t.MinPIN, t.MaxPIN)
}

func suggestion(w io.Writer, t hsm.Facts) {
	fmt.Fprintf(w, `
configuration to use:

listen   = "127.0.0.1:8200"
account  = "111122223333"
regions  = ["us-east-1"]
database = "/var/lib/claviger/claviger.db"

[hsm]
module       = %q
token_serial = %q
pin_file     = "/etc/claviger/pin" # mode 0600
`, t.Module, t.Serial)
}
