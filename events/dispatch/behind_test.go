package dispatch_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/internal/outbox"
	"claviger/internal/rowmac"
)

// unreadable has the rules of an account be unreadable, and read again without an error.
func (f *fixture) unreadable(account string, why error) {
	f.rules.mu.Lock()
	defer f.rules.mu.Unlock()
	if why == nil {
		delete(f.rules.errs, account)
		return
	}
	f.rules.errs[account] = why
}

const other = "444455556666"

// beginUnread begins with one rule in two accounts, which can't be read of the other.
func beginUnread(t *testing.T, why error) *fixture {
	t.Helper()
	f := begin(t)
	f.rule("all", ofKMS, rule.Enabled, target("1", hook))
	f.rules.of[other+" "+region] = f.rules.of[account+" "+region]
	f.unreadable(other, why)
	return f
}

// both leaves an event of an account in the outbox and a record in the trail.
func (f *fixture) both(account, name string) {
	f.Helper()
	r := call(name, false)
	r.Account = account
	f.record(r)
	err := f.db.Commit(outbox.Outbox{}.Put(outbox.Event{Account: account, Region: region,
		Source: "aws.kms", DetailType: name, Resources: []string{keyARN}, Time: time.Now(),
		Detail: map[string]string{}}), nil)
	if err != nil {
		f.Fatal(err)
	}
}

// inOrder returns the names of the messages of an account, of events and records each in the order
// in which they were put.
func inOrder(all []delivery.Message, account string) (events, records []string) {
	for _, m := range all {
		var e struct {
			DetailType string `json:"detail-type"`
			ID         string `json:"id"`
		}
		if m.Account != account || json.Unmarshal(m.Body, &e) != nil {
			continue
		}
		if name, is := strings.CutPrefix(e.ID, "id of "); is {
			records = append(records, name)
		} else {
			events = append(events, e.DetailType)
		}
	}
	return events, records
}

// TestRun_RulesThatCantBeRead_HoldUpNoOtherAccount, whatever the reason, and what has happened
// meanwhile is put when they can be read: all of it, once and in its order, over restarts too.
func TestRun_RulesThatCantBeRead_HoldUpNoOtherAccount(t *testing.T) {
	for name, why := range map[string]error{
		"the token is away": errors.New("the token does not answer"),
		"a row was edited":  fmt.Errorf("event_rules: %w", rowmac.ErrEdited),
	} {
		t.Run(name, func(t *testing.T) {
			f := beginUnread(t, why)
			f.run()
			var want []string
			happens := func() {
				for range 40 {
					want = append(want, fmt.Sprint("E", len(want)))
					f.both(other, want[len(want)-1])
					f.both(account, want[len(want)-1])
				}
			}
			happens()
			f.wants(2 * len(want))
			f.end()
			happens()
			f.run()
			happens()
			f.wants(2 * len(want))
			f.end()
			f.unreadable(other, nil)
			f.run()
			happens()
			all := f.wants(4 * len(want))
			for _, account := range []string{account, other} {
				events, records := inOrder(all, account)
				if !slices.Equal(events, want) || !slices.Equal(records, want) {
					t.Errorf("of %s were put %v and %v", account, events, records)
				}
			}
		})
	}
}

// TestRun_RulesThatCanBeReadAgain_NeedNoRestart: the token comes back.
func TestRun_RulesThatCanBeReadAgain_NeedNoRestart(t *testing.T) {
	f := beginUnread(t, errors.New("the token does not answer"))
	f.run()
	f.both(other, "One")
	f.both(account, "One")
	f.wants(2)
	f.unreadable(other, nil)
	f.wants(4)
	f.both(other, "Two")
	f.both(account, "Two")
	if events, records := inOrder(f.wants(8), other); !slices.Equal(events, []string{"One", "Two"}) ||
		!slices.Equal(records, []string{"One", "Two"}) {
		t.Errorf("put were %v and %v", events, records)
	}
}

// TestRun_EventsOfWhoIsBehind_StayInTheOutbox, and nobody else's do on their account.
func TestRun_EventsOfWhoIsBehind_StayInTheOutbox(t *testing.T) {
	f := beginUnread(t, errors.New("the token does not answer"))
	f.run()
	for i := range 1500 {
		if i%100 == 0 {
			f.both(other, fmt.Sprint("E", i))
		}
		f.event(fmt.Sprint("Event", i), keyARN)
	}
	f.wants(1500)
	left := func() (of map[string]int) {
		all, err := outbox.After(f.db, 0, 5000)
		if err != nil {
			t.Fatal(err)
		}
		of = map[string]int{}
		for _, e := range all {
			of[e.Account]++
		}
		return of
	}
	if of := left(); of[other] != 15 || of[account] > 1000+100 {
		t.Errorf("left are %v", of)
	}
	f.unreadable(other, nil)
	f.wants(1500 + 30)
	f.event("another", keyARN)
	f.wants(1500 + 31)
	if of := left(); of[other] > 11 || of[account]+of[other] > 1000+100 {
		t.Errorf("left are %v", of)
	}
}
