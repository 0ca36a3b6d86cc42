package topic

import (
	"errors"

	"claviger/internal/pattern"
	"claviger/topics/snsfault"
)

// CompileFilter reads a filter policy of a scope. at is what AWS puts before the text of an error.
// An empty policy, or one that is an empty object, is none: the pattern is nil.
func CompileFilter(at, text, scope string) (*pattern.Pattern, error) {
	if IsNoFilter(text) {
		return nil, nil
	}
	dialect := pattern.SNSAttributes
	if scope == OfBody {
		dialect = pattern.SNSBody
	}
	p, err := pattern.Compile(text, dialect)
	switch {
	case errors.Is(err, pattern.ErrNested):
		return nil, snsfault.Invalid("%s%s", at, err)
	case err != nil:
		return nil, snsfault.Invalid("%sFilterPolicy: %s", at, err)
	}
	return p, nil
}

// IsNoFilter reports whether a filter policy takes the one away that there is.
func IsNoFilter(text string) bool { return text == "" || text == "{}" }

// Scope is what the subscription's filter policy is about.
func (s *Subscription) Scope() string {
	if s.Attributes[ScopeAttribute] == OfBody {
		return OfBody
	}
	return OfAttributes
}

// Wants reports whether a subscription gets a message by its filter policy, which is nil where it
// has none. event is [Message.Event], and text what the subscription's protocol gets.
func (s *Subscription) Wants(filter *pattern.Pattern, event []byte, text string) bool {
	switch {
	case filter == nil:
		return true
	case s.Scope() == OfBody:
		return filter.Matches([]byte(text))
	}
	return filter.Matches(event)
}
