package sts

import (
	"claviger/iam/entity"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// assumption is the target of operations that start a session of a role, which may not be there.
// To a caller that makes no difference: its absence is a refusal.
type assumption struct {
	role    *entity.Role // nil: there is none
	arn     string       // as it was asked for
	account string       // of the role
	actions []string     // all of them must be allowed
	values  policy.Values
	op.There
}

// findRole looks up the role of an ARN. What names none at all is an error.
func (s *STS) findRole(c *op.Call, arn string) (t assumption, err error) {
	parsed, ok := domain.ParseARN(arn)
	if !ok || !domain.IsAccount(parsed.Account) {
		return t, invalid(arn + " is invalid")
	}
	t = assumption{arn: arn, account: parsed.Account, values: policy.Values{}}
	account, kind, _, name, ok := entity.ParseARN(arn)
	if !ok || kind != "role" {
		return t, nil
	}
	role, err := s.Entities.Roles.ByName(c, account, name)
	if err == nil && role != nil && role.ARN() == arn {
		t.role = role
	}
	return t, err
}

// Demands implements [op.Target]: nothing but the trust policy opens a role, or what it delegates
// to its account. A role that isn't there trusts nobody.
func (t assumption) Demands() []policy.Demand {
	trust, tags := new(policy.Document), map[string]string(nil)
	if t.role != nil {
		trust, tags = t.role.TrustPolicy(), domain.TagMap(t.role.Tags)
	}
	var demands []policy.Demand
	for _, action := range t.actions {
		demands = append(demands, policy.Demand{
			Action: action,
			Values: func() policy.Values { return t.values },
			Resource: policy.Resource{ARN: t.arn, Account: t.account, PolicyDecides: true,
				PolicyOpens: true,
				Policy:      func() (*policy.Document, error) { return trust, nil },
				Tags:        func() (map[string]string, error) { return tags, nil }},
		})
	}
	return demands
}

// The actions of sessions, which a role's trust policy allows one by one.
const (
	assume         = "sts:AssumeRole"
	tagSession     = "sts:TagSession"
	setSource      = "sts:SetSourceIdentity"
	roleDuration   = 3600 // seconds, unless a request says otherwise
	chainedAtMost  = 3600
	rootAtMost     = 3600
	userDuration   = 43200
	mostOfRole     = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
	mostOfChaining = "The requested DurationSeconds exceeds the 1 hour session limit for roles " +
		"assumed by role chaining."
)

// roleSeconds returns how long a session of the role lives. Without a wish it is an hour, which no
// role forbids.
func (t *assumption) roleSeconds(wish *int32, chained bool) (int32, error) {
	seconds := domain.Or(wish, roleDuration)
	switch {
	case int64(seconds) > t.role.MaxSessionDuration:
		return 0, invalid(mostOfRole)
	case chained && seconds > chainedAtMost:
		return 0, invalid(mostOfChaining)
	}
	return seconds, nil
}

// AssumedRoleUser is what a session of a role is called.
type AssumedRoleUser struct {
	AssumedRoleId string // the role's unique id, and the session's name
	Arn           string
}
