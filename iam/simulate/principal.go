package simulate

import (
	"slices"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

// entityARN is the ARN of a user, group or role, taken apart.
type entityARN struct{ account, kind, name string }

// parseEntity takes an ARN apart; not ok if it is no user, group or role. A path is part of the
// ARN and not of the name.
func parseEntity(arn string) (e entityARN, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] == "" || parts[2] != "iam" || parts[3] != "" ||
		!domain.IsAccount(parts[4]) {
		return e, false
	}
	kind, path, ok := strings.Cut(parts[5], "/")
	e = entityARN{account: parts[4], kind: kind, name: path[strings.LastIndexByte(path, '/')+1:]}
	return e, ok && e.name != "" && slices.Contains([]string{OfUser, OfGroup, OfRole}, kind)
}

// callerOf is who asks in a simulation.
func callerOf(arn string) (policy.Caller, bool) {
	e, ok := parseEntity(arn)
	if !ok {
		return policy.Caller{}, false
	}
	c := policy.Caller{Type: policy.IAMUser, Account: e.account, ARN: arn, PrincipalID: arn}
	if e.kind == OfRole {
		c.Type, c.Role = policy.AssumedRole, arn
	}
	return c, true
}

// subject is the user, group or role whose policies an operation looks at.
type subject struct {
	Principal
	arn, action string
	account     string // the caller's
	missing     error
	op.There
}

// Demands implements [op.Target]. An entity that is there is meant by its own ARN, however the
// request writes path and name: a policy that denies it would be passed by another spelling.
func (s *subject) Demands() []policy.Demand {
	d := domain.On("iam:"+s.action, s.arn, "")
	if found := s.Caller; found.ARN != "" {
		d.Resource.ARN, d.Resource.Asked = found.ARN, s.arn
		d.Resource.Tags = func() (map[string]string, error) { return found.Tags, nil }
	}
	return []policy.Demand{d}
}

// Missing implements [op.Target].
func (s *subject) Missing() error { return s.missing }

var errNoEntity = fault.New(fault.NotFound, "NoSuchEntity",
	"Unable to retrieve specified IAM entity.")

// find looks a subject up. Other accounts have policies that are none of the caller's business.
func (s *Simulator) find(c *op.Call, action, arn string) (*subject, error) {
	t := &subject{arn: arn, action: action, account: c.Caller.Account}
	e, _ := parseEntity(arn)
	if e.account != t.account {
		t.missing = invalid("Invalid Policy Source Arn: caller's account %s does not have access to "+
			"policies in account %s.", t.account, e.account)
		return t, nil
	}
	p, err := s.principals.PoliciesOf(c, t.account, arn)
	switch {
	case err != nil && fault.Of(err).Kind == fault.NotFound:
		t.missing = errNoEntity.Because(err)
	case err != nil:
		return nil, err
	}
	t.Principal = p
	return t, nil
}

// checkSource refuses what can't be the ARN of a user, group or role.
func checkSource(arn string) error {
	if _, ok := parseEntity(arn); !ok {
		return invalid("Invalid ARN provided in the request: %s", arn)
	}
	return nil
}
