package secrets

import (
	"slices"
	"strings"
	"unicode"
)

// Filter narrows a listing to the secrets of which an attribute has one of the values. AWS's
// reference speaks of the beginning of the attribute for every key. Recorded answers show that
// description and all look for words instead; see [splitWords].
type Filter struct {
	Key    *string  `shape:"FilterNameStringType"`
	Values []string `shape:"FilterValuesStringList"` // 1 to 10; a ! in front negates
}

var errFilterKey = invalidParameter("Invalid filter key")

func errFilterValues(key string) error {
	return invalidParameter("Invalid filter values for key: " + key)
}

// checkFilters holds filters to what the model leaves open.
func checkFilters(filters []Filter) error {
	for _, f := range filters {
		switch {
		case f.Key == nil:
			return errFilterKey
		case f.Values == nil:
			return errFilterValues(*f.Key)
		}
	}
	return nil
}

// search is filters, read once, for many secrets.
type search struct {
	filters []condition
	words   int // that are looked for in the attributes of a secret
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
	words []string // for the keys that compare by words: each once
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
	if key != "description" && key != "all" {
		return wanted{text: value}
	}
	w := wanted{words: splitWords(value)}
	s.words += len(w.words)
	return w
}

// cost is about how much work a secret is: the bytes to split into words, and the words to look for
// among them, in every attribute again.
func (s *search) cost(sec *Secret) int {
	if s.words == 0 {
		return 0
	}
	n := len(sec.Name) + len(sec.Description)
	for _, t := range sec.Tags {
		n += len(t.Key) + len(t.Value)
	}
	return n + s.words*(2+2*len(sec.Tags))
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
	split [][]string // the words of the description, the name and the tags, attribute by attribute
}

// have reports whether the attribute that key names has a value. No secret here has a primary
// Region or an owning service: there is no replication, and no other service keeps its secrets
// here.
func (a *attributes) have(key string, w wanted) bool {
	switch key {
	case "name":
		return strings.HasPrefix(a.Name, w.text)
	case "description":
		return haveWords(a.words()[0], w.words)
	case "tag-key":
		return a.haveTag(func(t Tag) bool { return strings.HasPrefix(t.Key, w.text) })
	case "tag-value":
		return a.haveTag(func(t Tag) bool { return strings.HasPrefix(t.Value, w.text) })
	case "all":
		return slices.ContainsFunc(a.words(), func(words []string) bool {
			return haveWords(words, w.words)
		})
	}
	return false
}

func (a *attributes) haveTag(begins func(Tag) bool) bool {
	return slices.ContainsFunc(a.Tags, begins)
}

// words returns the words of each attribute; the description is the first.
func (a *attributes) words() [][]string {
	if a.split == nil {
		a.split = [][]string{splitWords(a.Description), splitWords(a.Name)}
		for _, t := range a.Tags {
			a.split = append(a.split, splitWords(t.Key), splitWords(t.Value))
		}
	}
	return a.split
}

// haveWords reports whether each of wanted begins a word of one attribute. All have to be in the
// same one, as AWS's announcement of the search has it ("includes both in the same field"). The
// first word that does not sort before another begins with it, if any does. A value without a word
// finds nothing.
func haveWords(words, wanted []string) bool {
	return len(wanted) > 0 && !slices.ContainsFunc(wanted, func(word string) bool {
		i, _ := slices.BinarySearch(words, word)
		return i == len(words) || !strings.HasPrefix(words[i], word)
	})
}

// splitWords splits a text at whatever is neither letter nor digit, and where a capital begins a
// word: behind a small letter or a digit, or before a small letter (COMPANYthings is COMPAN and
// Ythings). The words come in lower case, in order and once each.
func splitWords(s string) (words []string) {
	runes := []rune(s)
	begin := 0
	end := func(at int) {
		if begin < at {
			words = append(words, strings.ToLower(string(runes[begin:at])))
		}
		begin = at
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end(i)
			begin = i + 1
		case i > begin && unicode.IsUpper(r) && beginsWord(runes, i):
			end(i)
		}
	}
	end(len(runes))
	slices.Sort(words)
	return slices.Compact(words)
}

// beginsWord reports whether the capital at i, which isn't the first of its run, begins a word.
func beginsWord(runes []rune, i int) bool {
	next := i + 1
	return !unicode.IsUpper(runes[i-1]) || next < len(runes) && unicode.IsLower(runes[next])
}
