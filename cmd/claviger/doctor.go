package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"claviger/hsm"
	"claviger/internal/custody"
	"claviger/keystore/residents"
)

func doctor(ctx context.Context, e *env, args []string) error {
	f := e.flags("doctor", "[--config FILE] [--module PATH] [--as USER]",
		"Loads the PKCS#11 module, lists its tokens, mechanisms and limits, says what the service will "+
			"do about each gap, and\nprints the configuration to use. With a configuration it looks at "+
			"every file that is needed, logs in and makes a\nround trip.")
	path := f.String("config", "", "`file` of the configuration")
	module := f.String("module", "", "`path` of the PKCS#11 library; SoftHSM2's if neither is given")
	as := f.String("as", "", "the `user` that the service runs as: looks at all of it with that user's "+
		"eyes; for root")
	if err := parse(f, args); err != nil {
		return err
	}
	if *as != "" {
		return doctorAs(ctx, e, *as, *path, *module)
	}
	var c *config
	if *path != "" {
		var err error
		if c, err = readConfig(*path); err != nil {
			return err
		}
		*module = c.HSM.Module
		if err := printFiles(e.stdout, c.files(*path)); err != nil {
			return err
		}
	}
	if *module == "" {
		found, ok := hsm.FindSoftHSM()
		if !ok {
			return usageError("doctor: SoftHSM2 is not installed; name the device's library with --module")
		}
		*module = found
	}
	if err := steady(*module, byOthers); err != nil {
		return err
	}
	tokens, err := hsm.Inspect(ctx, *module)
	if err != nil {
		return err
	}
	printTokens(e.stdout, *module, tokens)
	if c == nil {
		return nil
	}
	log, err := e.newLog(c.Log.Format, c.Log.Level)
	if err != nil {
		return err
	}
	if err := printClusters(ctx, e.stdout, c); err != nil {
		return err
	}
	if _, err := c.issuers(); err != nil {
		return err
	}
	harden(log) // the PIN is read from here on
	return roundTrip(ctx, e.stdout, c)
}

// printClusters says which tokens of the clusters for custom key stores are there. Nobody is logged
// in: their passwords are the stores'.
func printClusters(ctx context.Context, w io.Writer, c *config) error {
	if _, err := c.clusters(); err != nil {
		return err
	}
	for _, cl := range c.Clusters {
		fmt.Fprintf(w, "\ncluster   %s in %s\n", cl.ID, cl.Module)
		tokens := cl.tokens()
		active, err := hsm.Survey(ctx, tokens)
		if err != nil {
			fmt.Fprintf(w, "  its stores can't be connected: %v\n", err)
			continue
		}
		n := 0
		for i, t := range tokens {
			state := "missing, or without a user's PIN"
			if active[i] {
				state = "active" + pinOf(ctx, t)
				n++
			}
			fmt.Fprintf(w, "  token %-12q %s\n", t.TokenLabel+t.TokenSerial, state)
		}
		if n < 2 && !cl.Single {
			fmt.Fprintln(w, "  AWS asks for two active HSMs: no store and no key can be made here. For "+
				"one, set single = true")
		}
	}
	return nil
}

// pinOf says what a token has counted of its user's PIN, if anything.
func pinOf(ctx context.Context, c hsm.Config) string {
	all, err := hsm.Inspect(ctx, c.Module)
	if err != nil {
		return ""
	}
	for _, t := range all {
		named := c.TokenSerial == "" && t.Label == c.TokenLabel || t.Serial == c.TokenSerial
		if named && (t.PINLocked || t.PINFinalTry || t.PINCountLow) {
			return "; PIN " + pinState(t)
		}
	}
	return ""
}

func printTokens(w io.Writer, module string, tokens []hsm.Facts) {
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
		printToken(w, t)
	}
	for _, t := range tokens {
		if t.Initialized {
			printSuggestion(w, t)
			return
		}
	}
}

func printToken(w io.Writer, t hsm.Facts) {
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
	row("PIN", pinState(t))
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

func pinState(t hsm.Facts) string {
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

func printSuggestion(w io.Writer, t hsm.Facts) {
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

// roundTrip opens the token as the service would, and uses a key that it makes and forgets.
func roundTrip(ctx context.Context, w io.Writer, c *config) (err error) {
	fmt.Fprintln(w)
	begin := time.Now()
	t, err := hsm.Open(ctx, c.device())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	fmt.Fprintf(w, "logged in, found root %s with its canary and its authenticator, and tried what "+
		"must be forbidden: refused (%s)\n",
		t.Root(), time.Since(begin).Round(time.Millisecond))
	for _, spec := range c.HSM.Resident {
		fmt.Fprintf(w, "new keys of the spec %s rest on this token, %d at most: no backup of the "+
			"database has them, and they are gone with the token\n", spec, residents.MostOnOwnToken)
	}
	begin = time.Now()
	m, err := t.Generate(ctx, "doctor "+rand.Text(), custody.AES256)
	if err != nil {
		return err
	}
	sealed, err := t.Seal(ctx, m.Rest(), []byte("claviger doctor"), nil)
	if err != nil {
		return err
	}
	back, err := t.Unseal(ctx, m.Rest(), sealed, nil)
	if err != nil || string(back) != "claviger doctor" {
		return fmt.Errorf("what was sealed did not come back: %w", err)
	}
	t.Forget(m.ID)
	fmt.Fprintf(w, "generated, wrapped, unwrapped, sealed and opened with a key of its own (%s)\n",
		time.Since(begin).Round(time.Microsecond))
	return nil
}
