package parameterrows

import (
	"bytes"
	"context"
	"slices"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/parameters/parameter"
	"claviger/store"
)

// versionRows signs a version by the digest of its value, so that a listing can verify rows without
// reading up to 8 KiB for each.
var versionRows = rowmac.Declare("parameter_versions", func(v *parameter.Version) []rowmac.Column {
	rests := []rowmac.Column{
		rowmac.Text("key_arn", &v.Value.KeyARN),
		rowmac.Integer("epoch", &v.Value.Epoch),
		rowmac.Bytes("digest", &v.Digest),
	}
	return slices.Concat(placeColumns(&v.Ref, &v.ID), factColumns(&v.Facts), rests)
})

var (
	qVersion = store.SQL(`SELECT ` + versionRows.Columns() + `, value FROM parameter_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND version = $5`)
	qVersions = store.SQL(`SELECT ` + versionRows.Columns() + `, value FROM parameter_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND version > $5
		ORDER BY version LIMIT $6`)
	qInsertVersion = store.SQL(versionRows.InsertWith("value"))
	qDeleteVersion = store.SQL(`DELETE FROM parameter_versions
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND version = $5`)
	qDeleteVersions = store.SQL(`DELETE FROM parameter_versions
		WHERE account = $1 AND region = $2 AND name = $3`)
)

func (s *Rows) prepareVersion(ctx context.Context, v *parameter.Version) (domain.Change, error) {
	if v == nil {
		return nil, nil
	}
	values, err := versionRows.Sign(ctx, s.signer, v)
	if err != nil {
		return nil, err
	}
	args := append(values, v.Value.Rests)
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertVersion, args...)
		return err
	}, nil
}

func removeVersion(ch *Change) domain.Change {
	if ch.Removed == 0 {
		return nil
	}
	p := ch.Before
	return func(tx *store.Tx) error {
		return tx.Change(qDeleteVersion, p.Account, p.Region, p.Name, p.ID, ch.Removed)
	}
}

// Version reads and verifies a version with its value, or returns [store.NoRow].
func (s *Rows) Version(ctx context.Context, p *parameter.Parameter,
	version int64) (*parameter.Version, error) {
	var value []byte
	v, err := versionRows.Load(ctx, s.signer, s.db, qVersion,
		[]any{p.Account, p.Region, p.Name, p.ID, version}, &value)
	if err != nil {
		return nil, err
	}
	return withValue(v, value)
}

// withValue puts into a version the value that its row has beside what is signed.
func withValue(v *parameter.Version, value []byte) (*parameter.Version, error) {
	if !bytes.Equal(parameter.DigestOf(value), v.Digest) {
		return nil, versionRows.Edited()
	}
	v.Value.Rests = value
	return v, nil
}

// VersionsAfter reads up to n versions that follow one, the oldest first. They are verified when no
// rows are open any more: the token may be slow.
func (s *Rows) VersionsAfter(ctx context.Context, p *parameter.Parameter, after int64,
	n int) (out []*parameter.Version, err error) {
	var reads []rowmac.Read
	args := []any{p.Account, p.Region, p.Name, p.ID, after, n}
	err = s.db.Rows(qVersions, args, func(scan func(...any) error) error {
		v := new(parameter.Version)
		read, err := versionRows.Scan(scan, v, &v.Value.Rests)
		out, reads = append(out, v), append(reads, read)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, read := range reads {
		if err := read.Verify(ctx, s.signer); err != nil {
			return nil, err
		}
		if _, err := withValue(out[i], out[i].Value.Rests); err != nil {
			return nil, err
		}
	}
	return out, nil
}
