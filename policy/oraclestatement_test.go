package policy_test

import (
	"slices"
	"strings"

	"claviger/policy"
)

// mark is one character of a pattern: itself, or one of the wildcards.
type mark struct {
	r    rune
	wild bool
}

func marks(s string) (m []mark) {
	for _, r := range s {
		m = append(m, mark{r, r == '*' || r == '?'})
	}
	return m
}

func literal(s string) (m []mark) {
	for _, r := range s {
		m = append(m, mark{r, false})
	}
	return m
}

// like tries everything that a "*" may stand for.
func like(p []mark, s []rune) bool {
	if len(p) == 0 {
		return len(s) == 0
	}
	if p[0] == (mark{'*', true}) {
		for i := range len(s) + 1 {
			if like(p[1:], s[i:]) {
				return true
			}
		}
		return false
	}
	if len(s) == 0 || p[0].r != s[0] && p[0] != (mark{'?', true}) {
		return false
	}
	return like(p[1:], s[1:])
}

// several can't be policy variables: they may have more than one value.
var several = []string{"aws:tagkeys", "kms:resourcealiases", "kms:encryptioncontextkeys",
	"kms:grantoperations", "secretsmanager:addreplicaregions", "sts:transitivetagkeys"}

// expand replaces the variables of a text, unless its document is too old to have them. It reports
// false for a variable without a value and without a default.
func (q *question) expand(s, version string, ofResource bool) (m []mark, ok bool) {
	for s != "" {
		start := strings.Index(s, "${")
		end := start + strings.Index(s[max(start, 0):], "}")
		if version != policy.Version2012 || start < 0 || end < start {
			return append(m, marks(s)...), true
		}
		m = append(m, marks(s[:start])...)
		name := s[start+2 : end]
		s = s[end+1:]
		if name == "*" || name == "?" || name == "$" {
			m = append(m, literal(name)...)
			continue
		}
		key, fallback, has := strings.Cut(name, ", ")
		has = has && len(fallback) > 1 && fallback[0] == '\'' && strings.HasSuffix(fallback, "'")
		values := q.context(ofResource)[strings.ToLower(key)]
		if slices.Contains(several, strings.ToLower(key)) || len(values) != 1 {
			if !has {
				return nil, false
			}
			values = []string{fallback[1 : len(fallback)-1]}
		}
		m = append(m, literal(values[0])...)
	}
	return m, true
}

func (q *question) actionIn(r rule) bool {
	in := func(patterns []string) bool {
		for _, p := range patterns {
			if like(marks(strings.ToLower(p)), []rune(strings.ToLower(q.Action))) {
				return true
			}
		}
		return false
	}
	if not, ok := r.of["NotAction"]; ok {
		return !in(texts(not))
	}
	return in(texts(r.of["Action"]))
}

// resourceIn: a statement without any is about a role in that role's trust policy, and without
// effect in a key's. The facts don't say what it is in a secret's: without effect, too.
func (q *question) resourceIn(r rule) bool {
	in := func(patterns []string) (yes, valueless bool) {
		for _, p := range patterns {
			matches, ok := q.resourceLike(p, r)
			yes, valueless = yes || matches, valueless || !ok
		}
		return yes, valueless
	}
	if not, ok := r.of["NotResource"]; ok {
		yes, valueless := in(texts(not))
		// An element that holds a variable without value matches no resource. Whether NotResource then
		// applies to all or to none isn't said: it denies and it doesn't allow.
		return !yes && (!valueless || r.of["Effect"] == "Deny")
	}
	if own, ok := r.of["Resource"]; ok {
		yes, _ := in(texts(own))
		return yes
	}
	named := r.of["Principal"] != nil || r.of["NotPrincipal"] != nil
	return named && strings.HasPrefix(q.Action, "sts:")
}

// resourceLike compares segment by segment. Variables are expanded after the fifth colon alone, and
// there wildcards cross everything.
func (q *question) resourceLike(pattern string, r rule) (yes, ok bool) {
	if pattern == "*" {
		return true, true
	}
	p, s := strings.SplitN(pattern, ":", 6), strings.SplitN(q.ARN, ":", 6)
	if len(p) != 6 {
		return false, true
	}
	last, ok := q.expand(p[5], r.version, r.of["Principal"] != nil || r.of["NotPrincipal"] != nil)
	if !ok {
		return false, false
	}
	if len(s) != 6 {
		return false, true
	}
	for i := range 5 {
		if !like(marks(p[i]), []rune(s[i])) {
			return false, true
		}
	}
	return like(last, []rune(s[5])), true
}

