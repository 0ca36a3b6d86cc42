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
	given   bool // there is such a policy; not said of the resource's
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
	var v verdict
	if d == nil {
		return v
	}
	s.ofResource = true
	defer func() { s.ofResource = false }()
	for i := range d.rules {
		r := &d.rules[i]
		by := r.appliesTo(s)
		if by == 0 {
			continue
		}
		if r.deny {
			return verdict{denied: true, sid: r.sid}
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
	scope
	identity, resource, boundary, session verdict
}

// evaluate asks every kind of policy. An error is of a fact that could not be had.
func (e *evaluation) evaluate() error {
	c := &e.caller
	e.identity = about(&e.scope, c.Policies)
	if c.Boundary != nil {
		own := [...]*Document{c.Boundary}
		e.boundary = about(&e.scope, own[:])
	}
	if c.Session != nil {
		e.session = about(&e.scope, c.Session.Policies)
	}
	if e.demand.Resource.Policy != nil {
		d, err := e.demand.Resource.Policy()
		if err != nil {
			return err
		}
		e.resource = ofResource(&e.scope, d)
	}
	return e.err
}

// denied returns the first kind with an explicit deny. Nothing overrides one, not even the rights
// of an account's root user or a grant.
func (e *evaluation) denied() (kind, *verdict, bool) {
	switch {
	case e.identity.denied:
		return identityPolicy, &e.identity, true
	case e.resource.denied:
		return resourcePolicy, &e.resource, true
	case e.boundary.denied:
		return permissionsBoundary, &e.boundary, true
	case e.session.denied:
		return sessionPolicy, &e.session, true
	}
	return 0, nil, false
}

// bounded reports whether boundary and session policies leave the caller the action. Where there is
// none it takes nothing away.
func (e *evaluation) bounded() bool {
	return (!e.boundary.given || e.boundary.allowed) && (!e.session.given || e.session.allowed)
}

// ownRights reports whether identity policies give the caller the action. The root user needs none,
// and a federated user has none of its own: only its session's policies say which of the user's
// rights it has.
func (e *evaluation) ownRights() bool {
	switch e.caller.Type {
	case Root:
		return true
	case FederatedUser:
		return e.identity.allowed && e.session.given
	}
	return e.identity.allowed
}

// byIdentity reports whether the caller's own account gives it the action.
func (e *evaluation) byIdentity() bool { return e.ownRights() && e.bounded() }

// foreign reports whether the resource is another account's.
func (e *evaluation) foreign() bool { return e.owner() != e.caller.Account }

// The ways in which the resource's policy allows without identity policies: beyond boundary and
// session policies, and within them.
const (
	beyondBounds = byItself | byEveryoneNarrowed
	withinBounds = byRole | byProvider | byEveryone
)

// allows is the table of section "Evaluating policies within a single account" and, for another
// account's resource, that both sides must allow.
func (e *evaluation) allows() bool {
	by := e.resource.by
	switch {
	case e.caller.Type == Service: // it has no policies of its own
		return by != 0
	case e.foreign():
		return by != 0 && e.byIdentity()
	case by&beyondBounds != 0:
		return true
	case by&withinBounds != 0:
		return e.bounded()
	case e.demand.Resource.PolicyDecides && by&byAccount == 0:
		return false
	}
	return e.byIdentity()
}

// lacking is the kind of policy that is named to a caller whom nothing allows.
func (e *evaluation) lacking() kind {
	by := e.resource.by
	decides := e.foreign() || e.demand.Resource.PolicyDecides || e.caller.Type == Service
	switch {
	case decides && by == 0:
		return resourcePolicy
	case !e.ownRights() && (e.foreign() || by&withinBounds == 0):
		return identityPolicy
	case e.boundary.given && !e.boundary.allowed:
		return permissionsBoundary
	}
	return sessionPolicy
}

// Lets reports whether the document as the policy of a resource that nothing but its policy opens
// would let c do what is asked for: itself, or together with its account's policies.
func (d *Document) Lets(c Caller, f Facts, action, arn string) bool {
	r := Request{Caller: c, Facts: f}
	asked := Demand{Action: action, Resource: Resource{ARN: arn, PolicyDecides: true,
		Policy: func() (*Document, error) { return d, nil }}}
	e := evaluation{scope: newScope(&r, &asked)}
	err := e.evaluate()
	_, _, denied := e.denied()
	return err == nil && !denied && e.allows()
}
