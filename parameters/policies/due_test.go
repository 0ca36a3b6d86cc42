package policies

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// step is [Set.Step] of a set that can be read.
func step(t testing.TB, s Set, now, modified time.Time) Step {
	t.Helper()
	step, err := s.Step(now, modified)
	if err != nil {
		t.Fatal(err)
	}
	return step
}

// statuses are what is shown, in the order of the set.
func statuses(t testing.TB, s Set, now, modified time.Time) string {
	t.Helper()
	answers, err := s.Answers(now, modified)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, a := range answers {
		all = append(all, a.PolicyStatus)
	}
	return strings.Join(all, " ")
}

// kinds are the types of actions, in order.
func kinds(actions []Action) string {
	var all []string
	for _, a := range actions {
		all = append(all, string(a.Policy.Type))
	}
	return strings.Join(all, " ")
}

const (
	day  = 24 * time.Hour
	soon = time.Microsecond
)

func TestStep_EachPolicy_IsDueAtItsTimeAndOnce(t *testing.T) {
	s := parse(t, now, expiration("2026-03-11T12:00:00Z"), notification(3, "Days"),
		noChange(30, "Hours"))
	for _, at := range []struct {
		after time.Duration
		want  string
	}{
		{30 * time.Hour, "NoChangeNotification"},
		{7 * day, "ExpirationNotification"},
		{10 * day, "Expiration"},
	} {
		due := now.Add(at.after)
		if before := step(t, s, due.Add(-soon), now); len(before.Actions) > 0 ||
			!before.Next.Equal(due) || !slices.Equal(before.Done, s) {
			t.Errorf("just before %s it is %+v", at.want, before)
		}
		here := step(t, s, due, now)
		if kinds(here.Actions) != at.want || !here.Actions[0].Due.Equal(due) {
			t.Errorf("at %v it is %+v, not %s", due, here.Actions, at.want)
		}
		s = here.Done
		if again := step(t, s, due, now); len(again.Actions) > 0 {
			t.Errorf("%s is done again", at.want)
		}
	}
	if got := statuses(t, s, now.Add(10*day), now); got != "Finished Finished Finished" {
		t.Errorf("they end as %s", got)
	}
	if next, err := s.Next(now); err != nil || !next.IsZero() {
		t.Errorf("something is still due at %v, %v", next, err)
	}
}

func TestStep_Status_FollowsWhatWasDone(t *testing.T) {
	s := parse(t, now, noChange(1, "Hours"), expiration("2026-03-11T12:00:00Z"))
	due := now.Add(time.Hour)
	for _, c := range []struct {
		set      Set
		at       time.Time
		modified time.Time
		want     string
	}{
		{s, due.Add(-soon), now, "Pending Pending"},
		{s, due, now, "InProgress Pending"},
		{step(t, s, due, now).Failed, due, now, "Failed Pending"},
		{step(t, s, due, now).Failed, due, due, "Pending Pending"},
		{step(t, s, due, now).Done, due, now, "Finished Pending"},
		{step(t, s, due, now).Done, due, due, "Pending Pending"},
		{step(t, s, due, now).Done, now, now, "Finished Pending"},
		{s, now.Add(10 * day), now, "InProgress InProgress"},
		{s, now.Add(30 * day), now.Add(10 * day), "Pending InProgress"},
	} {
		if got := statuses(t, c.set, c.at, c.modified); got != c.want {
			t.Errorf("at %v, modified %v, it is %s, not %s", c.at, c.modified, got, c.want)
		}
	}
}

func TestStep_NewVersion_BeginsNoChangeAnewAndMovesNothingElse(t *testing.T) {
	s := parse(t, now, expiration("2026-03-11T12:00:00Z"), notification(1, "Days"),
		noChange(1, "Days"))
	modified := now.Add(day - soon)
	if due := step(t, s, now.Add(day), modified); len(due.Actions) > 0 {
		t.Errorf("it is notified of no change after one: %s", kinds(due.Actions))
	}
	s = step(t, s, modified.Add(day), modified).Done
	modified = modified.Add(day)
	again := step(t, s, modified.Add(day), modified)
	if kinds(again.Actions) != "NoChangeNotification" {
		t.Errorf("after the second version it is %s", kinds(again.Actions))
	}
	if again := step(t, again.Done, modified.Add(2*day), modified); len(again.Actions) > 0 {
		t.Errorf("one version is notified of twice: %s", kinds(again.Actions))
	}
	if !again.Next.Equal(now.Add(9 * day)) {
		t.Errorf("the next one is at %v", again.Next)
	}
}

