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
// are those of KMS, no condition turns on the key's own tags or aliases, and none is met by what
// it was written against. A statement may lack its Resource, as with AWS; it then applies to
// nothing.
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
		for _, c := range s.Condition {
			if c.ofResource() {
				return ErrConditionKey
			}
			if what := c.overlyPermissive(); what != "" {
				return Malformed("OverlyPermissiveCondition: Using the ForAllValues set operator with a " +
					"single-valued condition key matches requests without the specified " + what +
					" or with an unspecified " + what + ". To fix, remove ForAllValues.")
			}
		}
	}
	return nil
}

// overlyPermissive returns what a test asks of all values of a key that has one at most, nothing if
// it doesn't: a request without the key would pass it. KMS looks at these keys alone ("AWS KMS
// condition keys" of the developer guide).
func (c Condition) overlyPermissive() string {
	if _, set, _ := splitOperator(c.Operator); set != forAllValues {
		return ""
	}
	name := strings.ToLower(c.Key)
	switch {
	case strings.HasPrefix(name, "kms:encryptioncontext:"):
		return "encryption context"
	case strings.HasPrefix(name, "aws:requesttag/"):
		return "tag"
	}
	return ""
}

// ofResource reports whether a test turns on what the resource is called or labelled. The policy of
// a key is about the one key, so that KMS refuses such tests in it.
func (c Condition) ofResource() bool {
	name, _, _ := strings.Cut(c.Key, "/") // aws:ResourceTag/team
	return slices.ContainsFunc([]string{"aws:ResourceTag", "kms:ResourceTag", "kms:ResourceAliases"},
		func(key string) bool { return strings.EqualFold(key, name) })
}
