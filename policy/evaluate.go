package policy

// kind is a kind of policy, in the order in which an explicit deny of several is reported.
type kind int

const (
	identityPolicy kind = iota
	resourcePolicy
	permissionsBoundary
	sessionPolicy
)

// verdict is what the policies of one kind say to a demand.
type verdict struct {
	given   bool // there is such a policy
	denied  bool
	allowed bool
	by      namedBy // of a resource policy: all the ways in which it allows the caller
	sid     string  // of the statement that decided
}

// about looks through policies that have no principals: whose they are is clear.
func about(s *scope, documents []*Document) verdict {
	v := verdict{given: len(documents) > 0}
	for _, d := range documents {
		for i := range d.rules {
			r := &d.rules[i]
			if (v.allowed && !r.deny) || !r.applies(s) {
				continue
			}
			v.sid = r.sid
			if r.deny {
				v.denied = true
				return v
			}
			v.allowed = true
		}
	}
	return v
}

// ofResource looks through the policy of the demand's resource.
func ofResource(s *scope, d *Document) verdict {
	v := verdict{given: d != nil}
	if d == nil {
		return v
	}
	for i := range d.rules {
		r := &d.rules[i]
		by := r.names(s.caller)
		if by == 0 || !r.applies(s) {
			continue
		}
		if r.deny {
			return verdict{given: true, denied: true, sid: r.sid}
		}
		if !v.allowed {
			v.sid = r.sid
		}
		v.allowed = true
		v.by |= by
	}
	return v
}

// evaluation is one demand under decision, with what each kind of policy says to it ("Policy
// evaluation logic" of the IAM user guide).
type evaluation struct {
	*scope
	identity, resource, boundary, session verdict
}

// evaluate asks every kind of policy.
func evaluate(s *scope) (evaluation, error) {
	c := s.caller
	e := evaluation{scope: s, identity: about(s, c.Policies)}
	if c.Boundary != nil {
		e.boundary = about(s, []*Document{c.Boundary})
	}
	if c.Session != nil {
		e.session = about(s, c.Session.Policies)
	}
	if s.demand.Resource.Policy != nil {
		d, err := s.demand.Resource.Policy()
		if err != nil {
			return e, err
		}
		e.resource = ofResource(s, d)
	}
	return e, s.err
}

// denied returns the first kind with an explicit deny. Nothing overrides one, not even the rights
// of an account's root user or a grant.
func (e *evaluation) denied() (kind, *verdict, bool) {
	for k, v := range [...]*verdict{&e.identity, &e.resource, &e.boundary, &e.session} {
		if v.denied {
			return kind(k), v, true
		}
	}
	return 0, nil, false
}

// bounded reports whether boundary and session policies leave the caller the action. Where there is
// none it takes nothing away.
func (e *evaluation) bounded() bool {
	return (!e.boundary.given || e.boundary.allowed) && (!e.session.given || e.session.allowed)
}

// byIdentity reports whether the caller's own account gives it the action. The root user needs no
// identity policy, and a federated user has none of its own: only its session's policies say which
// of the user's rights it has.
func (e *evaluation) byIdentity() bool {
	switch e.caller.Type {
	case Root:
		return true
	case FederatedUser:
		return e.identity.allowed && e.session.given && e.bounded()
	}
	return e.identity.allowed && e.bounded()
}

// allows is the table of section "Evaluating policies within a single account" and, for another
// account's resource, that both sides must allow.
func (e *evaluation) allows() bool {
	by := e.resource.by
	switch {
	case e.owner() != e.caller.Account:
		return by != 0 && e.byIdentity()
	case by&(byItself|byEveryoneNarrowed) != 0:
		return true
	case by&(byRole|byEveryone) != 0 && e.bounded():
		return true
	case e.demand.Resource.PolicyDecides && by&byAccount == 0:
		return false
	}
	return e.byIdentity()
}

// lacking is the kind of policy that is named to a caller whom nothing allows.
func (e *evaluation) lacking() kind {
	foreign := e.owner() != e.caller.Account
	switch {
	case (foreign || e.demand.Resource.PolicyDecides) && e.resource.by == 0:
		return resourcePolicy
	case e.caller.Type != Root && !e.identity.allowed:
		return identityPolicy
	case e.boundary.given && !e.boundary.allowed:
		return permissionsBoundary
	}
	return sessionPolicy
}

// Lets reports whether the document as the policy of a resource that nothing but its policy opens
// would let c do what is asked for: itself, or together with its account's policies.
func (d *Document) Lets(c Caller, f Facts, action, arn string) bool {
	e, err := evaluate(newScope(&Request{Caller: c, Facts: f}, &Demand{Action: action,
		Resource: Resource{ARN: arn, PolicyDecides: true,
			Policy: func() (*Document, error) { return d, nil }}}))
	_, _, denied := e.denied()
	return err == nil && !denied && e.allows()
}
