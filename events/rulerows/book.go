package rulerows

import (
	"context"
	"slices"
	"sort"
	"strings"

	"claviger/events/rule"
	"claviger/internal/pattern"
	"claviger/store"
)

// Bounds of the cache. The rules of an account are read together: events are matched with all of
// them.
const (
	cachedBooks = 1024
	cachedBytes = 64 << 20
	ownWeight   = 512  // of a rule, beside its texts
	compiled    = 4096 // of a rule's pattern, compiled
)

// Book is all rules of an account and Region, with their patterns compiled. It never changes: who
// asks for it again after a change gets another one.
type Book struct {
	Rules []*rule.Rule // in order of name

	set     *pattern.Set
	matched []*rule.Rule // by the numbers in set; nil stands for [readOnly]

	wantsAny, wantsReads bool
}

// Book returns the rules of an account and Region. It is cached until one of them changes, so that
// it may be asked for with every event.
func (s *Rows) Book(ctx context.Context, account, region string) (*Book, error) {
	at := Place{account, region}
	return s.books.Get(at, func() (*Book, error) {
		rules, err := s.read(ctx, at)
		if err != nil {
			return nil, err
		}
		return NewBook(rules), nil
	})
}

const ofAllAccounts = "whoever delivers reads the rules of all accounts"

var qPlaces = store.Wide(`SELECT DISTINCT account, region FROM event_rules
	ORDER BY account, region LIMIT $1`, ofAllAccounts)

// Places returns where there are rules, as many as have room in the cache. Nothing of their rows is
// believed by it: [Rows.Book] looks at those.
func (s *Rows) Places() (all []Place, err error) {
	err = s.db.Rows(qPlaces, []any{cachedBooks}, func(scan func(...any) error) error {
		var at Place
		if err := scan(&at.Account, &at.Region); err != nil {
			return err
		}
		all = append(all, at)
		return nil
	})
	return all, err
}

// readOnly is what CloudTrail tells of calls that only read, which a rule matches only in a state
// of its own.
var readOnly = must(`{"detail-type":["AWS API Call via CloudTrail"],"detail":{"readOnly":[true]}}`)

func must(text string) *pattern.Pattern {
	p, err := pattern.Compile(text, pattern.EventBridge)
	if err != nil {
		panic(err)
	}
	return p
}

// NewBook returns the rules of an account and Region, in order of name, as a book.
func NewBook(rules []*rule.Rule) *Book {
	b := &Book{Rules: rules, matched: []*rule.Rule{nil}}
	patterns := []*pattern.Pattern{readOnly}
	for _, r := range rules {
		if r.State == rule.Disabled {
			continue
		}
		if r.Pattern != "" {
			b.wantsAny = true
			b.wantsReads = b.wantsReads || r.State == rule.EnabledForAll
		}
		for _, text := range []string{r.Pattern, scheduled(r)} {
			if text == "" {
				continue
			}
			// It was compiled before it was stored, and its row is signed. What can't be compiled
			// any more matches nothing.
			if p, err := pattern.Compile(text, pattern.EventBridge); err == nil {
				patterns, b.matched = append(patterns, p), append(b.matched, r)
			}
		}
	}
	b.set = pattern.NewSet(patterns...)
	return b
}

// scheduled is the pattern of the events of a rule's own schedule, or nothing.
func scheduled(r *rule.Rule) string {
	if r.Schedule == "" {
		return ""
	}
	return `{"source":["aws.events"],"detail-type":["Scheduled Event"],"resources":["` + r.ARN() + `"]}`
}

// Wants reports whether a rule might match what CloudTrail tells of a call, which only reads or
// does not.
func (b *Book) Wants(reads bool) bool { return b.wantsAny && (!reads || b.wantsReads) }

// Match returns the rules that an event goes to, in order of name. Rules in the state ENABLED leave
// out what CloudTrail tells of calls that only read, as with AWS.
func (b *Book) Match(event []byte) []*rule.Rule {
	if len(b.matched) == 1 {
		return nil
	}
	numbers := b.set.Match(event)
	var reads bool
	if len(numbers) > 0 && numbers[0] == 0 {
		reads, numbers = true, numbers[1:]
	}
	var all []*rule.Rule
	for _, n := range numbers {
		r := b.matched[n]
		if reads && r.State != rule.EnabledForAll || slices.Contains(all, r) {
			continue
		}
		all = append(all, r)
	}
	return all
}

// Rule returns the rule of a name, or nil.
func (b *Book) Rule(name string) *rule.Rule {
	i := b.from(name)
	if i < len(b.Rules) && b.Rules[i].Name == name {
		return b.Rules[i]
	}
	return nil
}

// After returns the rules whose names follow a name and begin with a prefix.
func (b *Book) After(name, prefix string) []*rule.Rule {
	i := max(b.from(prefix), b.from(name+"\x00"))
	if name == "" {
		i = b.from(prefix)
	}
	n := i
	for n < len(b.Rules) && strings.HasPrefix(b.Rules[n].Name, prefix) {
		n++
	}
	return b.Rules[i:n]
}

func (b *Book) from(name string) int {
	return sort.Search(len(b.Rules), func(i int) bool { return b.Rules[i].Name >= name })
}

// weight is about how many bytes a book holds.
func (b *Book) weight() int {
	n := ownWeight
	for _, r := range b.Rules {
		n += ownWeight + 3*len(r.Pattern) + len(r.Description) + compiled
		for _, t := range r.Targets {
			n += ownWeight + len(t.Arn)
			if t.Input != nil {
				n += len(*t.Input)
			}
			if t.InputTransformer != nil {
				n += len(t.InputTransformer.InputTemplate) + ownWeight
			}
		}
	}
	return n
}
