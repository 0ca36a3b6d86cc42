package main

import (
	"context"
	"fmt"
	"time"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/place"
	"claviger/cmd/claviger/terminal"
	"claviger/internal/backup"
)

func backupCommand(ctx context.Context, e *env, args []string) error {
	f := e.Flags("backup", "FILE --config FILE",
		"Writes the database as it is at one moment to a new file: a plain SQLite database, with a "+
			"manifest at its end that the\ntoken signs. `claviger restore` proves what it is and puts it "+
			"back. The token itself is not in it.\n\nThe server may be running, and goes on: it is asked to "+
			"have the manifest signed. Otherwise the token is opened as the\nserver would.")
	path := f.String("config", "", "`file` of the configuration")
	file, err := command.ParseName(f, args, "name the file to make")
	if err != nil {
		return err
	}
	c, log, err := e.Begin(*path)
	if err != nil {
		return err
	}
	sign := func(ctx context.Context, manifest []byte) ([]byte, error) {
		here := place.Place{Config: c, Log: log, Database: c.Database}
		return place.Have[[]byte](ctx, here, control.Request{
			Backup: &control.Backup{Account: c.Account, Manifest: manifest}})
	}
	bars := &stages{terminal: e.Terminal()}
	m, err := backup.Make(ctx, backup.Making{Database: c.Database, File: file, Version: version,
		Commit: builtFrom(), Now: time.Now, Watch: bars.watch, Sign: sign})
	bars.end()
	if err != nil {
		return fmt.Errorf("no backup was made: %w", err)
	}
	fmt.Fprintf(e.Stdout, "Made %s.\n", file)
	showBackup(e, m)
	return nil
}

// showBackup says what a backup is.
func showBackup(e *env, m *backup.Manifest) {
	fmt.Fprintf(e.Stdout, "  installation  %s\n  root          %s\n  made          %s, by version %s\n"+
		"  schema        %s\n  trail         up to batch %d, of %s\n  database      %d bytes, SHA-256 %s\n",
		m.Installation, m.Root, command.When(m.Made), m.Version, m.Schema, m.Trail.Batch,
		command.When(m.Trail.At),
		m.Size, m.SHA256)
}

// stages shows how far a work of several stages is.
type stages struct {
	terminal *terminal.Terminal
	stage    *backup.Stage
	progress *terminal.Progress
}

func (b *stages) watch(s *backup.Stage, done, total int64) {
	if s != b.stage {
		b.end()
		b.stage, b.progress = s, b.terminal.NewProgress(s.What, total/s.Unit)
	}
	b.progress.Set(done / s.Unit)
}

func (b *stages) end() {
	if b.progress != nil {
		b.progress.End()
	}
	b.stage, b.progress = nil, nil
}
