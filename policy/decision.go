package policy

import (
	"cmp"
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

// refused is the decision that nothing allows what d demands. It names the resource as the caller
// did: the ARN behind an alias or a plain name would tell that the resource is there.
func refused(c *Caller, d *Demand, why Reason) Decision {
	text := "User: " + c.Name() + " is not authorized to perform: " + d.Action +
		named(&d.Resource) + because(d, why)
	return Decision{Effect: Deny, Reason: why,
		Err: fault.New(fault.Denied, "AccessDeniedException", text)}
}

// named is the part of a refusal that says on what.
func named(r *Resource) string {
	switch name := cmp.Or(r.Asked, r.ARN); name {
	case "", "*":
		return ""
	case OfCiphertext:
		return " on " + name
	default:
		return " on resource: " + name
	}
}

// because is the part of a refusal that says which kind of policy was looked for in vain. To
// another account KMS doesn't say whether there is a key.
func because(d *Demand, why Reason) string {
	switch {
	case why != OtherAccount:
		return " because no identity-based policy allows the " + d.Action + " action"
	case strings.HasPrefix(d.Action, "kms:") && named(&d.Resource) != "":
		return " because the resource does not exist in this Region, no resource-based policies " +
			"allow access, or a resource-based policy explicitly denies access"
	}
	return " because no resource-based policy allows the " + d.Action + " action"
}
