// Package policy decides whether a caller may do what an operation demands. It is pure: documents and facts
// go in, a decision comes out; it reads no clock and does no input or output.
//
// For now one rule stands: an account's root user may do everything in its own account, and the service may
// do its own unfinished work. The seam is the final one, so that the IAM policy language arrives behind
// [Decide] and nothing in front of it changes.
package policy

import (
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

// Demand is one permission that an operation needs: an IAM action on a resource.
type Demand struct {
	Action   string // e.g. kms:Decrypt
	Resource string // ARN, or "*" where the action knows no resource
	Account  string // the account that owns the resource; empty means the caller's own
	Open     string // the reason why no permission is needed; then Action says only what is done
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
	return c.Type == Root || c.Type == Service
}

func denied(c Caller, d Demand) error {
	who := c.ARN
	if who == "" {
		who = c.PrincipalID
	}
	var b strings.Builder
	b.WriteString("User: " + who + " is not authorized to perform: " + d.Action)
	if d.Resource != "" && d.Resource != "*" {
		b.WriteString(" on resource: " + d.Resource)
	}
	b.WriteString(" because no identity-based policy allows the " + d.Action + " action")
	return fault.New(fault.Denied, "AccessDeniedException", b.String())
}
