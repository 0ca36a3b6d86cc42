package delivery_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"claviger/internal/delivery"
)

// TestPolicy_Bounds_EndInDeadLetters, each named as EventBridge names it.
func TestPolicy_Bounds_EndInDeadLetters(t *testing.T) {
	for name, c := range map[string]struct {
		policy    delivery.Policy
		failure   *delivery.Failure
		attempts  int // at least
		most      int
		exhausted string
	}{
		"retries": {delivery.EventBridge(3, 86400), broken, 4, 4, "MaximumRetryAttempts"},
		"none":    {delivery.EventBridge(0, 86400), broken, 1, 1, "MaximumRetryAttempts"},
		"age":     {delivery.EventBridge(185, 60), broken, 5, 8, "MaximumEventAgeInSeconds"},
		"refused": {delivery.EventBridge(185, 86400), &delivery.Failure{Code: delivery.NoResource,
			Text: "it answers 404", Permanent: true}, 1, 1, ""},
		"later than its age": {delivery.EventBridge(185, 600), &delivery.Failure{
			Code: delivery.Throttling, Text: "it answers 429", After: time.Hour}, 1, 1,
			"MaximumEventAgeInSeconds"},
		"usual": {delivery.EventBridge(185, 86400), broken, 150, 186, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := begin(t)
			f.does("a", refuses(-1, c.failure))
			m := message("a", "key", "1")
			m.Policy = c.policy
			f.put(m)
			f.settle()
			if c.attempts < 100 {
				f.after(10*time.Minute, time.Second)
			} else {
				f.after(25*time.Hour, time.Minute)
			}
			all := f.letters()
			if len(all) != 1 {
				t.Fatalf("there are %d dead letters after %d attempts", len(all), f.attempts())
			}
			d := all[0]
			if n := f.attempts(); n < c.attempts || n > c.most || d.Attempts != n {
				t.Errorf("there were %d attempts, and the letter says %d", n, d.Attempts)
			}
			if d.Exhausted != c.exhausted && name != "usual" || d.Code != c.failure.Code ||
				d.Text != c.failure.Text || string(d.Body) != string(m.Body) || d.ID != "1" ||
				string(d.Context) != string(m.Context) {
				t.Errorf("the letter is %+v", d)
			}
			if s := f.queue.Stats(); s.Waiting != 0 || s.Dead != 1 || s.Died != 1 {
				t.Errorf("the queue says %+v", s)
			}
		})
	}
}

// TestDeliver_DeadMessage_LetsTheNextOfItsLineThrough, also if that is as old.
func TestDeliver_DeadMessage_LetsTheNextOfItsLineThrough(t *testing.T) {
	f := begin(t)
	f.does("a", func(m delivery.Message) error {
		if m.ID == "1" {
			return broken
		}
		return nil
	})
	for i := range 3 {
		m := message("a", "key", fmt.Sprint(i+1))
		m.Policy = delivery.EventBridge(185, 60)
		f.put(m)
	}
	f.settle()
	f.wants("a")
	f.after(10*time.Minute, 10*time.Second)
	f.wants("a", "2", "3")
}

func TestRedrive_DeadLetters_AreTriedAgainAsIfNew(t *testing.T) {
	f := begin(t)
	dead := &delivery.Failure{Code: delivery.NoPermissions, Text: "it answers 403", Permanent: true}
	for _, name := range []string{"a", "b"} {
		f.does(name, refuses(-1, dead))
		for i := range 150 {
			f.put(message(name, "key", fmt.Sprint(name, i)))
		}
	}
	f.settle()
	f.after(time.Hour, 10*time.Second) // a sick receiver is called now and then
	if n := f.queue.Stats().Dead; n != 300 {
		t.Fatalf("%d have died", n)
	}
	f.clock.pass(25 * time.Hour)
	f.does("a", nil)
	n, err := f.queue.Redrive(delivery.Which{Receiver: "a"})
	if err != nil || n != 150 {
		t.Fatalf("%d were raised: %v", n, err)
	}
	f.after(time.Minute, 10*time.Second)
	var want []string
	for i := range 150 {
		want = append(want, fmt.Sprint("a", i))
	}
	f.wants("a", want...)
	f.wants("b")
	if s := f.queue.Stats(); s.Dead != 150 || len(f.letters()) != 150 {
		t.Errorf("the queue says %+v", s)
	}
	if n, err = f.queue.Redrive(delivery.Which{Account: "444455556666"}); n != 0 || err != nil {
		t.Errorf("of nobody %d were raised: %v", n, err)
	}
}

