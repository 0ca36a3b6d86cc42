package policies

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// A month of one parameter, in minutes: what is done to it, and when its policies are looked at.
// Two ways to live through it must come to the same: the world below, which knows no due times and
// counts minutes, and the sets of this package.

const month = 30 * 24 * 60

// asked is a policy in minutes: the moment of an Expiration, or the minutes of a notification.
type asked struct {
	kind    Type
	minutes int
}

func (a asked) text() string {
	switch a.kind {
	case Expiration:
		return expiration(minute(a.minutes).Format("2006-01-02T15:04Z07:00"))
	case ExpirationNotification:
		return notification(a.minutes/60, "Hours")
	}
	if a.minutes%(24*60) == 0 {
		return noChange(a.minutes/60/24, "Days")
	}
	return noChange(a.minutes/60, "Hours")
}

// minute is that of the month.
func minute(n int) time.Time { return now.Add(time.Duration(n) * time.Minute) }

// life is what happens to the parameter: new versions, of which some have other policies, and
// minutes in which nobody looks.
type life struct {
	puts    map[int][]asked // by minute; nil: the policies stay
	blind   map[int]bool
	initial []asked
}

// dare makes policies that a minute allows: few enough to meet, and close enough to be due in the
// month.
func dare(r *rand.Rand, at int) (all []asked) {
	expires := 0
	if r.IntN(3) > 0 {
		expires = at + 61 + r.IntN(month)
		if r.IntN(4) > 0 { // so that others come at the same minute
			expires = at + (2+r.IntN(24*20))*60
		}
		all = append(all, asked{Expiration, expires})
	}
	for range r.IntN(Most) {
		hours := 1 + r.IntN(24*12)
		if r.IntN(2) == 0 {
			hours = 24 * (1 + r.IntN(12))
		}
		kind := NoChangeNotification
		if expires > 0 && r.IntN(2) == 0 && expires-hours*60 > at {
			kind = ExpirationNotification
		}
		all = append(all, asked{kind, hours * 60})
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func live(r *rand.Rand) life {
	l := life{puts: map[int][]asked{}, blind: map[int]bool{}, initial: dare(r, 0)}
	for range r.IntN(20) {
		at := 1 + r.IntN(month-1)
		if r.IntN(2) == 0 {
			at = at/60*60 + 60 // at the minute at which something is due
		}
		if l.puts[at] = nil; r.IntN(4) == 0 {
			l.puts[at] = dare(r, at)
		}
	}
	for range r.IntN(4) {
		from, length := r.IntN(month), r.IntN(5*24*60)
		for m := from; m < min(month, from+length); m++ {
			l.blind[m] = true
		}
	}
	return l
}

// done is that a policy, by its place in its set, was acted on in a minute.
type done struct {
	minute, index int
	kind          Type
}

// world lives minute by minute. What comes waits until somebody looks; an expiration ends the
// world, but not the waiting.
func world(l life) (all []done) {
	policies, modified, isOver := l.initial, 0, false
	var waiting []done
	for m := range month {
		if others, isPut := l.puts[m]; isPut && m > 0 {
			modified = m
			waiting = slices.DeleteFunc(waiting,
				func(d done) bool { return d.kind == NoChangeNotification })
			if others != nil {
				policies, waiting, isOver = others, nil, false
			}
		}
		if !isOver {
			waiting = append(waiting, come(policies, m, modified)...)
			isOver = slices.ContainsFunc(waiting, func(d done) bool { return d.kind == Expiration })
		}
		if l.blind[m] {
			continue
		}
		for _, d := range waiting {
			all = append(all, done{m, d.index, d.kind})
			if d.kind == Expiration {
				return all
			}
		}
		waiting = nil
	}
	return all
}

// come is what comes in a minute: notifications in their order, and then the end.
func come(policies []asked, m, modified int) (all []done) {
	expires, end := 0, -1
	for i, p := range policies {
		if p.kind == Expiration {
			expires, end = p.minutes, i
		}
	}
	for i, p := range policies {
		if p.kind == NoChangeNotification && m-modified == p.minutes ||
			p.kind == ExpirationNotification && expires-m == p.minutes {
			all = append(all, done{m, i, p.kind})
		}
	}
	if end >= 0 && m == expires {
		all = append(all, done{m, end, Expiration})
	}
	return all
}

// replay lives the same month with a set that follow tells when to look at. Each time the row is
// read, stepped and stored, as by a process that has just started.
func replay(t *testing.T, l life, follow func(from int, next time.Time) int) (all []done) {
	t.Helper()
	row, modified, from := stored(t, given(t, l.initial, 0)), 0, 0
	for {
		next, err := restored(t, row).Next(minute(modified))
		if err != nil {
			t.Fatal(err)
		}
		at := follow(from, next)
		for l.blind[at] {
			at++
		}
		if put := nextPut(l, modified); put < month && put <= at {
			if l.puts[put] != nil {
				row = stored(t, given(t, l.puts[put], put))
			}
			modified, from = put, put
			continue
		}
		if at >= month {
			return all
		}
		s := step(t, restored(t, row), minute(at), minute(modified))
		for _, a := range s.Actions {
			all = append(all, done{at, a.index, a.Policy.Type})
			if a.Policy.Type == Expiration {
				return all
			}
		}
		row, from = stored(t, s.Done), at+1
		if after, err := s.Done.Next(minute(modified)); err != nil || !after.Equal(s.Next) {
			t.Fatalf("a step says %v, and the set that it makes %v, %v", s.Next, after, err)
		}
	}
}

func nextPut(l life, after int) int {
	first := month
	for at := range l.puts {
		if at > after {
			first = min(first, at)
		}
	}
	return first
}

func given(t *testing.T, policies []asked, at int) Set {
	t.Helper()
	var texts []string
	for _, p := range policies {
		texts = append(texts, p.text())
	}
	return parse(t, minute(at), texts...)
}

func stored(t *testing.T, s Set) []byte {
	t.Helper()
	row, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func restored(t *testing.T, row []byte) (s Set) {
	t.Helper()
	if err := json.Unmarshal(row, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// byDue looks when something is due, and never if nothing is.
func byDue(from int, next time.Time) int {
	if next.IsZero() {
		return month
	}
	return max(from, int(next.Sub(now)/time.Minute))
}

// byMinute looks each minute.
func byMinute(from int, _ time.Time) int { return from }

// lives returns how many lives are lived by due times, and how many of them by minutes as well.
func lives() (byDue, byMinute uint64) {
	if os.Getenv("CLAVIGER_LONG") != "" {
		return 10000, 20
	}
	return 200, 1
}

func TestMonth_FromDueTimeToDueTime_IsTheSameAsMinuteByMinute(t *testing.T) {
	seen := map[Type]int{}
	all, slow := lives()
	for seed := range all {
		draw := func() life { return live(rand.New(rand.NewPCG(seed, 11))) }
		want := world(draw())
		for _, d := range want {
			seen[d.kind]++
		}
		ways := map[string]func(int, time.Time) int{"due": byDue}
		if seed < slow {
			ways["minute"] = byMinute
		}
		for name, way := range ways {
			if got := replay(t, draw(), way); !slices.Equal(got, want) {
				t.Fatalf("life %d by %s:\n%s\nbut in the world:\n%s", seed, name,
					fmt.Sprint(got), fmt.Sprint(want))
			}
		}
	}
	for _, kind := range []Type{Expiration, ExpirationNotification, NoChangeNotification} {
		if seen[kind] < 100 {
			t.Errorf("%s came %d times: the lives show nothing", kind, seen[kind])
		}
	}
}
