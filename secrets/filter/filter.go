// Package filter chooses secrets by the Filters of ListSecrets and BatchGetSecretValue.
//
// The rules are those that were recorded from AWS, which are not those of its reference: name and
// tags are compared from their beginning, description and all by words. words.go says what a word
// is.
package filter

import (
	"slices"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/fault"
)

// Filter narrows a listing to the secrets of which an attribute has one of the values.
type Filter struct {
	Key    *string  `shape:"FilterNameStringType"`
	Values []string `shape:"FilterValuesStringList"` // 1 to 10; a ! in front negates
}

// Keys are the attributes that a filter may look at, in the order of AWS's model.
var Keys = []string{
	"description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all",
}

func invalid(message string) error {
	return fault.New(fault.Invalid, "InvalidParameterException", message)
}

var errKey = invalid("Invalid filter key")

// Check holds filters to what the model leaves open. The words are AWS's.
func Check(filters []Filter) error {
	for _, f := range filters {
		switch {
		case f.Key == nil:
			return errKey
		case f.Values == nil:
			return invalid("Invalid filter values for key: " + *f.Key)
		}
	}
	return nil
}

// Secret is what filters look at.
type Secret[T domain.Tag] struct {
	Name, Description string
	PrimaryRegion     string // of one that has copies or is one, or nothing
	Owner             string // the service that manages it, or nothing
	Tags              []T
}

// Search is filters, read once, for many secrets.
type Search[T domain.Tag] struct {
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

// New reads filters, which were checked.
func New[T domain.Tag](filters []Filter) *Search[T] {
	s := new(Search[T])
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

func (s *Search[T]) read(key, value string) wanted {
	if key != "description" && key != "all" {
		return wanted{text: value}
	}
	w := wanted{words: splitWords(value)}
	s.words += len(w.words)
	return w
}

// Cost is about how much work a secret is: the bytes to split into words, and the words to look for
// among them, in every attribute again.
func (s *Search[T]) Cost(sec Secret[T]) int {
	if s.words == 0 {
		return 0
	}
	n := len(sec.Name) + len(sec.Description)
	for _, t := range sec.Tags {
		key, value := t.Pair()
		n += len(key) + len(value)
	}
	return n + s.words*(2+2*len(sec.Tags))
}

// Matches reports whether a secret passes all filters.
func (s *Search[T]) Matches(sec Secret[T]) bool {
	a := &attributes[T]{Secret: sec}
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
type attributes[T domain.Tag] struct {
	Secret[T]
	split [][]string // the words of the description, the name and the tags, attribute by attribute
}

// have reports whether the attribute that key names has a value.
func (a *attributes[T]) have(key string, w wanted) bool {
	switch key {
	case "name":
		return strings.HasPrefix(a.Name, w.text)
	case "description":
		return haveWords(a.words()[0], w.words)
	case "primary-region":
		return a.PrimaryRegion != "" && strings.HasPrefix(a.PrimaryRegion, w.text)
	case "owning-service":
		return a.Owner != "" && strings.HasPrefix(a.Owner, w.text)
	case "tag-key":
		return a.haveTag(func(key, _ string) bool { return strings.HasPrefix(key, w.text) })
	case "tag-value":
		return a.haveTag(func(_, value string) bool { return strings.HasPrefix(value, w.text) })
	case "all":
		return slices.ContainsFunc(a.words(), func(words []string) bool {
			return haveWords(words, w.words)
		})
	}
	return false
}

func (a *attributes[T]) haveTag(begins func(key, value string) bool) bool {
	return slices.ContainsFunc(a.Tags, func(t T) bool { return begins(t.Pair()) })
}

// words returns the words of each attribute; the description is the first.
func (a *attributes[T]) words() [][]string {
	if a.split == nil {
		a.split = [][]string{splitWords(a.Description), splitWords(a.Name)}
		for _, t := range a.Tags {
			key, value := t.Pair()
			a.split = append(a.split, splitWords(key), splitWords(value))
		}
	}
	return a.split
}
