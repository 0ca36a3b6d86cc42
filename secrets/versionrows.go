package secrets

import (
	"context"
	"time"

	"claviger/store"
)

var (
	qVersion = store.SQL(`SELECT created, binary, managed, key_id, epoch, accessed, mac, sealed FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND suffix = $5 AND length(sealed) <= $6`)
	qVersionFacts = store.SQL(`SELECT id, created, binary, managed, key_id, epoch, digest, accessed, mac FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND suffix = $5`)
	qVersionsAfter = store.SQL(`SELECT id, created, binary, managed, key_id, epoch, digest, accessed, mac FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND suffix = $4 AND (created, id) < ($5, $6) ORDER BY created DESC, id DESC LIMIT $7`)
	qInsertVersion = store.SQL(`INSERT INTO secret_versions (account, region, name, suffix, id, created, binary, managed, key_id, epoch, digest, accessed, mac, sealed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13)`)
	qResealVersion = store.SQL(`UPDATE secret_versions SET managed = $1, key_id = $2, epoch = $3, digest = $4, mac = $5, sealed = $6
		WHERE account = $7 AND region = $8 AND name = $9 AND id = $10`)
	qCountVersions   = store.SQL(`SELECT count(*) FROM (SELECT 1 FROM secret_versions WHERE account = $1 AND region = $2 AND name = $3 LIMIT $4)`)
	qOldestVersions  = store.SQL(`SELECT id FROM secret_versions WHERE account = $1 AND region = $2 AND name = $3 AND created < $4 ORDER BY created, id LIMIT $5`)
	qDeleteVersion   = store.SQL(`DELETE FROM secret_versions WHERE account = $1 AND region = $2 AND name = $3 AND id = $4`)
	qDeleteVersions  = store.SQL(`DELETE FROM secret_versions WHERE account = $1 AND region = $2 AND name = $3`)
	qVersionAccessed = store.SQL(`UPDATE secret_versions SET accessed = $1
		WHERE account = $2 AND region = $3 AND name = $4 AND id = $5 AND suffix = $6 AND accessed < $1`)
)

// columns is what the MAC of a version's row is over: all but the day of the last access. The sealed value is in it
// by its digest.
func (v *version) columns(s *Secret) []any {
	return []any{s.Account, s.Region, s.Name, s.Suffix, v.id, store.Micros(v.created), flag(v.binary), flag(v.managed),
		v.envelope.KeyID, v.envelope.Epoch, v.digest}
}

// flag is a boolean in its column.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// signVersions returns the MACs of versions of sec.
func (s *Secrets) signVersions(ctx context.Context, sec *Secret, versions []*version) (macs [][]byte, err error) {
	for _, v := range versions {
		mac, err := s.guard.Sign(ctx, "secret_versions", v.columns(sec)...)
		if err != nil {
			return nil, err
		}
		macs = append(macs, mac)
	}
	return macs, nil
}

// putVersions stores what a change says of versions, behind the fence of the secret's row.
func putVersions(tx *store.Tx, sec *Secret, ch *change, added, resealed [][]byte) error {
	for i, v := range ch.add {
		if _, err := tx.Exec(qInsertVersion, append(v.columns(sec), added[i], v.envelope.Sealed)...); err != nil {
			return err
		}
	}
	for i, v := range ch.reseal {
		if err := tx.Change(qResealVersion, flag(v.managed), v.envelope.KeyID, v.envelope.Epoch, v.digest, resealed[i], v.envelope.Sealed,
			sec.Account, sec.Region, sec.Name, v.id); err != nil {
			return err
		}
	}
	for _, id := range ch.prune {
		if _, err := tx.Exec(qDeleteVersion, sec.Account, sec.Region, sec.Name, id); err != nil {
			return err
		}
	}
	return nil
}

// loadVersion reads and verifies a version with its sealed value, if that has no more than limit bytes.
func (s *Secrets) loadVersion(ctx context.Context, sec *Secret, id string, limit int) (*version, error) {
	v := &version{id: id}
	var created int64
	var mac []byte
	err := s.db.Row(qVersion, []any{sec.Account, sec.Region, sec.Name, id, sec.Suffix, limit},
		&created, &v.binary, &v.managed, &v.envelope.KeyID, &v.envelope.Epoch, &v.accessed, &mac, &v.envelope.Sealed)
	if err != nil {
		return nil, err
	}
	v.created, v.digest = store.FromMicros(created), digestOf(v.envelope.Sealed)
	return v, s.guard.Verify(ctx, mac, "secret_versions", v.columns(sec)...)
}

// scanVersion reads the facts of a version without its value, and returns the check of its MAC, to be made when no
// rows are open.
func (s *Secrets) scanVersion(ctx context.Context, sec *Secret, scan func(...any) error) (v *version, check func() error, err error) {
	v = new(version)
	var created int64
	var mac []byte
	err = scan(&v.id, &created, &v.binary, &v.managed, &v.envelope.KeyID, &v.envelope.Epoch, &v.digest, &v.accessed, &mac)
	v.created = store.FromMicros(created)
	return v, func() error { return s.guard.Verify(ctx, mac, "secret_versions", v.columns(sec)...) }, err
}

// versionFacts reads and verifies a version without its value.
func (s *Secrets) versionFacts(ctx context.Context, sec *Secret, id string) (*version, error) {
	v, check, err := s.scanVersion(ctx, sec, func(dest ...any) error {
		return s.db.Row(qVersionFacts, []any{sec.Account, sec.Region, sec.Name, id, sec.Suffix}, dest...)
	})
	if err != nil {
		return nil, err
	}
	return v, check()
}

// versionsAfter reads and verifies up to n versions that follow a position, the newest first.
func (s *Secrets) versionsAfter(ctx context.Context, sec *Secret, at position, n int) (out []*version, err error) {
	var checks []func() error
	err = s.db.Rows(qVersionsAfter, []any{sec.Account, sec.Region, sec.Name, sec.Suffix, at.key, at.name, n}, func(scan func(...any) error) error {
		v, check, err := s.scanVersion(ctx, sec, scan)
		out, checks = append(out, v), append(checks, check)
		return err
	})
	for _, check := range checks {
		if err != nil {
			break
		}
		err = check()
	}
	return out, err
}

const (
	keptVersions = 100            // versions without a label that a secret keeps, about
	safeAge      = 24 * time.Hour // younger ones are never taken away
	pruneAtOnce  = 64             // by one change
)

// outdated returns the versions that go with the next one: the oldest beyond the hundred, unless they have a label or
// are younger than a day. Most secrets have none that old, which one look at the index says.
func (s *Secrets) outdated(sec *Secret, now time.Time) (ids []string, err error) {
	args := []any{sec.Account, sec.Region, sec.Name, store.Micros(now.Add(-safeAge)), pruneAtOnce + maxLabels}
	err = s.db.Rows(qOldestVersions, args, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		if !sec.stages.labelled(id) {
			ids = append(ids, id)
		}
		return err
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	kept := keptVersions + len(sec.stages)
	var n int
	if err := s.db.Row(qCountVersions, []any{sec.Account, sec.Region, sec.Name, kept + pruneAtOnce}, &n); err != nil {
		return nil, err
	}
	return ids[:min(len(ids), max(n+1-kept, 0))], nil
}
