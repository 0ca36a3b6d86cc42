package policy

import "strings"

// rule is a compiled [Statement].
type rule struct {
	sid           string
	deny          bool
	principals    *Principals
	notPrincipals bool
	actions       []pattern // in small letters
	notActions    bool
	resources     []arnPattern
	notResources  bool
	tests         []test
	byPrincipal   bool // one of the tests narrows aws:PrincipalArn
}

// namedBy is a set of the ways in which a statement names a caller. They differ in what else it
// needs: see [evaluation.sameAccount].
type namedBy uint8

const (
	byEveryone namedBy = 1 << iota
	byEveryoneNarrowed
	byAccount
	byRole
	byItself // as user, session, federated user or service
)

func (s *Statement) compile(version string) rule {
	r := rule{sid: s.SID, deny: s.Effect == Deny, principals: s.Principal}
	if s.NotPrincipal != nil {
		r.principals, r.notPrincipals = s.NotPrincipal, true
	}
	actions := s.Action
	if s.NotAction != nil {
		actions, r.notActions = s.NotAction, true
	}
	for _, a := range actions {
		r.actions = append(r.actions, syntax{wildcards: true}.compile(strings.ToLower(a)))
	}
	resources := s.Resource
	if s.NotResource != nil {
		resources, r.notResources = s.NotResource, true
	}
	x := syntax{wildcards: true, variables: version == Version2012}
	for _, a := range resources {
		r.resources = append(r.resources, x.compileARN(a, segments-1))
	}
	for i := range s.Condition {
		t := s.Condition[i].compile(version)
		r.tests = append(r.tests, t)
		r.byPrincipal = r.byPrincipal || t.key.id == principalARN && !t.negated && !t.ifExists
	}
	return r
}

// applies reports whether the rule is about the demand, whoever asks.
func (r *rule) applies(s *scope) bool {
	return r.covers(s.demand.Action) && r.reaches(s) && r.tested(s)
}

func (r *rule) covers(action string) bool {
	for i := range r.actions {
		if r.actions[i].matchAction(action) {
			return !r.notActions
		}
	}
	return r.notActions
}

// reaches: a variable without a value makes its element match no resource, also that which says
// which resources are not meant.
func (r *rule) reaches(s *scope) bool {
	hit := false
	for i := range r.resources {
		fits, known := r.resources[i].match(s.demand.Resource.ARN, s)
		if !known && r.notResources {
			return false
		}
		hit = hit || fits
	}
	return hit != r.notResources
}

func (r *rule) tested(s *scope) bool {
	for i := range r.tests {
		if !r.tests[i].holds(s) {
			return false
		}
	}
	return true
}

// names says how the rule names the caller; zero if it doesn't.
func (r *rule) names(c *Caller) namedBy {
	if r.principals == nil {
		return 0
	}
	by := r.principals.name(c)
	switch {
	case r.notPrincipals && !c.spared(by):
		return byEveryone
	case r.notPrincipals:
		return 0
	case by&byEveryone != 0 && r.byPrincipal:
		by |= byEveryoneNarrowed
	}
	return by
}

// spared reports whether a NotPrincipal that names c in these ways doesn't mean it: it has to name
// the account, the role and the session, and spares nobody with a permissions boundary ("AWS JSON
// policy elements: NotPrincipal" of the IAM user guide).
func (c *Caller) spared(by namedBy) bool {
	need := map[string]namedBy{Root: byAccount, IAMUser: byAccount | byItself,
		FederatedUser: byAccount | byItself, AssumedRole: byAccount | byRole | byItself,
		Service: byItself}[c.Type]
	return by&byEveryone != 0 || c.Boundary == nil && by&need == need
}
