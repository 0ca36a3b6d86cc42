package secrets

import (
	"slices"
	"strings"
	"unicode"
)

// Filter narrows a listing to the secrets of which an attribute begins with one of the values.
type Filter struct {
	Key    *string  `shape:"FilterNameStringType"`
	Values []string `shape:"FilterValuesStringList"` // 1 to 10; a ! in front negates
}

var errFilter = invalidParameter("A filter needs a Key and Values.")

// checkFilters holds filters to what the model leaves open.
func checkFilters(filters []Filter) error {
	for _, f := range filters {
		if f.Key == nil || f.Values == nil {
			return errFilter
		}
	}
	return nil
}

// search is filters, read once, for many secrets.
type search struct {
	filters []condition
	words   int // that are looked for in all attributes of a secret
}

// condition is a filter: one of the values in wanted must match, if there is any, and none of those
// in unwanted.
type condition struct {
	key              string
	wanted, unwanted []wanted
}

// wanted is a value of a filter in the form that its attribute is compared in.
type wanted struct {
	text  string
	words []string // of a value for all attributes: each once
}

func newSearch(filters []Filter) *search {
	s := new(search)
	for _, f := range filters {
		c := condition{key: *f.Key}
		for _, v := range f.Values {
			no, negated := strings.CutPrefix(v, "!")
			if negated {
				c.unwanted = append(c.unwanted, s.read(c.key, no))
				continue
			}
			c.wanted = append(c.wanted, s.read(c.key, v))
		}
		s.filters = append(s.filters, c)
	}
	return s
}

func (s *search) read(key, value string) wanted {
	switch key {
	case "description":
		return wanted{text: strings.ToLower(value)}
	case "all":
		w := wanted{words: sortedWords(value)}
		s.words += len(w.words)
		return w
	}
	return wanted{text: value}
}

// cost is about how much work a secret is: the bytes to split into words, and the words to look for
// among them.
func (s *search) cost(sec *Secret) int {
	if s.words == 0 {
		return 0
	}
	n := s.words + len(sec.Name) + len(sec.Description)
	for _, t := range sec.Tags {
		n += len(t.Key) + len(t.Value)
	}
	return n
}

// matches reports whether a secret passes all filters.
func (s *search) matches(sec *Secret) bool {
	a := &attributes{Secret: sec}
	for _, c := range s.filters {
		has := func(w wanted) bool { return a.have(c.key, w) }
		if slices.ContainsFunc(c.unwanted, has) {
			return false
		}
		if len(c.wanted) > 0 && !slices.ContainsFunc(c.wanted, has) {
			return false
		}
	}
	return true
}

// attributes are what filters look at in one secret. What costs work is made when the first value
// asks for it.
type attributes struct {
	*Secret
	lower string   // the description
	words []string // of all attributes, sorted
}

// have reports whether the attribute that key names begins with a value. No secret here has a
// primary Region or an owning service: there is no replication, and no other service keeps its
// secrets here.
func (a *attributes) have(key string, w wanted) bool {
	switch key {
	case "name":
		return strings.HasPrefix(a.Name, w.text)
	case "description":
		if a.lower == "" {
			a.lower = strings.ToLower(a.Description)
		}
		return strings.HasPrefix(a.lower, w.text)
	case "tag-key":
		return a.haveTag(func(t Tag) bool { return strings.HasPrefix(t.Key, w.text) })
	case "tag-value":
		return a.haveTag(func(t Tag) bool { return strings.HasPrefix(t.Value, w.text) })
	case "all":
		return a.haveWords(w.words)
	}
	return false
}

func (a *attributes) haveTag(begins func(Tag) bool) bool {
	return slices.ContainsFunc(a.Tags, begins)
}

// haveWords reports whether each word begins a word of some attribute, whatever its case. The first
// word that does not sort before another begins with it, if any does.
func (a *attributes) haveWords(words []string) bool {
	if a.words == nil {
		texts := []string{a.Name, a.Description}
		for _, t := range a.Tags {
			texts = append(texts, t.Key, t.Value)
		}
		a.words = sortedWords(strings.Join(texts, " "))
	}
	return !slices.ContainsFunc(words, func(word string) bool {
		i, _ := slices.BinarySearch(a.words, word)
		return i == len(a.words) || !strings.HasPrefix(a.words[i], word)
	})
}

// sortedWords splits a text at whatever is neither letter nor digit. The words come in lower case,
// in order and once each.
func sortedWords(s string) []string {
	all := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	slices.Sort(all)
	return slices.Compact(all)
}