func TestStep_ManyMissed_AreDoneOnceEachInOrderAndTheExpirationLast(t *testing.T) {
	expires := now.Add(10 * day)
	s := parse(t, now, expiration(expires.Format(time.RFC3339)),
		noChange(10, "Days"),    // with the expiration
		notification(1, "Days"), // at the 9th day
		noChange(9, "Days"),     // with that
		noChange(241, "Hours"),  // after the expiration
		notification(48, "Hours"),
		noChange(1, "Hours"))
	for _, at := range []time.Time{expires, expires.Add(300 * day)} {
		late := step(t, s, at, now)
		var got []int
		for _, a := range late.Actions {
			got = append(got, a.index)
			if late.Done[a.index].Status != Finished || !late.Done[a.index].Acted.Equal(at) {
				t.Errorf("policy %d becomes %+v", a.index, late.Done[a.index])
			}
		}
		if !slices.Equal(got, []int{6, 5, 2, 3, 1, 0}) {
			t.Errorf("at %v they are done in the order %v", at, got)
		}
		if !late.Next.IsZero() {
			t.Errorf("at %v more is due at %v", at, late.Next)
		}
	}
}

func TestStep_Failure_IsDueAgain(t *testing.T) {
	s := parse(t, now, noChange(1, "Hours"), noChange(2, "Hours"))
	failed := step(t, s, now.Add(time.Hour), now).Failed
	if next, err := failed.Next(now); err != nil || !next.Equal(now.Add(time.Hour)) {
		t.Errorf("what failed is due at %v, %v", next, err)
	}
	if again := step(t, failed, now.Add(2*time.Hour), now); len(again.Actions) != 2 {
		t.Errorf("after a failure it is %s", kinds(again.Actions))
	}
	if s[0].Status != Pending {
		t.Error("a step changes the set that it is made of")
	}
}

func TestStep_LongestTimes_StayTimesThatCanBeStored(t *testing.T) {
	s := parse(t, now, noChange(999999, "Days"), noChange(999999, "Hours"))
	late := step(t, s, now, now)
	if !late.Next.Equal(now.Add(999999 * time.Hour)) {
		t.Errorf("the hours are over at %v", late.Next)
	}
	far := step(t, s, late.Next, now)
	if !far.Next.Equal(time.Date(4764, 1, 26, 12, 0, 0, 0, time.UTC)) || far.Next.UnixMicro() < 0 {
		t.Errorf("the days are over at %v", far.Next)
	}
	if _, err := json.Marshal(step(t, s, far.Next, now).Done); err != nil {
		t.Error(err)
	}
}

func TestStep_ClockThatGoesBack_DoesNothingTwice(t *testing.T) {
	s := parse(t, now, noChange(1, "Hours"))
	s = step(t, s, now.Add(time.Hour), now).Done
	for _, at := range []time.Duration{-day, 0, time.Hour, day} {
		if again := step(t, s, now.Add(at), now); len(again.Actions) > 0 {
			t.Errorf("at %v it is done again", at)
		}
	}
}

func TestStep_StoredPolicyThatCannotBeRead_IsAnError(t *testing.T) {
	good := parse(t, now, noChange(1, "Hours"))[0]
	for _, bad := range []Policy{
		{Type: NoChangeNotification, Text: ""},
		{Type: NoChangeNotification, Text: "null"},
		{Type: NoChangeNotification, Text: `{"Type":"NoChangeNotification"}`},
		{Type: Expiration, Text: good.Text},
		{Type: ExpirationNotification, Text: notification(1, "Days")},
	} {
		s := Set{good, bad}
		_, step := s.Step(now, now)
		_, next := s.Next(now)
		_, answers := s.Answers(now, now)
		if step == nil || next == nil || answers == nil {
			t.Errorf("%+v is read: %v, %v, %v", bad, step, next, answers)
		}
	}
}
