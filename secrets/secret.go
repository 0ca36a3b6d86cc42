package secrets

import (
	"slices"
	"time"

	"claviger/internal/envelope"
	"claviger/internal/op"
)

// Secret is one secret as its row says. It is never changed: a change makes a copy with the next revision.
type Secret struct {
	Account, Region, Name string
	Suffix                string // the six characters that end the ARN
	Rev                   int64
	Description           string
	KeyID                 string // the KMS key as the caller named it; empty: the key that the service manages
	Tags                  []Tag  // in order of key
	Created, Changed      time.Time
	Deletes               time.Time // end of the recovery window, or zero

	stages stages
}

// ARN returns the secret's Amazon Resource Name.
func (s *Secret) ARN() string { return arnPrefix(s.Account, s.Region) + s.tail() }

// tail is the last part of the ARN: the name and the suffix. It names the secret among all of its name.
func (s *Secret) tail() string { return s.Name + "-" + s.Suffix }

func (s *Secret) ref() secretRef { return secretRef{s.Account, s.Region, s.Name} }

// changed returns a copy of s with the next revision, for change to alter.
func (s *Secret) changed(c *op.Call, change func(*Secret)) *Secret {
	next := *s
	next.Rev++
	next.Changed = now(c)
	change(&next)
	return &next
}

// now is the time of a request as rows and answers keep it: to the millisecond, because AWS JSON tells no more and an
// answer must not differ from what is read later.
func now(c *op.Call) time.Time { return c.Time.UTC().Truncate(time.Millisecond) }

// version is one version of a secret. Its value never changes; it may be sealed anew by another key.
type version struct {
	id       string
	created  time.Time
	binary   bool // given as SecretBinary
	managed  bool // sealed by the key that the service manages
	envelope envelope.Envelope
	digest   []byte // SHA-256 of the sealed value
	accessed int64  // the day it was last read, in microseconds, as of when the row was read
}

// value is what a caller wants kept.
type value struct {
	bytes  []byte
	binary bool
}

// maxValue is the quota of a value in bytes. The model's limit for a string counts characters.
const maxValue = 65536

// checkValue holds the two members of a value to the rules that shapes can't say.
func checkValue(text *string, binary []byte) error {
	switch {
	case text != nil && binary != nil:
		return errTwoValues
	case text != nil && len(*text) > maxValue:
		return invalidParameter("The secret value is larger than 65536 bytes.")
	}
	return nil
}

// given returns the value that a request holds, or nil. Text and bytes are different values even if they are the same
// bytes: each comes back in its own member.
func given(text *string, binary []byte) *value {
	switch {
	case text != nil:
		return &value{[]byte(*text), false}
	case binary != nil:
		return &value{binary, true}
	}
	return nil
}

// versionsToStages turns the labels round: the labelled versions, each with its labels in order.
func (s *Secret) versionsToStages() map[string][]string {
	out := map[string][]string{}
	for label, id := range s.stages {
		out[id] = append(out[id], label)
	}
	for _, labels := range out {
		slices.Sort(labels)
	}
	return out
}

// or returns what p points to, or what an absent member means.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
