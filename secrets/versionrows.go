package secrets

import (
	"bytes"
	"context"
	"time"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/store"
)

// versionRows signs a version by the digest of its sealed value, so that a listing can verify rows
// without reading up to 64 KiB for each. The day of the last access is bookkeeping.
var versionRows = rowmac.Declare("secret_versions", func(v *version) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &v.account),
		rowmac.Text("region", &v.region),
		rowmac.Text("name", &v.name),
		rowmac.Text("suffix", &v.suffix),
		rowmac.Text("id", &v.id),
		rowmac.Time("created", &v.created),
		rowmac.Flag("binary", &v.binary),
		rowmac.Flag("managed", &v.managed),
		rowmac.Text("key_arn", &v.envelope.KeyARN),
		rowmac.Integer("epoch", &v.envelope.Epoch),
		rowmac.Bytes("digest", &v.digest),
	}
})

// versionKey is how many columns say which version a row is.
const versionKey = 5

var (
	qVersion = store.SQL(`SELECT ` + versionRows.Columns() + `, accessed, sealed
		FROM secret_versions WHERE account = $1 AND region = $2 AND name = $3 AND id = $4
		AND suffix = $5 AND length(sealed) <= $6`)
	qVersionFacts = store.SQL(`SELECT ` + versionRows.Columns() + `, accessed FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND suffix = $5`)
	qVersionsAfter = store.SQL(`SELECT ` + versionRows.Columns() + `, accessed FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND suffix = $4
		AND (created, id) < ($5, $6) ORDER BY created DESC, id DESC LIMIT $7`)
	qInsertVersion = store.SQL(versionRows.InsertWith("sealed", "accessed"))
	qResealVersion = store.SQL(versionRows.UpdateWith(versionKey, "sealed"))
	qCountVersions = store.SQL(`SELECT count(*) FROM (SELECT 1 FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 LIMIT $4)`)
	qOldestVersions = store.SQL(`SELECT id FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND created < $4
		ORDER BY created, id LIMIT $5`)
	qDeleteVersion = store.SQL(`DELETE FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4`)
	qDeleteVersions = store.SQL(`DELETE FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3`)
	qVersionAccessed = store.SQL(`UPDATE secret_versions SET accessed = $1
		WHERE account = $2 AND region = $3 AND name = $4 AND id = $5 AND suffix = $6
		AND accessed < $1`)
)

// prepareVersions signs what a change says of versions and returns what stores it, behind the fence
// of the secret's row.
func (s *Rows) prepareVersions(ctx context.Context, ch *change) (domain.Change, error) {
	var changes []domain.Change
	for _, v := range ch.added {
		values, err := versionRows.Sign(ctx, s.signer, v)
		if err != nil {
			return nil, err
		}
		args := append(values, v.envelope.Sealed, 0)
		changes = append(changes, func(tx *store.Tx) error {
			_, err := tx.Exec(qInsertVersion, args...)
			return err
		})
	}
	for _, v := range ch.resealed {
		values, err := versionRows.Sign(ctx, s.signer, v)
		if err != nil {
			return nil, err
		}
		args := rowmac.KeyLast(append(values, v.envelope.Sealed), versionKey)
		changes = append(changes, func(tx *store.Tx) error {
			return tx.Change(qResealVersion, args...)
		})
	}
	for _, id := range ch.removed {
		changes = append(changes, removeVersion(ch.secret, id))
	}
	return domain.InOrder(changes...), nil
}

func removeVersion(sec *Secret, id string) domain.Change {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qDeleteVersion, sec.Account, sec.Region, sec.Name, id)
		return err
	}
}

// anySize is a limit in bytes that every sealed value keeps: the value's own and what sealing adds.
const anySize = 1 << 20

// loadVersion reads and verifies a version with its sealed value. One whose sealed value has more
// than limit bytes is [store.NoRow], as one that isn't there.
func (s *Rows) loadVersion(ctx context.Context, sec *Secret, id string,
	limit int) (*version, error) {
	args := []any{sec.Account, sec.Region, sec.Name, id, sec.Suffix, limit}
	var accessed int64
	var sealed []byte
	v, err := versionRows.Load(ctx, s.signer, s.db, qVersion, args, &accessed, &sealed)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(digestOf(sealed), v.digest) {
		return nil, versionRows.Edited()
	}
	v.accessed, v.envelope.Sealed = accessed, sealed
	return v, nil
}

// versionFacts reads and verifies a version without its value.
func (s *Rows) versionFacts(ctx context.Context, sec *Secret, id string) (*version, error) {
	args := []any{sec.Account, sec.Region, sec.Name, id, sec.Suffix}
	var accessed int64
	v, err := versionRows.Load(ctx, s.signer, s.db, qVersionFacts, args, &accessed)
	if err != nil {
		return nil, err
	}
	v.accessed = accessed
	return v, nil
}

// versionsAfter reads up to n versions that follow a position, the newest first. They are verified
// when no rows are open any more: the token may be slow.
func (s *Rows) versionsAfter(ctx context.Context, sec *Secret, at position,
	n int) (out []*version, err error) {
	var reads []rowmac.Read
	args := []any{sec.Account, sec.Region, sec.Name, sec.Suffix, at.key, at.name, n}
	err = s.db.Rows(qVersionsAfter, args, func(scan func(...any) error) error {
		v := new(version)
		read, err := versionRows.Scan(scan, v, &v.accessed)
		out, reads = append(out, v), append(reads, read)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, read := range reads {
		if err := read.Verify(ctx, s.signer); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const (
	keptVersions  = 100            // versions without a label that a secret keeps, about
	safeAge       = 24 * time.Hour // younger ones are never removed
	removedAtOnce = 64             // by one change
)

// outdated returns the versions that go with the next one: the oldest beyond the hundred, unless
// they have a label or are younger than a day. Most secrets have none that old, which one look at
// the index says.
func (s *Rows) outdated(sec *Secret, now time.Time) (ids []string, err error) {
	args := []any{sec.Account, sec.Region, sec.Name, store.Micros(now.Add(-safeAge)),
		removedAtOnce + maxLabels}
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
	args = []any{sec.Account, sec.Region, sec.Name, kept + removedAtOnce}
	if err := s.db.Row(qCountVersions, args, &n); err != nil {
		return nil, err
	}
	return ids[:min(len(ids), max(n+1-kept, 0))], nil
}
