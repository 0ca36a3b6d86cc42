package policy

import (
	"slices"
	"strings"
)

// Grant is what a grant of a KMS key says to a decision ("Grants in AWS KMS" of the KMS developer guide).
type Grant struct {
	Grantee    string            // as [Caller.Name]
	Operations []string          // Decrypt, ReEncryptFrom, ... by which kms:Decrypt, kms:ReEncryptFrom, ... are allowed
	Equals     map[string]string // EncryptionContextEquals; nil: there is no such constraint
	Subset     map[string]string // EncryptionContextSubset, likewise
	SourceARN  string            // SourceArn, or nothing
}

// allows reports whether the grant gives c what is demanded.
func (g *Grant) allows(c Caller, d Demand) bool {
	operation, ok := strings.CutPrefix(d.Action, "kms:")
	if !ok || g.Grantee == "" || g.Grantee != c.Name() || !slices.Contains(g.Operations, operation) {
		return false
	}
	switch {
	case operation == "RetireGrant": // the constraints don't apply to it
		return true
	case g.SourceARN != "": // only a service asks on behalf of a resource, and no such request is under a grant here
		return false
	case operation == "DescribeKey": // it has no encryption context
		return true
	case operation == "CreateGrant":
		return d.Makes != nil && g.bounds(d.Makes)
	}
	return g.admits(d.Context)
}

// admits holds the encryption context of a request to the constraints.
func (g *Grant) admits(context map[string]string) bool {
	return (g.Equals == nil || same(context, g.Equals)) && holds(context, g.Subset)
}

// bounds reports whether a grant made by the right that g gives keeps within g: no operation that g hasn't, and constraints
// at least as strict, so that what the child admits g admits too.
func (g *Grant) bounds(child *Grant) bool {
	for _, o := range child.Operations {
		if !slices.Contains(g.Operations, o) {
			return false
		}
	}
	switch {
	case g.SourceARN != "" && g.SourceARN != child.SourceARN:
		return false
	case g.Equals != nil && (child.Equals == nil || !same(child.Equals, g.Equals)):
		return false
	}
	return holds(child.Equals, g.Subset) || holds(child.Subset, g.Subset)
}

// same reports whether two encryption contexts are one, as [holds] compares them.
func same(a, b map[string]string) bool { return len(a) == len(b) && holds(a, b) && holds(b, a) }

// holds reports whether every pair of part is in whole. Keys are compared without regard to case and values with it: so says
// the API reference of GrantConstraints.
func holds(whole, part map[string]string) bool {
	for key, value := range part {
		if v, ok := whole[key]; ok && v == value {
			continue
		}
		if !holdsFolded(whole, key, value) {
			return false
		}
	}
	return true
}

func holdsFolded(whole map[string]string, key, value string) bool {
	for k, v := range whole {
		if v == value && strings.EqualFold(k, key) {
			return true
		}
	}
	return false
}
