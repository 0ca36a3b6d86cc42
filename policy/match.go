package policy

import (
	"slices"
	"strings"
)

// Allows reports whether the document by itself allows c an action on a resource under all
// circumstances: a statement with a condition decides nothing here, neither for nor against. An
// account's own ARN stands for everybody in it.
func (d *Document) Allows(c *Caller, action, resource string) bool {
	allowed := false
	for i := range d.Statements {
		s := &d.Statements[i]
		if len(s.Condition) > 0 || !s.names(c) || !s.covers(action) || !s.reaches(resource) {
			continue
		}
		if s.Effect == Deny {
			return false
		}
		allowed = true
	}
	return allowed
}

func (s *Statement) names(c *Caller) bool {
	if s.NotPrincipal != nil {
		return !s.NotPrincipal.include(c)
	}
	return s.Principal != nil && s.Principal.include(c)
}

// covers: actions are compared without regard to case.
func (s *Statement) covers(action string) bool {
	hit := func(pattern string) bool { return like(strings.ToLower(pattern), strings.ToLower(action)) }
	if s.NotAction != nil {
		return !slices.ContainsFunc(s.NotAction, hit)
	}
	return slices.ContainsFunc(s.Action, hit)
}

func (s *Statement) reaches(resource string) bool {
	hit := func(pattern string) bool { return like(pattern, resource) }
	if s.NotResource != nil {
		return !slices.ContainsFunc(s.NotResource, hit)
	}
	return slices.ContainsFunc(s.Resource, hit)
}

// like reports whether s fits a pattern in which * stands for any text and ? for any one character.
// It takes at most the product of their lengths.
func like(pattern, s string) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p, i = p+1, i+1
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
