package policy

import (
	"claviger/internal/fault"
)

// Decision is the answer to a [Request]. The zero value allows nothing.
type Decision struct {
	Effect    string // Allow or Deny
	Reason    Reason
	Statement string // what decided: a statement's Sid or a grant's id; empty where neither did
	Err       error  // of a Deny: what the caller is told, or why a fact could not be had
}

// Reason says which source of permission decided, or why none did.
type Reason string

// The reasons of a decision.
const (
	NeedsNoPermission Reason = "the action needs no permission"
	AccountOwner      Reason = "the account's root user"
	OwnWork           Reason = "the service's own work"
	ByIdentityPolicy  Reason = "an identity policy allows it"
	ByResourcePolicy  Reason = "the resource's policy allows it"
	ByGrant           Reason = "a grant allows it"

	NothingAllows   Reason = "no policy and no grant allows it"
	OtherAccount    Reason = "the resource belongs to another account"
	ExplicitDeny    Reason = "a policy denies it"
	NothingDemanded Reason = "the operation demands nothing"
	FactMissing     Reason = "a fact that the decision depends on can't be had"
)

// Allowed reports whether the caller may go on.
func (d Decision) Allowed() bool { return d.Effect == Allow }

// Refusal returns nil if the caller may go on. Otherwise it is a fault: of kind Denied in IAM's
// words, or that of the fact that could not be had.
func (d Decision) Refusal() error {
	switch {
	case d.Allowed():
		return nil
	case d.Err == nil:
		return fault.New(fault.Internal, "", "") // a zero Decision: nobody has decided
	}
	return d.Err
}

// refused is the decision that a kind of policy doesn't allow what d demands, or that v denies it.
func refused(c *Caller, d *Demand, k kind, v *verdict) Decision {
	out := Decision{Effect: Deny, Reason: NothingAllows}
	switch account := d.Resource.Account; {
	case v != nil:
		out.Reason, out.Statement = ExplicitDeny, v.sid
	case account != "" && account != c.Account:
		out.Reason = OtherAccount
	}
	out.Err = fault.New(fault.Denied, "AccessDeniedException", sentence(c, d, k, v != nil))
	return out
}

// allowed is the decision that policies allow the demand.
func (e *evaluation) allowed() Decision {
	out := Decision{Effect: Allow, Reason: ByResourcePolicy, Statement: e.resource.sid}
	switch by := e.resource.by; {
	case by&^byAccount != 0 && e.owner() == e.caller.Account:
	case e.caller.Type == Root:
		out.Reason = AccountOwner
	default:
		out.Reason, out.Statement = ByIdentityPolicy, e.identity.sid
	}
	return out
}
