package policy

import (
	"strings"

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
	ByGrant           Reason = "a grant allows it"

	NothingAllows   Reason = "no policy and no grant allows it"
	OtherAccount    Reason = "the resource belongs to another account"
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

// refused is the decision that nothing allows what d demands.
func refused(c *Caller, d *Demand, why Reason) Decision {
	var b strings.Builder
	b.WriteString("User: " + c.Name() + " is not authorized to perform: " + d.Action)
	if arn := d.Resource.ARN; arn != "" && arn != "*" {
		b.WriteString(" on resource: " + arn)
	}
	b.WriteString(" because no identity-based policy allows the " + d.Action + " action")
	return Decision{Effect: Deny, Reason: why,
		Err: fault.New(fault.Denied, "AccessDeniedException", b.String())}
}
