package policy

import (
	"slices"
	"strings"
)

// What is wrong with a key policy, in KMS's words.
const (
	ErrNoPrincipal  Malformed = "Policy contains a statement with no principal."
	ErrConditionKey Malformed = "These condition keys are not permitted in a key policy: " +
		"aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases"
)

// ParseOfKey is [Parse] for key policies, with their rules: see [Document.OfKey]. A statement may
// lack its Action, and then it has no effect. KMS takes that, where IAM refuses it (API reference,
// PutKeyPolicy).
func ParseOfKey(text string) (*Document, error) {
	d, err := parse(text, true)
	if err != nil {
		return nil, err
	}
	return d, d.OfKey()
}

// OfKey holds a document to the rules of a key policy: each statement names its principals, actions
// are those of KMS, and no condition turns on the key's own tags or aliases. A statement may lack
// its Resource, as with AWS; it then applies to nothing.
func (d *Document) OfKey() error {
	for _, s := range d.Statements {
		if s.Principal == nil && s.NotPrincipal == nil {
			return ErrNoPrincipal
		}
		for _, a := range slices.Concat(s.Action, s.NotAction) {
			if vendor, _, _ := strings.Cut(a, ":"); a != "*" && !strings.EqualFold(vendor, "kms") {
				return Malformed("Policy contains an action of another service: actions of a key policy " +
					"begin with kms:")
			}
		}
		if slices.ContainsFunc(s.Condition, Condition.ofResource) {
			return ErrConditionKey
		}
	}
	return nil
}

// ofResource reports whether a test turns on what the resource is called or labelled. The policy of
// a key is about the one key, so that KMS refuses such tests in it.
func (c Condition) ofResource() bool {
	name, _, _ := strings.Cut(c.Key, "/") // aws:ResourceTag/team
	return slices.ContainsFunc([]string{"aws:ResourceTag", "kms:ResourceTag", "kms:ResourceAliases"},
		func(key string) bool { return strings.EqualFold(key, name) })
}
