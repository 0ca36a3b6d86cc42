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

func (in ListSecretVersionIdsInput) secretID() string { return in.SecretId }

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
	e *entry) (out ListSecretVersionIdsOutput, err error) {
	all := domain.Or(in.IncludeDeprecated, false)
	listing, size := rowmac.JSONText([]any{e.ARN(), all}), int(domain.Or(in.MaxResults, usualPage))
	p, after, err := s.page(c, "ListSecretVersionIds", listing, size, in.NextToken,
		position{key: math.MaxInt64})
	if err != nil {
		return out, err
	}
	read := s.rows.accessesOnTheirWay(e.ARN())
	var found []*version
	if all {
		found, err = s.rows.versionsAfter(c, e.Secret, after, p.Size+1)
	} else {
		found, err = s.labelledAfter(c, e.Secret, after)
	}
	if err != nil {
		return out, err
	}
	found, next := domain.Cut(p, found, func(v *version) string { return positionOf(v).String() })
	out = ListSecretVersionIdsOutput{ARN: e.ARN(), Name: e.Name, NextToken: next,
		Versions: []SecretVersionsListEntry{}}
	for _, v := range found {
		v.accessed = max(v.accessed, read[v.id])
		out.Versions = append(out.Versions, versionEntry(v, e.stages))
	}
	return out, nil
}

// positionOf is a version's position among those of its secret.
func positionOf(v *version) position { return position{key: store.Micros(v.created), name: v.id} }

// labelledAfter returns the versions with a label that follow a position, the newest first: twenty
// at most.
func (s *Secrets) labelledAfter(ctx context.Context, sec *Secret,
	at position) (out []*version, err error) {
	for id := range sec.versionsToStages() {
		v, err := s.rows.versionFacts(ctx, sec, id)
		switch {
		case domain.IsNoRow(err):
			err = s.versions.versionGone(ctx, sec, id)
		case err == nil && newestFirst(positionOf(v), at) > 0:
			out = append(out, v)
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b *version) int { return newestFirst(positionOf(a), positionOf(b)) })
	return out, nil
}

// newestFirst compares two positions in the order of the listing.
func newestFirst(a, b position) int {
	return cmp.Or(cmp.Compare(b.key, a.key), cmp.Compare(b.name, a.name))
}

// defaultKey is how AWS calls the managed key in this listing.
const defaultKey = "DefaultEncryptionKey"

// versionEntry is how a listing shows a version, with the labels that are attached to it.
func versionEntry(v *version, labels stages) SecretVersionsListEntry {
	e := SecretVersionsListEntry{VersionId: v.id, VersionStages: labels.of(v.id),
		LastAccessedDate: wire.At(store.FromMicros(v.accessed)),
		CreatedDate:      wire.Time{Time: v.created}, KmsKeyIds: []string{defaultKey}}
	if !v.managed {
		// As the owner of the key calls it, unless that is another account.
		e.KmsKeyIds = []string{strings.TrimPrefix(v.envelope.KeyARN, v.kmsARN("key/"))}
	}
	return e
}
