package inspect

import (
	"net/netip"
	"slices"
	"strings"

	"claviger/policy"
)

// pins are the condition keys, in small letters, by whose values a statement is for some and not
// for everybody. The first four are those that Secrets Manager documents, the others those of the
// same rule of S3 ("The meaning of public" of the S3 user guide), and what says the same of keys.
var pins = []string{"aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceaccount",
	"aws:principalorgid", "aws:principalaccount", "aws:principalarn", "aws:userid", sourceIP,
	"kms:calleraccount"}

const sourceIP = "aws:sourceip"

// IsPublic reports whether a policy lets everybody use a resource of a service. AWS finds it out by
// automated reasoning. Here a statement that allows everybody something has to be pinned by a
// condition of its own, or all that is not pinned has to be denied: in doubt a policy is public.
func IsPublic(d *policy.Document, service string) bool {
	return slices.ContainsFunc(d.Statements, allowsEverybody) &&
		!slices.ContainsFunc(d.Statements, func(s policy.Statement) bool {
			return deniesOthers(s, service)
		})
}

func allowsEverybody(s policy.Statement) bool {
	return s.Effect == policy.Allow && (s.NotPrincipal != nil || isEverybody(s.Principal)) &&
		!slices.ContainsFunc(s.Condition, holdsForFew)
}

func isEverybody(p *policy.Principals) bool {
	return p != nil && (p.Everyone || slices.Contains(p.AWS, "*"))
}

// deniesOthers reports whether a statement denies everything to all but those whom a condition
// names. With a second condition it would deny less.
func deniesOthers(s policy.Statement, service string) bool {
	return s.Effect == policy.Deny && isEverybody(s.Principal) && len(s.Condition) == 1 &&
		sparesFew(s.Condition[0]) && slices.Equal(s.Resource, []string{"*"}) &&
		slices.ContainsFunc(s.Action, func(a string) bool {
			return a == "*" || strings.EqualFold(a, service+":*")
		})
}

// holdsForFew reports whether a condition holds for those alone that it names.
func holdsForFew(c policy.Condition) bool {
	return slices.Contains([]string{"StringEquals", "StringEqualsIgnoreCase", "StringLike",
		"ArnEquals", "ArnLike", "IpAddress"}, strings.TrimPrefix(c.Operator, "ForAnyValue:")) &&
		namesFew(c)
}

// sparesFew reports whether a condition of a Deny leaves out those alone that it names.
func sparesFew(c policy.Condition) bool {
	return slices.Contains([]string{"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike",
		"ArnNotEquals", "ArnNotLike", "NotIpAddress"}, strings.TrimSuffix(c.Operator, "IfExists")) &&
		namesFew(c)
}

// namesFew reports whether the values of a condition are fixed, and of a key that pins.
func namesFew(c policy.Condition) bool {
	key := strings.ToLower(c.Key)
	return slices.Contains(pins, key) && !slices.ContainsFunc(c.Values, func(v string) bool {
		if key == sourceIP {
			return !isNarrow(v)
		}
		return v == "" || strings.ContainsAny(v, "*?$")
	})
}

// The widest networks that S3 takes for some addresses and not for all, in bits of their prefix.
const (
	widestIPv4 = 8
	widestIPv6 = 32
)

func isNarrow(network string) bool {
	p, err := netip.ParsePrefix(network)
	if err != nil {
		_, err = netip.ParseAddr(network)
		return err == nil
	}
	if p.Addr().Is4() {
		return p.Bits() >= widestIPv4
	}
	return p.Bits() >= widestIPv6
}