// Principals.

// byAWS is how strongly one entry below "AWS" speaks for the caller.
func (q *question) byAWS(entry string) (w ways) {
	p := q.Caller
	if entry == "*" {
		return ways{limited: true}
	}
	if p.Type == policy.Service {
		return ways{}
	}
	if entry == p.Account || entry == "arn:aws:iam::"+p.Account+":root" {
		// Root is directly what is named, everybody else through identity policies.
		return ways{account: true, unlimited: p.Type == policy.Root}
	}
	switch p.Type {
	case policy.FederatedUser:
		w.unlimited = entry == p.ARN
	case policy.IAMUser:
		w.unlimited = entry == p.ARN || entry == p.UniqueID
	case policy.AssumedRole:
		w.unlimited = entry == p.ARN
		w.limited = entry == p.Role || entry == p.UniqueID
	}
	return w
}

// element is how strongly a Principal or NotPrincipal element speaks for the caller.
func (q *question) element(v any) (w ways) {
	if v == "*" {
		return ways{limited: true}
	}
	of, _ := v.(map[string]any)
	for _, e := range texts(of["AWS"]) {
		w = w.and(q.byAWS(e))
	}
	for _, e := range texts(of["Service"]) {
		if q.Caller.Type == policy.Service && e == q.Caller.PrincipalID {
			w.unlimited = true
		}
	}
	for _, e := range texts(of["Federated"]) {
		// How far such a session is limited isn't said: as its role is.
		if q.Caller.Session != nil && e == q.Caller.Session.Provider && e != "" {
			w.limited = true
		}
	}
	return w
}

// named is how strongly an Allow of a resource's policy speaks for the caller.
func (q *question) named(r rule) ways {
	if not, ok := r.of["NotPrincipal"]; ok {
		if q.element(not) != (ways{}) {
			return ways{}
		}
		return ways{limited: true} // everybody else
	}
	w := q.element(r.of["Principal"])
	if w.limited && q.everyone(r.of["Principal"]) && narrowed(r) {
		w.unlimited = true
	}
	return w
}

func (q *question) everyone(v any) bool {
	if v == "*" {
		return true
	}
	of, _ := v.(map[string]any)
	return slices.Contains(texts(of["AWS"]), "*")
}

// narrowed: everybody, but by a condition these principals alone. Which conditions do that isn't
// said; it is taken to be those with whole ARNs, and no operator that also holds for others.
func narrowed(r rule) bool {
	conditions, _ := r.of["Condition"].(map[string]any)
	for op, keys := range conditions {
		switch op {
		case "StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnEquals", "ArnLike":
		default:
			continue
		}
		for k, v := range keys.(map[string]any) {
			whole := func(s string) bool {
				variables := r.version == policy.Version2012 && strings.Contains(s, "${")
				wildcards := op == "StringLike" || op[:3] == "Arn"
				return !variables && !(wildcards && strings.ContainsAny(s, "*?"))
			}
			if strings.EqualFold(k, "aws:PrincipalArn") && !slices.ContainsFunc(texts(v),
				func(s string) bool { return !whole(s) }) {
				return true
			}
		}
	}
	return false
}

// denied reports whether a Deny of a resource's policy hits the caller. One with NotPrincipal
// spares who is listed with every name it has, and never who has a boundary.
func (q *question) denied(r rule) bool {
	not, ok := r.of["NotPrincipal"]
	if !ok {
		return q.element(r.of["Principal"]) != (ways{})
	}
	p := q.Caller
	if p.Type != policy.Service && q.Boundary != "" {
		return true
	}
	if q.everyone(not) {
		return false
	}
	w := q.element(not)
	if of, ok := not.(map[string]any); ok && p.Type != policy.Service {
		w = q.element(map[string]any{"AWS": of["AWS"]}) // its provider spares no session
	}
	switch p.Type {
	case policy.Root:
		return !w.account
	case policy.IAMUser, policy.FederatedUser:
		return !(w.account && w.unlimited)
	case policy.AssumedRole:
		return !(w.account && w.unlimited && w.limited)
	}
	return !w.unlimited
}
