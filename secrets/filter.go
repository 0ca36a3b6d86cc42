package secrets

import (
	"slices"
	"strings"
	"unicode"
)

// Filter is Filter of AWS: what a listing is narrowed to.
type Filter struct {
	Key    *string  `shape:"FilterNameStringType"`
	Values []string `shape:"FilterValuesStringList"` // 1 to 10; one of them must match; ! negates
}

// checkFilters holds filters to what the model leaves open.
func checkFilters(filters []Filter) error {
	for _, f := range filters {
		if f.Key == nil || f.Values == nil {
			return invalidParameter("A filter needs a Key and Values.")
		}
	}
	return nil
}

// matches reports whether a secret passes all filters.
func matches(s *Secret, filters []Filter) bool {
	for _, f := range filters {
		if !f.matches(s) {
			return false
		}
	}
	return true
}

// matches reports whether a secret passes: it has one of the values, if any is asked for, and none of those behind
// an exclamation mark.
func (f Filter) matches(s *Secret) bool {
	asked, found := false, false
	for _, v := range f.Values {
		if no, negated := strings.CutPrefix(v, "!"); negated {
			if f.has(s, no) {
				return false
			}
			continue
		}
		asked = true
		found = found || f.has(s, v)
	}
	return found || !asked
}

// has reports whether the filter's attribute begins with v. No secret here has a primary Region or an owning service: there is no
// replication, and no other service keeps its secrets here.
func (f Filter) has(s *Secret, v string) bool {
	switch *f.Key {
	case "name":
		return strings.HasPrefix(s.Name, v)
	case "description":
		return strings.HasPrefix(strings.ToLower(s.Description), strings.ToLower(v))
	case "tag-key":
		return slices.ContainsFunc(s.Tags, func(t Tag) bool { return strings.HasPrefix(t.Key, v) })
	case "tag-value":
		return slices.ContainsFunc(s.Tags, func(t Tag) bool { return strings.HasPrefix(t.Value, v) })
	case "all":
		return hasWords(s, v)
	}
	return false
}

// hasWords reports whether each word of v begins a word of some attribute, whatever its case.
func hasWords(s *Secret, v string) bool {
	have := words(s.Name + " " + s.Description)
	for _, t := range s.Tags {
		have = append(have, words(t.Key+" "+t.Value)...)
	}
	for _, word := range words(v) {
		if !slices.ContainsFunc(have, func(w string) bool { return strings.HasPrefix(w, word) }) {
			return false
		}
	}
	return true
}

// words splits a text at whatever is neither letter nor digit, in lower case.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// position is where a page ended: the value that the listing is sorted by, and the name or id that sets equals apart.
type position struct {
	key  int64
	name string
}
