package policies

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// rule is what the text of a policy says.
type rule struct {
	kind Type
	at   time.Time // of an Expiration
	span span      // of the others
}

// span is so many days of 24 hours, or hours.
type span struct {
	n    int
	days bool
}

func (s span) after(t time.Time) time.Time  { return s.from(t, 1) }
func (s span) before(t time.Time) time.Time { return s.from(t, -1) }

// from adds days in UTC, where they all have 24 hours: a Duration ends with 292 years.
func (s span) from(t time.Time, sign int) time.Time {
	if s.days {
		return t.UTC().AddDate(0, 0, sign*s.n)
	}
	return t.UTC().Add(time.Duration(sign*s.n) * time.Hour)
}

// Action is what a policy asks to have done.
type Action struct {
	Policy Policy    // as it was before
	Due    time.Time // when its time came
	Reason string    // what its event says of it

	index int // in its set
}

// Step is what is to be done at one moment, and what comes of it.
type Step struct {
	// Actions are in the order of their times. Each notification is there once, however long ago
	// its time came. An Expiration is the last one, and what comes after it is not done any more:
	// without a delay the parameter wouldn't have been there.
	Actions []Action
	Done    Set       // what the policies become if all actions were taken
	Failed  Set       // what they become if they weren't: a later step has them again
	Next    time.Time // when to look again once they are Done; zero: when something changes
}

// Step returns what is due at a moment, of a parameter that was last modified at another. That one
// is of its newest version, and begins each NoChangeNotification anew.
//
// An error is that a policy in the set can't be read: [Parse] makes none.
func (s Set) Step(now, modified time.Time) (Step, error) {
	open, err := s.open(modified)
	if err != nil {
		return Step{}, err
	}
	n := len(open)
	if i := slices.IndexFunc(open, func(a Action) bool { return a.Due.After(now) }); i >= 0 {
		n = i
	}
	step := Step{Actions: open[:n], Done: slices.Clone(s), Failed: slices.Clone(s)}
	for _, a := range step.Actions {
		step.Done[a.index].Status, step.Done[a.index].Acted = Finished, now.UTC()
		step.Failed[a.index].Status, step.Failed[a.index].Acted = Failed, now.UTC()
	}
	if n < len(open) {
		step.Next = open[n].Due
	}
	return step, nil
}

// Next returns when something is due for the first time, which may have been long ago, or the zero
// time if nothing is.
func (s Set) Next(modified time.Time) (time.Time, error) {
	open, err := s.open(modified)
	if err != nil || len(open) == 0 {
		return time.Time{}, err
	}
	return open[0].Due, nil
}

// Expired reports whether the time of an Expiration has come, whether it was acted on or not.
func (s Set) Expired(now time.Time) (bool, error) {
	if len(s) == 0 {
		return false, nil
	}
	_, expires, err := s.rules()
	return err == nil && !expires.IsZero() && !expires.After(now), err
}

// open returns what is still to be done, in order, whether it is due or not.
func (s Set) open(modified time.Time) ([]Action, error) {
	rules, expires, err := s.rules()
	if err != nil {
		return nil, err
	}
	var open []Action
	for i, p := range s {
		due := rules[i].due(expires, modified)
		isDone := p.Status == Finished && !p.Acted.Before(due)
		if isDone || !expires.IsZero() && due.After(expires) {
			continue
		}
		open = append(open, Action{Policy: p, Due: due, Reason: rules[i].reason(p.Created), index: i})
	}
	slices.SortStableFunc(open, func(a, b Action) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.rank(), b.rank()))
	})
	return open, nil
}

// rank puts an Expiration after what is due at the same time.
func (a Action) rank() int {
	if a.Policy.Type == Expiration {
		return 1
	}
	return 0
}

// status is what is shown of an action that was not taken.
func (a Action) status(now time.Time) Status {
	switch {
	case a.Due.After(now):
		return Pending
	case a.Policy.Status == Failed:
		return Failed
	}
	return InProgress
}

// rules reads the policies anew, and returns the moment of the Expiration, which is zero without
// one.
func (s Set) rules() (rules []rule, expires time.Time, err error) {
	rules = make([]rule, len(s))
	for i, p := range s {
		r, isWellFormed, err := readPolicy([]byte(p.Text))
		if err != nil || !isWellFormed || r.kind != p.Type {
			return nil, expires, errors.Join(
				fmt.Errorf("policy %d can't be read: it is %q", i, p.Text), err)
		}
		if rules[i] = r; r.kind == Expiration {
			expires = r.at
		}
	}
	isOrphan := func(r rule) bool { return r.kind == ExpirationNotification && expires.IsZero() }
	if slices.ContainsFunc(rules, isOrphan) {
		return nil, expires, errNoExpiration
	}
	return rules, expires, nil
}

func (r rule) due(expires, modified time.Time) time.Time {
	switch r.kind {
	case ExpirationNotification:
		return r.span.before(expires)
	case NoChangeNotification:
		return r.span.after(modified)
	}
	return r.at
}
