package policy

import (
	"slices"
	"strings"
)

// OfKey holds a document to the rules of a key policy: each statement names its
// principals, and actions are those of KMS. A statement may lack its Resource, as with
// AWS; it then applies to nothing.
func (d *Document) OfKey() error {
	for _, s := range d.Statements {
		if s.Principal == nil && s.NotPrincipal == nil {
			return Malformed("Missing required field Principal")
		}
		for _, a := range slices.Concat(s.Action, s.NotAction) {
			if vendor, _, _ := strings.Cut(a, ":"); a != "*" && !strings.EqualFold(vendor, "kms") {
				return Malformed("Policy contains an action of another service: actions of a key policy " +
					"begin with kms:")
			}
		}
	}
	return nil
}
