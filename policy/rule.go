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
// needs: see [evaluation.allows].
type namedBy uint8

const (
	byEveryone namedBy = 1 << iota
	byEveryoneNarrowed
	byAccount
	byRole
	byProvider // as session of an identity provider
	byItself   // as user, session, federated user or service
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
		r.byPrincipal = r.byPrincipal || t.narrows()
	}
	return r
}

// Weight is about how many bytes of memory the compiled document takes: an ARN of a few bytes takes
// a hundred times as many, so that the length of a text doesn't say it.
func (d *Document) Weight() (n int) {
	const ofRule, ofPattern, ofARN = 256, 96, 7 * 96
	for i := range d.rules {
		r := &d.rules[i]
		n += ofRule + ofPattern*len(r.actions)
		for j := range r.resources {
			n += ofPattern
			if r.resources[j].segment != nil {
				n += ofARN
			}
		}
		for j := range r.tests {
			n += ofRule + (2*ofPattern+ofARN)*len(r.tests[j].operands)
		}
		if r.principals != nil {
			n += ofPattern * len(r.principals.AWS)
		}
	}
	return n
}

// applies reports whether the rule is about the demand, whoever asks.
func (r *rule) applies(s *scope) bool {
	return r.covers(s.demand.Action) && r.reaches(s) && r.tested(s)
}

// appliesTo says how the rule of a resource's policy names the caller; zero if it doesn't, or isn't
// about the demand. Actions are compared faster than principals, and conditions are left for last.
func (r *rule) appliesTo(s *scope) namedBy {
	if !r.covers(s.demand.Action) {
		return 0
	}
	by := r.names(&s.caller)
	if by == 0 || !r.reaches(s) || !r.tested(s) {
		return 0
	}
	return by
}

func (r *rule) covers(action string) bool {
	for i := range r.actions {
		if r.actions[i].matchAction(action) {
			return !r.notActions
		}
	}
	return r.notActions
}

// reaches reports whether the rule is about the demand's resource. One that says nothing of
// resources is about the role whose trust policy it is in, and in other policies about nothing. A
// variable without a value makes its pattern match nothing. What NotResource then leaves out isn't
// clear, so that it denies and doesn't allow. Whoever denies a resource denies it under each name.
func (r *rule) reaches(s *scope) bool {
	if r.resources == nil {
		return r.principals != nil && strings.HasPrefix(s.demand.Action, "sts:")
	}
	hit := false
	for i := range r.resources {
		fits, known := r.resources[i].match(s.demand.Resource.ARN, s)
		if !known && r.notResources && !r.deny {
			return false
		}
		if !fits && r.deny && !r.notResources && s.demand.Resource.Also != "" {
			fits, _ = r.resources[i].match(s.demand.Resource.Also, s)
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
	need := byAccount | byRole | byItself
	switch c.Type {
	case Root:
		need = byAccount
	case IAMUser, FederatedUser:
		need = byAccount | byItself
	case Service:
		need = byItself
	}
	return c.Boundary == nil && (by&byEveryone != 0 || by&need == need)
}
