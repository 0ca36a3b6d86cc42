package policy

import (
	"cmp"
	"slices"
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
// It names the resource as the caller did: the ARN behind an alias or a plain name would tell that
// the resource is there.
func refused(c *Caller, d *Demand, k kind, v *verdict) Decision {
	out := Decision{Effect: Deny, Reason: NothingAllows}
	why := " because " + implicit[k] + d.Action + " action"
	foreign := d.Resource.Account != "" && d.Resource.Account != c.Account
	if v != nil {
		out.Reason, out.Statement = ExplicitDeny, v.sid
	} else if foreign {
		out.Reason = OtherAccount
	}
	switch {
	case k == resourcePolicy && foreign && strings.HasPrefix(d.Action, "kms:") &&
		named(&d.Resource) != "":
		why = hidden // to another account KMS doesn't say whether there is a key
	case k == resourcePolicy && foreign:
		// What another account's policy says is its own affair: that it denies isn't told.
	case v != nil:
		why = " with an explicit deny in " + explicit[k]
	}
	if slices.Contains(reticent, d.Action) {
		why = ""
	}
	text := "User: " + c.Name() + " is not authorized to perform: " + d.Action +
		named(&d.Resource) + why
	if d.Action == webIdentity || c.Type == WebIdentityUser {
		text = "Not authorized to perform " + d.Action
	}
	out.Err = fault.New(fault.Denied, "AccessDeniedException", text)
	return out
}

// STS says why to nobody who asks something of a role. Who comes with a token of an identity
// provider has no name yet.
var reticent = []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}

const webIdentity = "sts:AssumeRoleWithWebIdentity"

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

// The ends of IAM's sentence about a refusal ("Troubleshoot access denied error messages" of the
// IAM user guide).
var (
	implicit = [...]string{
		identityPolicy:      "no identity-based policy allows the ",
		resourcePolicy:      "no resource-based policy allows the ",
		permissionsBoundary: "no permissions boundary allows the ",
		sessionPolicy:       "no session policy allows the ",
	}
	explicit = [...]string{
		identityPolicy:      "an identity-based policy",
		resourcePolicy:      "a resource-based policy",
		permissionsBoundary: "a permissions boundary",
		sessionPolicy:       "a session policy",
	}
)

const hidden = " because the resource does not exist in this Region, no resource-based policies " +
	"allow access, or a resource-based policy explicitly denies access"

// allowed is the decision that policies allow the demand.
func (e *evaluation) allowed() Decision {
	out := Decision{Effect: Allow, Reason: ByResourcePolicy, Statement: e.resource.sid}
	switch by := e.resource.by; {
	case by&^byAccount != 0 && (!e.foreign() || e.caller.Type == Service):
	case e.caller.Type == Root:
		out.Reason = AccountOwner
	default:
		out.Reason, out.Statement = ByIdentityPolicy, e.identity.sid
	}
	return out
}
