// Package policy decides whether a caller may do what an operation demands. It is pure: documents and facts
// go in, a decision comes out; it reads no clock and does no input or output.
//
// For now these rules stand: an account's root user may do everything in its own account, the service may do its own unfinished
// work, and anybody else may do what a KMS grant allows. Policy documents are read ([Parse]) and decide nothing yet. The seam
// is the final one, so that the IAM policy language arrives behind [Decide] and nothing in front of it changes.
package policy

import (
	"slices"
	"strings"

	"claviger/internal/fault"
)

// The types of principal, in CloudTrail's userIdentity vocabulary.
const (
	Root    = "Root"
	IAMUser = "IAMUser"
	Service = "AWSService"
)

// Caller is a verified principal: who asks, not what it may do.
type Caller struct {
	Type        string // Root, IAMUser or Service
	Account     string // 12 digits
	ARN         string // arn:aws:iam::ACCOUNT:root and so on; a service has none
	PrincipalID string // unique id of the principal; the account's own number for its root
	AccessKeyID string // the key that signed; empty for a service
}

// AsService is the service's own principal within an account, used for work that a caller has set going earlier.
func AsService(account, service string) Caller {
	return Caller{Type: Service, Account: account, PrincipalID: service + ".amazonaws.com"}
}

// Sovereign reports whether the caller may do everything in its account, so that nothing has to be read that could allow
// it more.
func (c Caller) Sovereign() bool { return c.Type == Root || c.Type == Service }

// Name is what the caller is called where others give it rights, and when it is refused: its ARN, or a service's name.
func (c Caller) Name() string {
	if c.ARN == "" {
		return c.PrincipalID
	}
	return c.ARN
}

// Demand is one permission that an operation needs: an IAM action on a resource. What follows Open are facts of the request
// that a decision may turn on.
type Demand struct {
	Action   string // e.g. kms:Decrypt
	Resource string // ARN, or "*" where the action knows no resource
	Account  string // the account that owns the resource; empty means the caller's own
	Open     string // the reason why no permission is needed; then Action says only what is done

	Own     string            // the principal whose own affair it is: by that alone it may; empty means nobody's
	Grants  []Grant           // the grants that may speak for the caller on the resource, in no order
	Context map[string]string // the encryption context
	Makes   *Grant            // the grant that kms:CreateGrant is to make
}

// Decide returns nil if the caller may do all that is demanded. Otherwise it is a fault of kind Denied in
// IAM's words. No demand at all is a mistake of ours and is refused.
func Decide(c Caller, demands []Demand) error {
	if len(demands) == 0 {
		return fault.New(fault.Internal, "", "the operation demands nothing")
	}
	for _, d := range demands {
		if !allows(c, d) {
			return denied(c, d)
		}
	}
	return nil
}

func allows(c Caller, d Demand) bool {
	if d.Open != "" {
		return true
	}
	if d.Account != "" && d.Account != c.Account {
		return false
	}
	if c.Sovereign() || d.Own != "" && d.Own == c.Name() {
		return true
	}
	return slices.ContainsFunc(d.Grants, func(g Grant) bool { return g.allows(c, d) })
}

func denied(c Caller, d Demand) error {
	var b strings.Builder
	b.WriteString("User: " + c.Name() + " is not authorized to perform: " + d.Action)
	if d.Resource != "" && d.Resource != "*" {
		b.WriteString(" on resource: " + d.Resource)
	}
	b.WriteString(" because no identity-based policy allows the " + d.Action + " action")
	return fault.New(fault.Denied, "AccessDeniedException", b.String())
}
