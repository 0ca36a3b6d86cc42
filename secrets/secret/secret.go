// Package secret is what a secret is: its facts, its versions, and the rules by which staging
// labels move. It has no clock, no database and no key.
package secret

import (
	"slices"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// Secret is one secret as its row says. It is never changed: a change makes a copy
// with the next revision.
type Secret struct {
	Account, Region, Name string
	Suffix                string // the six characters that end the ARN
	Rev                   int64
	Description           string
	Token                 string // the ClientRequestToken that made it without a value, or nothing
	KeyID                 string // the KMS key as the caller named it; empty: the managed key
	Tags                  []Tag  // in order of key
	Tagged                bool   // there has been a tag
	Policy                string // the resource policy as it is stored, or nothing
	Created, Changed      time.Time
	DeletionDate          time.Time // end of the recovery window; zero: not scheduled for deletion

	Stages   Stages
	Before   Stages // those that a change began with; nil of a new secret, and of what was read
	Type     string // of a managed external secret, or nothing
	Owner    string // the service that manages it, or nothing
	Rotation Rotation

	PrimaryRegion string    // of a secret that has replicas or is one, or nothing
	PrimaryRev    int64     // of a copy: the revision of its primary that it was made from
	Replicas      []Replica // of a primary, in order of Region

	Rules *policy.Rules // the policy compiled; nil without one, and of what wasn't read to be used
}

// Ref is a secret's place in table and cache. A name is taken by one secret at a time. The
// suffix tells those apart that had it one after the other.
type Ref struct{ Account, Region, Name string }

func (s *Secret) Ref() Ref { return Ref{s.Account, s.Region, s.Name} }

// ARN returns the secret's Amazon Resource Name.
func (s *Secret) ARN() string { return ARN(s.Account, s.Region, s.Tail()) }

// Tail is the last part of the ARN: the name and the suffix. It names the secret among all that had
// its name.
func (s *Secret) Tail() string { return s.Name + "-" + s.Suffix }

// ARN is the ARN whose last part is tail.
func ARN(account, region, tail string) string {
	return domain.ARN{Service: Service, Region: region, Account: account,
		Resource: ARNResource + tail}.String()
}

// ARNResource stands before the last part of a secret's ARN.
const ARNResource = "secret:"

// SetTags replaces the tags.
func (s *Secret) SetTags(tags []Tag) {
	s.Tags, s.Tagged = tags, s.Tagged || len(tags) > 0
}

// ShownTags are the tags as AWS shows them: none before the first one came, an empty list after the
// last one went.
func (s *Secret) ShownTags() []Tag {
	switch {
	case !s.Tagged:
		return nil
	case s.Tags == nil:
		return []Tag{}
	}
	return s.Tags
}

func (s *Secret) ScheduledForDeletion() bool { return !s.DeletionDate.IsZero() }

// Next returns a copy of s with the next revision, for change to alter.
func (s *Secret) Next(c *op.Call, change func(*Secret)) *Secret {
	next := *s
	next.Rev++
	next.Changed, next.Before = Now(c), s.Stages
	change(&next)
	return &next
}

// Now is the time of a request as rows and answers keep it, to the millisecond. AWS JSON tells no
// more, and an answer must not differ from what is read later.
func Now(c *op.Call) time.Time { return c.Time.UTC().Truncate(time.Millisecond) }

// VersionsToStages turns the labels round: the labelled versions, each with its labels in order.
func (s *Secret) VersionsToStages() map[string][]string {
	out := map[string][]string{}
	for label, id := range s.Stages {
		out[id] = append(out[id], label)
	}
	for _, labels := range out {
		slices.Sort(labels)
	}
	return out
}
