package secrets

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/internal/wire"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/store"
)

// ListSecretVersionIdsInput lists the versions of a secret. Those without a label are deprecated,
// and shown only if they are asked for.
type ListSecretVersionIdsInput struct {
	SecretId          string  `shape:"SecretIdType,required"`
	MaxResults        *int32  `shape:"MaxResultsType"` // 1 to 100; absent: 100
	NextToken         *string `shape:"NextTokenType"`
	IncludeDeprecated *bool   `shape:"BooleanType"` // absent: false
	op.ByShape
}

func (in ListSecretVersionIdsInput) SecretID() string { return in.SecretId }

// ListSecretVersionIdsOutput is a page. Versions come the newest first.
type ListSecretVersionIdsOutput struct {
	Versions  []SecretVersionsListEntry
	NextToken string `json:",omitzero"`
	ARN, Name string
}

// SecretVersionsListEntry is one version of a listing.
type SecretVersionsListEntry struct {
	VersionId        string
	VersionStages    []string   `json:",omitempty"` // absent for a deprecated version
	LastAccessedDate *wire.Time `json:",omitzero"`  // a day
	CreatedDate      wire.Time
	KmsKeyIds        []string // the id of the key it is sealed by, or DefaultEncryptionKey
}

// listSecretVersionIds reads no value. With deprecated versions it goes by the index; without, from
// the labels.
func (s *Secrets) listSecretVersionIds(c *op.Call, in ListSecretVersionIdsInput,
	e *secretrows.Entry) (out ListSecretVersionIdsOutput, err error) {
	all := domain.Or(in.IncludeDeprecated, false)
	listing, size := rowmac.JSONText([]any{e.ARN(), all}), int(domain.Or(in.MaxResults, usualPage))
	p, after, err := s.page(c, "ListSecretVersionIds", listing, size, in.NextToken,
		secretrows.Position{Key: math.MaxInt64})
	if err != nil {
		return out, err
	}
	read := s.rows.AccessesOnTheirWay(e.ARN())
	var found []*secret.Version
	if all {
		found, err = s.rows.VersionsAfter(c, e.Secret, after, p.Size+1)
	} else {
		found, err = s.labelledAfter(c, e.Secret, after)
	}
	if err != nil {
		return out, err
	}
	found, next := domain.Cut(p, found,
		func(v *secret.Version) string { return positionOf(v).String() })
	out = ListSecretVersionIdsOutput{ARN: e.ARN(), Name: e.Name, NextToken: next,
		Versions: []SecretVersionsListEntry{}}
	for _, v := range found {
		v.Accessed = max(v.Accessed, read[v.ID])
		out.Versions = append(out.Versions, versionEntry(v, e.Stages))
	}
	return out, nil
}

// positionOf is a version's position among those of its secret.
func positionOf(v *secret.Version) secretrows.Position {
	return secretrows.Position{Key: store.Micros(v.Created), Name: v.ID}
}

// labelledAfter returns the versions with a label that follow a position, the newest first: twenty
// at most.
func (s *Secrets) labelledAfter(ctx context.Context, sec *secret.Secret,
	at secretrows.Position) (out []*secret.Version, err error) {
	for id := range sec.VersionsToStages() {
		if id == sec.Rotation.Empty {
			continue
		}
		v, err := s.rows.Facts(ctx, sec, id)
		switch {
		case domain.IsNoRow(err):
			err = s.versions.Gone(ctx, sec, id)
		case err == nil && newestFirst(positionOf(v), at) > 0:
			out = append(out, v)
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b *secret.Version) int {
		return newestFirst(positionOf(a), positionOf(b))
	})
	return out, nil
}

// newestFirst compares two positions in the order of the listing.
func newestFirst(a, b secretrows.Position) int {
	return cmp.Or(cmp.Compare(b.Key, a.Key), cmp.Compare(b.Name, a.Name))
}

// defaultKey is how AWS calls the managed key in this listing.
const defaultKey = "DefaultEncryptionKey"

// versionEntry is how a listing shows a version, with the labels that are attached to it.
func versionEntry(v *secret.Version, labels secret.Stages) SecretVersionsListEntry {
	e := SecretVersionsListEntry{VersionId: v.ID, VersionStages: labels.Of(v.ID),
		LastAccessedDate: wire.At(store.FromMicros(v.Accessed)),
		CreatedDate:      wire.Time{Time: v.Created}, KmsKeyIds: []string{defaultKey}}
	if !v.Managed {
		// As the owner of the key calls it, unless that is another account.
		e.KmsKeyIds = []string{strings.TrimPrefix(v.Envelope.KeyARN, v.KMSARN("key/"))}
	}
	return e
}