// TestRedrive_LetterThatFailsAgain_IsTriedByItsPolicy, and doesn't die of the first failure.
func TestRedrive_LetterThatFailsAgain_IsTriedByItsPolicy(t *testing.T) {
	f := begin(t)
	f.does("a", refuses(-1, &delivery.Failure{Code: delivery.NoPermissions, Permanent: true}))
	m := message("a", "key", "1")
	m.Policy = delivery.EventBridge(185, 86400)
	f.put(m)
	f.settle()
	if all := f.letters(); len(all) != 1 || all[0].Policy != m.Policy {
		t.Fatalf("the letters are %+v", all)
	}
	f.does("a", refuses(2, broken))
	if n, err := f.queue.Redrive(delivery.Which{}); n != 1 || err != nil {
		t.Fatalf("%d were raised: %v", n, err)
	}
	f.after(10*time.Minute, time.Second)
	f.wants("a", "1")
}

// TestDeadLetters_OldOnes_Go after two weeks.
func TestDeadLetters_OldOnes_Go(t *testing.T) {
	f := begin(t)
	f.does("a", refuses(-1, &delivery.Failure{Code: delivery.NoResource, Permanent: true}))
	f.put(message("a", "", "1"))
	f.settle()
	f.clock.pass(13 * 24 * time.Hour)
	f.put(message("a", "", "2"))
	f.after(time.Minute, 10*time.Second)
	f.clock.pass(2 * 24 * time.Hour)
	f.queue.Expire()
	if all := f.letters(); len(all) != 1 || all[0].ID != "2" || f.queue.Stats().Dead != 1 ||
		f.queue.Stats().Dropped != 1 {
		t.Errorf("left are %+v, and the queue says %+v", all, f.queue.Stats())
	}
}

// TestDeadLetters_TooMany_LoseTheOldest, of their own account.
func TestDeadLetters_TooMany_LoseTheOldest(t *testing.T) {
	f := begin(t)
	other := message("a", "", "other")
	other.Account = "444455556666"
	gone := &delivery.Failure{Code: delivery.NoResource, Text: "gone"}
	if err := f.db.Commit(f.queue.Bury(gone, other), nil); err != nil {
		t.Fatal(err)
	}
	for range 11 {
		var all []delivery.Message
		for range 1000 {
			all = append(all, message("a", "", "1"))
		}
		if err := f.db.Commit(f.queue.Bury(gone, all...), nil); err != nil {
			t.Fatal(err)
		}
	}
	s := f.queue.Stats()
	if s.Dead > 11_001 || s.Dropped == 0 || int64(s.Dead)+s.Dropped != 11_001 {
		t.Errorf("the queue says %+v", s)
	}
	if all, err := f.queue.DeadLetters(delivery.Which{Account: other.Account}, 0, 10); err != nil ||
		len(all) != 1 {
		t.Errorf("the other account has %d: %v", len(all), err)
	}
	f.open()
	if again := f.queue.Stats(); again.Dead != s.Dead {
		t.Errorf("after a restart %d are counted, and before %d", again.Dead, s.Dead)
	}
}

func TestPut_TooMany_IsRefusedAndOfferedOnesDie(t *testing.T) {
	f := begin(t)
	f.does("a", refuses(-1, broken))
	large := message("a", "", "large")
	large.Body = make([]byte, 16<<20)
	for range 4 {
		f.put(large)
	}
	if err := f.db.Commit(f.queue.Put(message("a", "", "1")), nil); !errors.Is(err, delivery.ErrFull) {
		t.Errorf("beyond the bound: %v", err)
	}
	f.put(message("b", "", "2"))
	offered := f.queue.Offer(message("a", "", "3"), message("b", "", "4"))
	if err := f.db.Commit(offered, nil); err != nil {
		t.Fatal(err)
	}
	f.settle()
	f.wants("b", "2", "4")
	if all := f.letters(); len(all) != 1 || all[0].ID != "3" ||
		all[0].Code != delivery.ResourceLimit {
		t.Errorf("the dead letters are %+v", all)
	}
}
