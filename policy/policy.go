// Package policy decides whether a caller may do what an operation demands. It is pure: documents
// and facts go in, a decision comes out; it reads no clock and does no input or output of its own.
//
// # The seam
//
// [Decide] takes one [Request]: who asks, under which circumstances, and what the operation
// demands. What a decision may depend on and costs something to get (the tags of a resource, its
// policy, its grants, the values of condition keys) is a function of the demand. It is called only
// where the decision depends on it, so a caller who may do everything pays for none of it.
//
// # What decides
//
// An explicit deny of any policy, then the policy of the resource, identity policies within
// boundary and session policies, and last the resource's grants. An account's root user needs no
// identity policy, and the service needs nothing for its own unfinished work.
package policy

import (
	"errors"

	"claviger/internal/fault"
)

// Request is all that a decision depends on.
type Request struct {
	Caller  Caller
	Facts   Facts
	Demands []Demand // all of them must be allowed
}

// Demand is one permission that an operation needs: an IAM action on a resource.
type Demand struct {
	Action   string // e.g. kms:Decrypt
	Resource Resource
	Values   func() Values // of the condition keys of this action; nil: it has none of its own
	Open     string        // why no permission is needed; then Action says only what is done
}

// Resource is what a demand is about. The functions bring what is known of it; nil means that there
// is nothing to know. An error of one ends the decision: what can't be known allows nothing.
type Resource struct {
	ARN     string // or "*" where the action knows no resource
	Asked   string // what the caller calls it, or [OfCiphertext]; empty: by its ARN
	Account string // that owns it; empty means the caller's own
	Also    string // another ARN that means the same: what denies it denies, and nothing more
	Tags    func() (map[string]string, error)
	Aliases func() ([]string, error) // names of a KMS key: kms:ResourceAliases
	Policy  func() (*Document, error)
	// whether nothing allows but what Policy allows or delegates to the account, as with KMS keys and
	// roles
	PolicyDecides bool

	// PolicyOpens says that nothing else than its policy opens it, to the service's own principal
	// neither: a role says itself who acts as it.
	PolicyOpens bool
	Grants      func() ([]Grant, error) // those that may speak for the caller, in no order
}

// OfCiphertext is what a resource is called whose name the caller didn't give: it is in the
// ciphertext.
const OfCiphertext = "the resource associated with this ciphertext"

// Values are what a request says to condition keys. It is a multimap: kms:ViaService has one value
// and aws:TagKeys several. A key without values is there and empty, which is not to be absent.
type Values map[string][]string

// Decide says whether the caller may do all that is demanded. The first demand that it may not
// decides. No demand at all is a mistake of ours and is refused.
func Decide(r Request) Decision {
	if len(r.Demands) == 0 {
		err := fault.Of(errors.New("the operation demands nothing"))
		return Decision{Effect: Deny, Reason: NothingDemanded, Err: err}
	}
	var last Decision
	for i := range r.Demands {
		if last = decide(&r, &r.Demands[i]); !last.Allowed() {
			return last
		}
	}
	return last
}

// decide looks for an explicit deny, then for what allows the demand. Grants come last: they are
// asked for only if no policy allows it.
func decide(r *Request, d *Demand) Decision {
	e := evaluation{scope: newScope(r, d)}
	return e.decide()
}

func (e *evaluation) decide() Decision {
	c, d := &e.caller, e.demand
	switch {
	case d.Open != "":
		return Decision{Effect: Allow, Reason: NeedsNoPermission}
	case c.Type == Service && !e.foreign() && !d.Resource.PolicyOpens:
		return Decision{Effect: Allow, Reason: OwnWork}
	}
	if err := e.evaluate(); err != nil {
		return Decision{Effect: Deny, Reason: FactMissing, Err: err}
	}
	if k, v, ok := e.denied(); ok {
		return refused(c, d, k, v)
	}
	if e.allows() {
		return e.allowed()
	}
	return byGrant(e)
}

// byGrant asks the grants of the resource.
func byGrant(e *evaluation) Decision {
	c, d := &e.caller, e.demand
	if d.Resource.Grants == nil || e.foreign() && c.Type != Service && !e.byIdentity() {
		return refused(c, d, e.lacking(), nil)
	}
	grants, err := d.Resource.Grants()
	if err != nil {
		return Decision{Effect: Deny, Reason: FactMissing, Err: err}
	}
	who, asked := newGrantee(c), grantRequest{scope: &e.scope}
	for i := range grants {
		by := who.namedIn(&grants[i])
		if by == 0 || !grants[i].allows(&asked) {
			continue
		}
		// A grant takes the place of a statement of the resource's policy that names the grantee. A
		// refusal speaks of policies alone.
		granted := *e
		granted.resource.by |= by
		if granted.allows() {
			return Decision{Effect: Allow, Reason: ByGrant, Statement: grants[i].ID}
		}
	}
	return refused(c, d, e.lacking(), nil)
}
