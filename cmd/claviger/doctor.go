package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/findings"
	"claviger/hsm"
	"claviger/internal/custody"
	"claviger/keystore/residents"
	"claviger/parameters/public"
	"claviger/service"
)

// doctorFlags say what is looked at.
type doctorFlags struct {
	config, module, as string
	database, accept   bool
}

func doctor(ctx context.Context, e *env, args []string) error {
	f := e.Flags("doctor", "[--config FILE [--database [--accept]]] [--module PATH] [--as USER]",
		"Loads the PKCS#11 module, lists its tokens, mechanisms and limits, says what the service will "+
			"do about each gap, and\nprints the configuration to use. With a configuration it looks at "+
			"every file that is needed, logs in and makes a\nround trip. With --database it verifies every "+
			"row that the service has signed, too, and looks for rows that are missing,\nthere again, or "+
			"older than the service left them. The server may be running.")
	var q doctorFlags
	f.StringVar(&q.config, "config", "", "`file` of the configuration")
	f.StringVar(&q.module, "module", "",
		"`path` of the PKCS#11 library; SoftHSM2's if neither is given")
	f.StringVar(&q.as, "as", "", "the `user` that the service runs as: looks at all of it with that "+
		"user's eyes; for root")
	f.BoolVar(&q.database, "database", false, "look at every signed row of the database")
	f.BoolVar(&q.accept, "accept", false, "with --database: take the rows that are there for those "+
		"that the service left, if each is\nsigned. No server may be running, and the trail has a record "+
		"of it")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	switch {
	case q.accept && !q.database:
		return exit.UsageError("doctor: --accept goes with --database")
	case q.database && q.config == "":
		return exit.UsageError("doctor: --database needs --config FILE")
	case q.as != "":
		return q.runAs(ctx, e)
	}
	return q.run(ctx, e)
}

func (q doctorFlags) run(ctx context.Context, e *env) (err error) {
	var c *config.Config
	module := q.module
	if q.config != "" {
		if c, err = config.Read(q.config); err != nil {
			return err
		}
		module = c.HSM.Module
		if err := findings.Files(e.Stdout, c.Files(q.config)); err != nil {
			return err
		}
	}
	if module == "" {
		found, ok := hsm.FindSoftHSM()
		if !ok {
			return exit.UsageError("doctor: SoftHSM2 is not installed; name the device's library with --module")
		}
		module = found
	}
	if err := config.CheckModule(module); err != nil {
		return err
	}
	tokens, err := hsm.Inspect(ctx, module)
	if err != nil {
		return err
	}
	findings.Tokens(e.Stdout, module, tokens)
	if c == nil {
		return nil
	}
	log, err := e.NewLog(c.Log.Format, c.Log.Level)
	if err != nil {
		return err
	}
	if err := printClusters(ctx, e.Stdout, c); err != nil {
		return err
	}
	if _, err := c.Authorities(); err != nil {
		return err
	}
	if err := printPublic(e.Stdout, c); err != nil {
		return err
	}
	if err := printPrograms(ctx, e.Stdout, c); err != nil {
		return err
	}
	command.Harden(log) // the PIN is read from here on
	if err := roundTrip(ctx, e.Stdout, c); err != nil || !q.database {
		return err
	}
	return inspectRows(ctx, e.Stdout, c, log, q.accept)
}

// printClusters says which tokens of the clusters for custom key stores are there. Nobody is logged
// in: their passwords are the stores'.
func printClusters(ctx context.Context, w io.Writer, c *config.Config) error {
	if _, err := c.ServiceClusters(); err != nil {
		return err
	}
	for _, cl := range c.Clusters {
		fmt.Fprintf(w, "\ncluster   %s in %s\n", cl.ID, cl.Module)
		tokens := cl.Tokens()
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

// printPrograms says which rotators' programs can be run on this machine. The service starts
// without those that can't.
func printPrograms(ctx context.Context, w io.Writer, c *config.Config) error {
	all, err := c.ServiceRotators()
	if err != nil {
		return err
	}
	bad := service.CheckPrograms(ctx, all)
	for _, r := range all {
		switch err := bad[r.Name]; {
		case err != nil:
			fmt.Fprintf(w, "\nrotator   %s: NO: its rotations will fail: %v\n", r.Name, err)
		case r.Program != nil:
			fmt.Fprintf(w, "\nrotator   %s: its program can be run\n", r.Name)
		}
	}
	return nil
}

// printPublic says which trees of public parameters there are.
func printPublic(w io.Writer, c *config.Config) error {
	all, err := c.PublicParameters()
	if err != nil {
		return err
	}
	for _, tree := range all.Under(public.List, false, "", all.Len()) {
		fmt.Fprintf(w, "\npublic    %s: parameters for every account, %d\n", tree.Value,
			len(all.Under(tree.Value, true, "", all.Len())))
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
			return "; PIN " + findings.PIN(t)
		}
	}
	return ""
}

// roundTrip opens the token as the service would, and uses a key that it makes and forgets.
func roundTrip(ctx context.Context, w io.Writer, c *config.Config) (err error) {
	fmt.Fprintln(w)
	begin := time.Now()
	t, err := hsm.Open(ctx, c.Device())
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
