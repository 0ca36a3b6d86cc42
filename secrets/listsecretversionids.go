package secrets

import (
	"cmp"
	"math"
	"slices"

	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/store"
)

// ListSecretVersionIdsInput is ListSecretVersionIdsRequest of AWS. Versions without a label are deprecated, and shown
// only if they are asked for.
type ListSecretVersionIdsInput struct {
	SecretId          string  `shape:"SecretIdType,required"`
	MaxResults        *int32  `shape:"MaxResultsType"`
	NextToken         *string `shape:"NextTokenType"`
	IncludeDeprecated *bool   `shape:"BooleanType"` // absent: false
	op.ByShape
}

func (in ListSecretVersionIdsInput) secretID() string { return in.SecretId }

// ListSecretVersionIdsOutput is ListSecretVersionIdsResponse of AWS. Versions come the newest first.
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

// listSecretVersionIds reads no value. With deprecated versions it goes by the index; without, from the labels.
func (s *Secrets) listSecretVersionIds(c *op.Call, in ListSecretVersionIdsInput, l *line) (out ListSecretVersionIdsOutput, err error) {
	all := or(in.IncludeDeprecated, false)
	p, err := s.page(c, "ListSecretVersionIds", text([]any{l.ARN(), all}), int(or(in.MaxResults, usualPage)), in.NextToken)
	if err != nil {
		return out, err
	}
	after := position{math.MaxInt64, ""}
	if p.after != nil {
		after = *p.after
	}
	var found []*version
	if all {
		found, err = s.versionsAfter(c, l.Secret, after, p.size+1)
	} else {
		found, err = s.labelledAfter(c, l.Secret, after)
	}
	out = ListSecretVersionIdsOutput{ARN: l.ARN(), Name: l.Name, Versions: []SecretVersionsListEntry{}}
	for _, v := range found[:min(len(found), p.size)] {
		out.Versions = append(out.Versions, v.entry(l.Secret))
	}
	if len(found) > p.size {
		out.NextToken = s.next(p, found[p.size-1].at())
	}
	return out, err
}

// at is a version's position among those of its secret.
func (v *version) at() position { return position{store.Micros(v.created), v.id} }

// labelledAfter returns the versions with a label that follow a position, the newest first: twenty at most.
func (s *Secrets) labelledAfter(c *op.Call, sec *Secret, at position) (out []*version, err error) {
	for id := range sec.versionsToStages() {
		v, err := s.versionFacts(c, sec, id)
		switch {
		case isNoRow(err):
			err = s.lost(c, sec, id)
		case err == nil && newestFirst(v.at(), at) > 0:
			out = append(out, v)
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b *version) int { return newestFirst(a.at(), b.at()) })
	return out, nil
}

// newestFirst compares two positions in the order of the listing.
func newestFirst(a, b position) int {
	return cmp.Or(cmp.Compare(b.key, a.key), cmp.Compare(b.name, a.name))
}

// defaultKey is how AWS calls the managed key in this listing.
const defaultKey = "DefaultEncryptionKey"

// entry is how a listing shows a version of s.
func (v *version) entry(s *Secret) SecretVersionsListEntry {
	e := SecretVersionsListEntry{VersionId: v.id, VersionStages: s.stages.of(v.id), LastAccessedDate: wire.At(store.FromMicros(v.accessed)),
		CreatedDate: wire.Time{Time: v.created}, KmsKeyIds: []string{defaultKey}}
	if !v.managed {
		e.KmsKeyIds = []string{v.envelope.KeyID}
	}
	return e
}
