package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"claviger/hsm"
	"claviger/internal/backup"
	"claviger/internal/install"
	"claviger/store"

	"github.com/go-json-experiment/json"
)

// SignBackup has the token sign the manifest of a backup of this service's database, and records it
// in an account. by is the command that asks for it.
func (s *Service) SignBackup(ctx context.Context, manifest []byte, account, by string) (
	mac []byte, err error) {
	m, err := backup.Decode(manifest)
	if err != nil {
		return nil, err
	}
	if m.Installation != s.id || m.Root != s.Token.Root() {
		return nil, fmt.Errorf("the backup is of the installation %s under the root %s, and this "+
			"service is %s under %s", m.Installation, m.Root, s.id, s.Token.Root())
	}
	end, err := backup.BatchOf(s.DB, m.Trail.Batch)
	if err != nil && !errors.Is(err, store.NoRow) {
		return nil, err
	}
	if err != nil || end.SHA256 != m.Trail.SHA256 {
		return nil, fmt.Errorf("the backup's trail ends with a batch %d that this service's doesn't "+
			"have", m.Trail.Batch)
	}
	if mac, err = backup.Sign(ctx, s.Token, manifest); err != nil {
		return nil, err
	}
	r := unlike(s.clock.source.Now(), s.region, "CreateBackup", account, by)
	r.ReadOnly = true
	r.Additional, err = json.Marshal(facts{Batch: m.Trail.Batch, SHA256: m.SHA256, Made: m.Made})
	if err != nil {
		return nil, err
	}
	return mac, s.DB.Commit(nil, func(error) []byte { return r.Append(nil) })
}

// facts are what a record says of a backup.
type facts struct {
	Made   time.Time `json:"made"`
	Batch  int64     `json:"batch"` // the newest in it
	SHA256 string    `json:"sha256"`

	// Of the database that was in its place.
	Replaced int64  `json:"replacedBatch,omitzero"`
	Closed   string `json:"replacedUnread,omitzero"`
	Apart    bool   `json:"replacedApart,omitzero"`
}

// CheckBackup is [backup.Check] by the token of a configuration. A server may be running.
func CheckBackup(ctx context.Context, c Config, file string, quick bool, watch backup.Watch) (
	m *backup.Manifest, err error) {
	token, err := hsm.Open(ctx, c.HSM)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, token.Close()) }()
	return backup.Check(ctx, file, token, quick, watch)
}

// Restoring says which backup is put in the place of a configuration's database.
type Restoring struct {
	File    string
	Quick   bool   // see [backup.Check]
	Account string // that the record is in
	By      string // the command that asks for it
	Watch   backup.Watch

	// Agree is asked before anything is written. Its error ends it.
	Agree func(context.Context, *backup.Outlook) error
}

// Restore puts a backup in the place of the database, once it is proved that it can be, and returns
// under which name that one is kept. No server may be running.
func Restore(ctx context.Context, c Config, r Restoring) (kept string, err error) {
	token, err := hsm.Open(ctx, c.HSM)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, token.Close()) }()
	lock, err := backup.Lock(c.Database)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	m, err := backup.Check(ctx, r.File, token, r.Quick, r.Watch)
	if err != nil {
		return "", err
	}
	outlook, err := backup.Look(ctx, m, r.File, c.Database, c.clocks().Now())
	if err != nil {
		return "", err
	}
	if err := r.Agree(ctx, outlook); err != nil {
		return "", err
	}
	return backup.Put(ctx, backup.Placing{Backup: m, File: r.File, Database: c.Database,
		Now: c.clocks().Now(), Watch: r.Watch, Record: func(path string) error {
			return recordRestore(ctx, c, path, token, r, outlook)
		}})
}

// recordRestore starts with the database as a server does, so that the next start finds the rows
// that are its own, and stores a record of where it came from.
func recordRestore(ctx context.Context, c Config, path string, token *hsm.Token, r Restoring,
	o *backup.Outlook) (err error) {
	db, err := store.Open(ctx, store.Config{Path: path, Log: c.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	in, err := install.Load(ctx, db, token)
	if err != nil {
		return err
	}
	if err := db.KeepRowSets(in.RowSets); err != nil {
		return err
	}
	known := facts{Made: o.Backup.Made, Batch: o.Backup.Trail.Batch, SHA256: o.Backup.SHA256,
		Replaced: o.End.Batch, Apart: o.Apart}
	if o.Closed != nil {
		known.Closed = o.Closed.Error()
	}
	record := unlike(c.clocks().Now(), c.Regions[0], "RestoreBackup", r.Account, r.By)
	if record.Additional, err = json.Marshal(known); err != nil {
		return err
	}
	return db.Commit(nil, func(error) []byte { return record.Append(nil) })
}
