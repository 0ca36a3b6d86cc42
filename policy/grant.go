package policy

import (
	"maps"
	"slices"
	"strings"
)

// Grant is what a grant of a KMS key says to a decision ("Grants in AWS KMS" of the KMS developer
// guide). It is one source of permission among others, brought by [Resource.Grants].
type Grant struct {
	ID        string
	Grantee   string            // as a policy names principals, or a service's name
	Actions   []string          // kms:Decrypt, kms:ReEncryptFrom, ...
	Equals    map[string]string // EncryptionContextEquals; nil: there is no such constraint
	Subset    map[string]string // EncryptionContextSubset, likewise
	SourceARN string            // SourceArn, or nothing
}

// encryptionContext is the condition key of one pair of the encryption context, the pair's key
// behind it.
const encryptionContext = "kms:EncryptionContext:"

// EncryptionContext puts an encryption context into the values of a demand. Of an empty one nothing
// is there.
func (v Values) EncryptionContext(context map[string]string) {
	if len(context) == 0 {
		return
	}
	for key, value := range context {
		v[encryptionContext+key] = []string{value}
	}
	v["kms:EncryptionContextKeys"] = slices.Sorted(maps.Keys(context))
}

// pairs returns the values whose keys begin with prefix, by what follows it.
func (v Values) pairs(prefix string) map[string]string {
	out := map[string]string{}
	for key, values := range v {
		if name, ok := strings.CutPrefix(key, prefix); ok && len(values) > 0 {
			out[name] = values[0]
		}
	}
	return out
}

// The values that say which grant kms:CreateGrant is to make. Operations and the types of
// constraints are AWS's condition keys; the pairs and the source have no key of AWS's.
const (
	grantOperations  = "kms:GrantOperations"
	constraintTypes  = "kms:GrantConstraintType"
	constraintEquals = "claviger:GrantEncryptionContextEquals:"
	constraintSubset = "claviger:GrantEncryptionContextSubset:"
	constraintSource = "claviger:GrantSourceArn"

	typeEquals = "EncryptionContextEquals"
	typeSubset = "EncryptionContextSubset"
)

// Values returns what a demand for kms:CreateGrant says of the grant that it is to make.
func (g *Grant) Values() Values {
	v := Values{grantOperations: nil}
	for _, action := range g.Actions {
		operation := strings.TrimPrefix(action, "kms:")
		v[grantOperations] = append(v[grantOperations], operation)
	}
	for key, value := range g.Equals {
		v[constraintEquals+key] = []string{value}
	}
	for key, value := range g.Subset {
		v[constraintSubset+key] = []string{value}
	}
	if g.Equals != nil {
		v[constraintTypes] = append(v[constraintTypes], typeEquals)
	}
	if g.Subset != nil {
		v[constraintTypes] = append(v[constraintTypes], typeSubset)
	}
	if g.SourceARN != "" {
		v[constraintSource] = []string{g.SourceARN}
	}
	return v
}

// made reads what [Grant.Values] wrote. A demand that doesn't say which grant it is to make has
// none, so that no grant allows it.
func made(v Values) *Grant {
	operations, ok := v[grantOperations]
	if !ok {
		return nil
	}
	g := &Grant{}
	for _, operation := range operations {
		g.Actions = append(g.Actions, "kms:"+operation)
	}
	if slices.Contains(v[constraintTypes], typeEquals) {
		g.Equals = v.pairs(constraintEquals)
	}
	if slices.Contains(v[constraintTypes], typeSubset) {
		g.Subset = v.pairs(constraintSubset)
	}
	if source := v[constraintSource]; len(source) > 0 {
		g.SourceARN = source[0]
	}
	return g
}

// grantRequest is what grants are held to. Its parts are made of a demand's values when the first
// grant turns on them and once for all grants: a key may have fifty thousand.
type grantRequest struct {
	*scope
	ready   bool
	child   *Grant // that kms:CreateGrant is to make; nil: it wasn't said
	context map[string]string
}

func (r *grantRequest) prepare() {
	if !r.ready {
		r.ready = true
		r.child, r.context = made(r.brought()), r.brought().pairs(encryptionContext)
	}
}

// Grantees returns what grants may call the caller: its own name, its role's, its unique id, and
// its account's. None is empty.
func (c *Caller) Grantees() []string {
	names := []string{c.Name(), c.Role, c.UniqueID}
	if c.Type != Service && c.Type != Root {
		names = append(names, rootARN(c.Account))
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// grantee is [Caller.Grantees] for comparison. It is made once for all grants.
type grantee struct {
	caller *Caller
	name   string
	root   string // of the account, where it isn't the caller's own name
}

func newGrantee(c *Caller) grantee {
	g := grantee{caller: c, name: c.Name()}
	if c.Type != Service && c.Type != Root {
		g.root = rootARN(c.Account)
	}
	return g
}

// namedIn says how a grant names the caller; zero if it doesn't.
func (w *grantee) namedIn(g *Grant) namedBy {
	switch g.Grantee {
	case "":
		return 0
	case w.name:
		return w.caller.byARN()
	case w.caller.Role:
		return byRole
	case w.caller.UniqueID:
		return w.caller.byUniqueID()
	case w.root:
		return byAccount
	}
	return 0
}

// allows reports whether the grant gives what is asked for to its grantee.
func (g *Grant) allows(r *grantRequest) bool {
	action := r.demand.Action
	if !slices.Contains(g.Actions, action) {
		return false
	}
	switch {
	case action == "kms:RetireGrant": // the constraints don't apply to it
		return true
	case g.SourceARN != "": // only a service asks on behalf of a resource, and none does here
		return false
	case action == "kms:DescribeKey", action == "kms:GetPublicKey": // they have no encryption context
		return true
	}
	if action == "kms:CreateGrant" {
		r.prepare()
		return r.child != nil && g.bounds(r.child)
	}
	if g.Equals == nil && len(g.Subset) == 0 {
		return true
	}
	r.prepare()
	return g.admits(r.context)
}

// admits holds the encryption context of a request to the constraints.
func (g *Grant) admits(context map[string]string) bool {
	return (g.Equals == nil || same(context, g.Equals)) && holds(context, g.Subset)
}

// bounds reports whether a grant made by the right that g gives keeps within g: no action that g
// hasn't, and constraints at least as strict, so that what the child admits g admits too.
func (g *Grant) bounds(child *Grant) bool {
	for _, action := range child.Actions {
		if !slices.Contains(g.Actions, action) {
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

// holds reports whether every pair of part is in whole. Keys are compared without regard to case
// and values with it: so says the API reference of GrantConstraints.
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
