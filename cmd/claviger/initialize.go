package main

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"

	"claviger/cmd/claviger/clients"
	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/hsm"
	"claviger/service"
)

// putAway is what comes after the root user's key: it isn't for every day.
const putAway = "\nIt may do everything in the account. Make an administrator, and put it " +
	"away:\n\nclaviger user create admin --policy arn:aws:iam::aws:policy/AdministratorAccess " +
	"--access-key --config %[1]s\n" +
	"claviger access-key disable %[2]s --config %[1]s\n"

func initialize(ctx context.Context, e *env, args []string) error {
	f := e.Flags("init", "--config FILE --so-pin-file FILE",
		"Makes the root key on the token named in the configuration, the database, and the first "+
			"access key, whose secret is\nprinted once. The token must be initialised, with both PINs "+
			"set. The security officer is needed for this ceremony only.")
	path := f.String("config", "", "`file` of the configuration")
	officer := f.String("so-pin-file", "",
		"`file` with the security officer's PIN, mode 0600; not needed if the token holds "+
			"the root already")
	create := f.Bool("create-token", false,
		"initialise a free slot under hsm.token_label first, with both PINs (SoftHSM2)")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	c, log, err := e.Begin(*path)
	if err != nil {
		return err
	}
	// A ceremony isn't broken off because the terminal went away.
	signal.Ignore(syscall.SIGHUP)
	if *officer != "" {
		// Both are looked at before either is used: a new token would have the officer's already.
		if err := config.CheckPINs(config.PINFile(*officer), c.PIN()); err != nil {
			return err
		}
		root, err := hsm.Initialize(ctx,
			hsm.Ceremony{Config: c.Device(), SOPIN: config.PINFile(*officer), Create: *create})
		if err != nil {
			return err
		}
		fmt.Fprintf(e.Stdout, "Made the root key %s.\n", root)
	}
	s, err := service.Open(ctx,
		service.Config{Database: c.Database, HSM: c.Device(), Regions: c.Regions, Log: log,
			Version: version, Commit: builtFrom(), Create: true, Idle: true})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.CreateAccount(ctx, c.Account, "claviger init"); err != nil {
		return err
	}
	id, secret, err := s.CreateAccessKey(ctx, c.Account, "", "claviger init")
	if err != nil {
		return err
	}
	made := "Made the database"
	if !s.Created {
		made = "An access key was added to the database"
	}
	fmt.Fprintf(e.Stdout, "%s %s.\nThe access key of account %s's root user, shown "+
		"this once:\n\nAWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n", made, c.Database,
		c.Account, id, secret)
	fmt.Fprintf(e.Stdout, putAway, clients.Sourced(*path), id)
	return showTrailKey(ctx, e, s, *path)
}

// showTrailKey says by which key the trail is verified while those are there who trust each other:
// what is noted down now, no later owner of the database can make up.
func showTrailKey(ctx context.Context, e *env, s *service.Service, path string) error {
	key, err := s.TrailKey(ctx)
	if err != nil { // the database is made, and the token may sign nothing at the moment
		fmt.Fprintf(e.Stdout, "\nThe key by which auditors verify the trail isn't made yet:\n"+
			"claviger audit key --config %s\n", clients.Sourced(path))
		return nil
	}
	fmt.Fprintf(e.Stdout, "\nThe key by which auditors verify the trail. Note it down elsewhere, since what "+
		"a database\nsays later proves nothing:\n\n%s\n", key)
	return nil
}
