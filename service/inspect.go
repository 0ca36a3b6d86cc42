package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"claviger/audit"
	"claviger/hsm"
	"claviger/internal/install"
	"claviger/store"

	"github.com/google/uuid"
)

// Inspect verifies every signed row of the database and compares the sets of rows with those that
// the service left. A server may be running.
func Inspect(ctx context.Context, c Config) (*install.Inspection, error) {
	token, err := hsm.Open(ctx, c.HSM)
	if err != nil {
		return nil, err
	}
	defer token.Close()
	db, err := store.OpenReader(ctx, c.Database)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	in, err := install.Load(ctx, db, token)
	if err != nil {
		return nil, err
	}
	return in.Inspect(ctx, db, token)
}

// AcceptRows takes the rows that are found for those that the service left, and records it in an
// account. Each of them must have been signed by the service once. by is the command that asks for
// it. No server may be running. It reports whether there was anything to accept.
func AcceptRows(ctx context.Context, c Config, account, by string) (
	found *install.Inspection, accepted bool, err error) {
	token, err := hsm.Open(ctx, c.HSM)
	if err != nil {
		return nil, false, err
	}
	defer token.Close()
	db, err := store.Open(ctx, store.Config{Path: c.Database, Log: c.Log})
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	in, err := install.Load(ctx, db, token)
	if err != nil {
		return nil, false, err
	}
	if found, err = in.Inspect(ctx, db, token); err != nil {
		return nil, false, err
	}
	if found.Bad > 0 || found.Sets == nil {
		return found, false, nil
	}
	err = db.Commit(func(tx *store.Tx) error { return tx.SealRowSets(in.RowSets) },
		func(failed error) []byte {
			r := unlike(c.clocks().Now(), c.Regions[0], "AcceptRows", account, by)
			r.Additional = fmt.Appendf(nil, `{"accepted":%q}`, found.Sets.Error())
			if failed != nil {
				r.ErrorCode = "InternalFailure"
			}
			return r.Append(nil)
		})
	return found, err == nil, err
}

// unlike is the record of what a command has done, and no operation of AWS's is like: its source is
// this program.
func unlike(now time.Time, region, name, account, by string) audit.Record {
	return audit.Record{Time: now, Source: "claviger", Name: name, Region: region,
		SourceIP: by, UserAgent: by, RequestID: uuid.NewString(), EventID: audit.NewEventID(now),
		Account: account, Identity: ownIdentity(account)}
}
