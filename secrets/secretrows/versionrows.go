package secretrows

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/secrets/secret"
	"claviger/store"
)

// versionRows signs a version by the digest of its sealed value, so that a listing can verify rows
// without reading up to 64 KiB for each. The day of the last access is bookkeeping.
var versionRows = rowmac.Declare("secret_versions", func(v *secret.Version) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &v.Account),
		rowmac.Text("region", &v.Region),
		rowmac.Text("name", &v.Name),
		rowmac.Text("suffix", &v.Suffix),
		rowmac.Text("id", &v.ID),
		rowmac.Time("created", &v.Created),
		rowmac.Flag("binary", &v.Binary),
		rowmac.Flag("managed", &v.Managed),
		rowmac.Text("key_arn", &v.Envelope.KeyARN),
		rowmac.Integer("epoch", &v.Envelope.Epoch),
		rowmac.Bytes("digest", &v.Digest),
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
	qNewestVersions = store.SQL(`SELECT id FROM secret_versions
		WHERE account = $1 AND region = $2 AND name = $3 ORDER BY created DESC, id DESC LIMIT $4`)
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
func (s *Rows) prepareVersions(ctx context.Context, ch *Change) (domain.Change, error) {
	var changes []domain.Change
	for _, v := range ch.Added {
		values, err := versionRows.Sign(ctx, s.signer, v)
		if err != nil {
			return nil, err
		}
		args := append(values, v.Envelope.Sealed, 0)
		changes = append(changes, func(tx *store.Tx) error {
			_, err := tx.Exec(qInsertVersion, args...)
			return err
		})
	}
	for _, v := range ch.Resealed {
		values, err := versionRows.Sign(ctx, s.signer, v)
		if err != nil {
			return nil, err
		}
		args := rowmac.KeyLast(append(values, v.Envelope.Sealed), versionKey)
		changes = append(changes, func(tx *store.Tx) error {
			return tx.Change(qResealVersion, args...)
		})
	}
	for _, id := range ch.Removed {
		changes = append(changes, removeVersion(ch.Secret, id))
	}
	return domain.InOrder(changes...), nil
}

func removeVersion(sec *secret.Secret, id string) domain.Change {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qDeleteVersion, sec.Account, sec.Region, sec.Name, id)
		return err
	}
}

// AnySize is a limit in bytes that every sealed value keeps: the value's own and what sealing adds.
const AnySize = 1 << 20

// Version reads and verifies a version with its sealed value. One whose sealed value has more
// than limit bytes is [store.NoRow], as one that isn't there.
func (s *Rows) Version(ctx context.Context, sec *secret.Secret, id string,
	limit int) (*secret.Version, error) {
	args := []any{sec.Account, sec.Region, sec.Name, id, sec.Suffix, limit}
	var accessed int64
	var sealed []byte
	v, err := versionRows.Load(ctx, s.signer, s.db, qVersion, args, &accessed, &sealed)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(secret.DigestOf(sealed), v.Digest) {
		return nil, versionRows.Edited()
	}
	v.Accessed, v.Envelope.Sealed = accessed, sealed
	return v, nil
}

// Facts reads and verifies a version without its value.
func (s *Rows) Facts(ctx context.Context, sec *secret.Secret, id string) (*secret.Version, error) {
	args := []any{sec.Account, sec.Region, sec.Name, id, sec.Suffix}
	var accessed int64
	v, err := versionRows.Load(ctx, s.signer, s.db, qVersionFacts, args, &accessed)
	if err != nil {
		return nil, err
	}
	v.Accessed = accessed
	return v, nil
}

// VersionsAfter reads up to n versions that follow a position, the newest first. They are verified
// when no rows are open any more: the token may be slow.
func (s *Rows) VersionsAfter(ctx context.Context, sec *secret.Secret, at Position,
	n int) (out []*secret.Version, err error) {
	var reads []rowmac.Read
	args := []any{sec.Account, sec.Region, sec.Name, sec.Suffix, at.Key, at.Name, n}
	err = s.db.Rows(qVersionsAfter, args, func(scan func(...any) error) error {
		v := new(secret.Version)
		read, err := versionRows.Scan(scan, v, &v.Accessed)
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

// Outdated returns the versions that go with the next one: the oldest beyond the hundred, unless
// they have a label or are younger than a day. Most secrets have none that old, which one look at
// the index says. While the clock is in doubt nobody knows how old they are, and none goes.
func (s *Rows) Outdated(c *op.Call, sec *secret.Secret) (ids []string, err error) {
	args := []any{sec.Account, sec.Region, sec.Name, store.Micros(c.Settled().At().Add(-safeAge)),
		removedAtOnce + secret.MaxLabels}
	err = s.db.Rows(qOldestVersions, args, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		if !sec.Stages.Labelled(id) && !sec.Kept(id) {
			ids = append(ids, id)
		}
		return err
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	kept := keptVersions + len(sec.Stages)
	var n int
	args = []any{sec.Account, sec.Region, sec.Name, kept + removedAtOnce}
	if err := s.db.Row(qCountVersions, args, &n); err != nil {
		return nil, err
	}
	return ids[:min(len(ids), max(n+1-kept, 0))], nil
}

// Foremost returns the versions that are worth telling of one by one: those with a label and the
// hundred newest without, and whether there are more.
func (s *Rows) Foremost(sec *secret.Secret) (ids []string, more bool, err error) {
	labelled := map[string]bool{}
	for _, id := range sec.Stages {
		labelled[id] = true
	}
	ids = slices.Sorted(maps.Keys(labelled))
	most := len(ids) + keptVersions
	args := []any{sec.Account, sec.Region, sec.Name, most + 1}
	err = s.db.Rows(qNewestVersions, args, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		switch {
		case labelled[id]:
		case len(ids) == most:
			more = true
		default:
			ids = append(ids, id)
		}
		return err
	})
	return ids, more, err
}
