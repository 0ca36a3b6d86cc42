package sts

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"claviger/iam/model"
	"claviger/identity/session"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

// Tag is a session tag.
type Tag struct {
	Key   string `shape:"tagKeyType,required"`
	Value string `shape:"tagValueType,required"`
}

// Pair implements [domain.Tag].
func (t Tag) Pair() (key, value string) { return t.Key, t.Value }

// PolicyDescriptorType names a managed policy that is a session policy.
type PolicyDescriptorType struct {
	Arn *string `shape:"arnType" json:"arn,omitzero"`
}

// passed is what a request passes along to the session that it starts.
type passed struct {
	policy     *string
	arns       []PolicyDescriptorType
	tags       []Tag
	transitive []string
}

// mostARNs is how many managed policies a session may be given ("AssumeRole" of the STS API
// Reference).
const mostARNs = 10

// STS's texts about what is passed along.
var (
	errTagTwice = parameter("Duplicate tag keys found. Please note that Tag keys are case " +
		"insensitive.")
	errNotPassed = parameter("The specified transitive tag key must be included in the requested " +
		"tags.")
	errOverridden = parameter("One of the specified transitive tag keys can't be set because it " +
		"conflicts with a transitive tag key from the calling session.")
	errReserved = parameter("Tag keys that begin with aws: are reserved for system use.")
	errManyARNs = invalid("A session can be given at most 10 managed policies.")
	errNoARN    = invalid("A session policy in PolicyArns must have an arn.")
)

func parameter(text string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidParameterValue", text)
}

func invalid(text string) *fault.Error {
	return fault.New(fault.Invalid, "ValidationException", text)
}

// check holds what is passed to the rules that need no look at anything else.
func (p *passed) check() error {
	if p.policy != nil {
		_, err := policy.ParseInline(*p.policy)
		if m := policy.Malformed(""); errors.As(err, &m) {
			return fault.New(fault.Invalid, "MalformedPolicyDocument", string(m))
		}
		if err != nil {
			return err
		}
	}
	if len(p.arns) > mostARNs {
		return errManyARNs
	}
	for _, a := range p.arns {
		if a.Arn == nil {
			return errNoARN
		}
	}
	for i, t := range p.tags {
		if hasTag(p.tags[:i], t.Key) {
			return errTagTwice
		}
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return errReserved
		}
	}
	for _, key := range p.transitive {
		if !hasTag(p.tags, key) {
			return errNotPassed
		}
	}
	return nil
}

// hasTag compares as conditions do. By another rule, such as small letters, two keys might differ
// here and be one there: the long s is a small letter, and that of an S.
func hasTag(tags []Tag, key string) bool {
	return slices.ContainsFunc(tags, func(t Tag) bool { return strings.EqualFold(t.Key, key) })
}

// along returns what goes into the session's token: what is passed, and the transitive tags of the
// session that asks. None of those can be given another value. It may not be too large.
func (p *passed) along(caller *policy.Session) (out session.Passed, err error) {
	if p.policy != nil {
		out.Policies = []string{*p.policy}
	}
	for _, a := range p.arns {
		out.PolicyARNs = append(out.PolicyARNs, *a.Arn)
	}
	out.Tags = inherited(caller)
	keys := slices.Collect(maps.Keys(out.Tags))
	for _, t := range p.tags {
		if slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, t.Key) }) {
			return out, errOverridden
		}
		if out.Tags == nil {
			out.Tags = map[string]string{}
		}
		out.Tags[t.Key] = t.Value
		if p.isTransitive(t.Key) {
			keys = append(keys, t.Key)
		}
	}
	out.Transitive = slices.Sorted(slices.Values(keys))
	percent, err := out.Packed()
	switch {
	case err != nil:
		return out, err
	case percent <= 100:
		return out, nil
	case p.policy == nil && len(p.arns) == 0:
		return out, tooLarge("Packed size of session tags consumes %d%% of allotted space.", percent)
	}
	return out, tooLarge("Packed policy consumes %d%% of allotted space, please use smaller policy.",
		percent)
}

// issued is what an issuer gives a session. Its limits are those of a request.
type issued struct {
	Tags              []Tag    `shape:"tagListType"`
	TransitiveTagKeys []string `shape:"tagKeyListType"`
	SourceIdentity    *string  `shape:"sourceIdentityType"`
}

var ofIssuers = model.STS.Shapes.Compile(reflect.TypeFor[issued](), model.STS.Words)

// checkIssued holds what an issuer gives a session to what a request may pass.
func (p *passed) checkIssued(sourceIdentity string) error {
	given := issued{Tags: p.tags, TransitiveTagKeys: p.transitive}
	if sourceIdentity != "" {
		given.SourceIdentity = &sourceIdentity
	}
	present := func(string) bool { return true } // an empty value of a tag is one
	if err := ofIssuers.Validate(given, present); err != nil {
		return err
	}
	if err := checkSource(sourceIdentity); err != nil {
		return err
	}
	return p.check()
}

func tooLarge(format string, percent int) *fault.Error {
	return fault.Newf(fault.Invalid, "PackedPolicyTooLarge", format, percent)
}

func (p *passed) isTransitive(key string) bool {
	return slices.ContainsFunc(p.transitive, func(k string) bool { return strings.EqualFold(k, key) })
}

// inherited returns the tags that go on from a session to those that it starts.
func inherited(s *policy.Session) map[string]string {
	if s == nil || len(s.Transitive) == 0 {
		return nil
	}
	tags := map[string]string{}
	for _, key := range s.Transitive {
		if value, ok := s.Tags[key]; ok {
			tags[key] = value
		}
	}
	return tags
}

// conditions puts in what the condition keys of session tags say. Only what the request itself
// passes is a tag of the request.
func (p *passed) conditions(v policy.Values) {
	domain.SetTags(v, p.tags)
	if len(p.transitive) > 0 {
		v[model.TransitiveTagKeys] = p.transitive
	}
}

// managed returns nil if all managed policies that are passed exist in an account.
func (s *STS) managed(c *op.Call, account string, arns []string) error {
	for _, arn := range arns {
		document, err := s.Entities.ManagedPolicy(c, account, arn)
		if err != nil {
			return err
		}
		if document == nil {
			return parameter("The policy " + arn + " does not exist or is not attachable.")
		}
	}
	return nil
}
