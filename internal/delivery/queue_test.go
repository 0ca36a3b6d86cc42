package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/delivery"
	"claviger/store"
	"claviger/store/storetest"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
	kind    = "test"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// outside is receivers, each of which does what a test says, and what has come to them.
type outside struct {
	mu      sync.Mutex
	answers map[string]func(m delivery.Message) error
	tried   []delivery.Message
	taken   map[string][]string // ids by receiver
}

func (o *outside) Deliver(ctx context.Context, m delivery.Message) error {
	o.mu.Lock()
	answer := o.answers[m.Receiver]
	o.tried = append(o.tried, m)
	o.mu.Unlock()
	if answer != nil {
		if err := answer(m); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken[m.Receiver] = append(o.taken[m.Receiver], m.ID)
	return nil
}

func (o *outside) does(receiver string, answer func(m delivery.Message) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers[receiver] = answer
}

func (o *outside) has(receiver string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.taken[receiver])
}

func (o *outside) attempts() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.tried)
}

// fixture is a queue in a database.
type fixture struct {
	*testing.T
	*outside
	db    *store.DB
	clock *clock
	queue *delivery.Queue
}

func begin(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, db: storetest.Open(t, filepath.Join(storetest.Dir(t), "claviger.db")),
		clock: &clock{now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)},
		outside: &outside{answers: map[string]func(delivery.Message) error{},
			taken: map[string][]string{}}}
	f.open()
	return f
}

// open begins anew on the database, as another process does.
func (f *fixture) open() {
	f.Helper()
	var err error
	f.queue, err = delivery.Open(delivery.Config{DB: f.db, Now: f.clock.Now,
		Log: slog.New(slog.DiscardHandler), Receivers: map[string]delivery.Receiver{kind: f.outside}})
	if err != nil {
		f.Fatal(err)
	}
}

func message(receiver, order, id string) delivery.Message {
	return delivery.Message{Account: account, Region: region, Kind: kind, Receiver: receiver,
		Order: order, ID: id, Body: []byte(`{"id":"` + id + `"}`), Context: []byte("context of " + id),
		Policy: delivery.EventBridge(185, 86400)}
}

func (f *fixture) put(all ...delivery.Message) {
	f.Helper()
	if err := f.db.Commit(f.queue.Put(all...), nil); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) settle() {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), 30*time.Second)
	defer cancel()
	f.queue.Settle(ctx)
	if ctx.Err() != nil {
		f.Fatal("deliveries did not come to rest")
	}
}

// after lets time pass, in steps in which everything that is due is done.
func (f *fixture) after(d, step time.Duration) {
	f.Helper()
	for ; d > 0; d -= step {
		f.clock.pass(step)
		f.settle()
	}
}

func (f *fixture) wants(receiver string, ids ...string) {
	f.Helper()
	if got := f.has(receiver); !slices.Equal(got, ids) {
		f.Errorf("%s has %v, want %v", receiver, got, ids)
	}
}

func (f *fixture) letters() []delivery.DeadLetter {
	f.Helper()
	all, err := f.queue.DeadLetters(delivery.Which{}, 0, 1000)
	if err != nil {
		f.Fatal(err)
	}
	return all
}

// refuses is a receiver that fails so many times, for ever if that is negative.
func refuses(times int, with error) func(delivery.Message) error {
	var mu sync.Mutex
	return func(delivery.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if times == 0 {
			return nil
		}
		times--
		return with
	}
}

var broken = &delivery.Failure{Code: delivery.ErrorFromTarget, Text: "it answers 500"}

func TestDeliver_Message_ArrivesOnceAsItWasPut(t *testing.T) {
	f := begin(t)
	f.put(message("a", "key", "1"))
	f.settle()
	f.after(time.Hour, time.Minute)
	f.wants("a", "1")
	m := f.tried[0]
	if string(m.Body) != `{"id":"1"}` || string(m.Context) != "context of 1" || m.Order != "key" ||
		m.Account != account || m.Region != region || m.Attempts != 0 ||
		!m.Put.Equal(f.clock.Now().Add(-time.Hour)) {
		t.Errorf("delivered was %+v", m)
	}
	if s := f.queue.Stats(); s.Waiting != 0 || s.Delivered != 1 || !s.Oldest.IsZero() {
		t.Errorf("the queue says %+v", s)
	}
	f.open()
	f.settle()
	f.wants("a", "1")
}

func TestPut_ChangeThatFails_LeavesNothing(t *testing.T) {
	f := begin(t)
	refused := errors.New("refused")
	put := f.queue.Put(message("a", "", "1"))
	err := f.db.Commit(func(tx *store.Tx) error { return errors.Join(put(tx), refused) }, nil)
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	f.settle()
	if f.attempts() != 0 || f.queue.Stats().Waiting != 0 {
		t.Errorf("there were %d attempts, and the queue says %+v", f.attempts(), f.queue.Stats())
	}
}

// TestDeliver_FailuresOnOneThing_HoldUpThatAlone: what is about another thing passes, and so does
// what has no order.
func TestDeliver_FailuresOnOneThing_HoldUpThatAlone(t *testing.T) {
	f := begin(t)
	fails := 6
	f.does("a", func(m delivery.Message) error {
		if m.ID == "x1" && fails > 0 {
			fails--
			return broken
		}
		return nil
	})
	f.put(message("a", "x", "x1"), message("a", "y", "y1"), message("a", "x", "x2"),
		message("a", "", "1"), message("a", "x", "x3"), message("a", "y", "y2"))
	f.settle()
	if got := f.has("a"); len(got) != 3 || slices.Index(got, "y1") > slices.Index(got, "y2") {
		t.Errorf("while x fails a has %v", got)
	}
	f.after(5*time.Minute, time.Second)
	got := f.has("a")
	var x []string
	for _, id := range got {
		if strings.HasPrefix(id, "x") {
			x = append(x, id)
		}
	}
	if len(got) != 6 || !slices.Equal(x, []string{"x1", "x2", "x3"}) {
		t.Errorf("a has %v", got)
	}
}

// TestDeliver_AfterRestart_GoesOnInOrder, with what had failed first.
func TestDeliver_AfterRestart_GoesOnInOrder(t *testing.T) {
	f := begin(t)
	f.does("a", refuses(-1, broken))
	for i := range 50 {
		f.put(message("a", fmt.Sprint("key", i%5), fmt.Sprint(i)))
	}
	f.after(time.Minute, time.Second)
	f.wants("a")
	f.open()
	if s := f.queue.Standings(); len(s) != 1 || s[0].Waiting != 50 ||
		s[0].Code != delivery.ErrorFromTarget {
		t.Errorf("after the restart the receivers stand %+v", s)
	}
	f.does("a", nil)
	f.after(10*time.Minute, 10*time.Second)
	last := map[int]int{}
	got := f.has("a")
	for _, id := range got {
		var n int
		fmt.Sscan(id, &n)
		if before, ok := last[n%5]; ok && before > n {
			t.Errorf("%d came after %d", n, before)
		}
		last[n%5] = n
	}
	if len(got) != 50 {
		t.Errorf("%d of 50 have come", len(got))
	}
}

// TestDeliver_ManyThatHang_DelayNobodyElse: they hang from their first message on, and another one
// has all of its own meanwhile.
func TestDeliver_ManyThatHang_DelayNobodyElse(t *testing.T) {
	f := begin(t)
	f.put(message("good", "", "first"))
	f.settle()
	hang := make(chan struct{})
	var all []delivery.Message
	for i := range 100 {
		name := fmt.Sprint("hung", i)
		f.does(name, func(delivery.Message) error { <-hang; return broken })
		for j := range 5 {
			all = append(all, message(name, "", fmt.Sprint(i, "-", j)))
		}
	}
	f.put(all...)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); f.queue.Run(ctx) }()
	defer func() { close(hang); stop(); <-ended }()
	for i := range 500 {
		f.put(message("good", fmt.Sprint(i%7), fmt.Sprint(i)))
	}
	for until := time.Now().Add(30 * time.Second); len(f.has("good")) < 501; {
		if time.Now().After(until) {
			t.Fatalf("%d of 501 have come", len(f.has("good")))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestDeliver_DeadReceiver_IsCalledNowAndThen, however much waits for it, and gets all when it is
// back.
func TestDeliver_DeadReceiver_IsCalledNowAndThen(t *testing.T) {
	f := begin(t)
	f.does("a", refuses(-1, broken))
	var all []delivery.Message
	for i := range 2000 {
		all = append(all, message("a", fmt.Sprint(i), fmt.Sprint(i)))
	}
	f.put(all...)
	f.settle()
	f.after(10*time.Minute, time.Second)
	if n := f.attempts(); n > 100 {
		t.Errorf("in ten minutes it was called %d times", n)
	}
	f.does("a", nil)
	f.after(10*time.Minute, 10*time.Second)
	if n := len(f.has("a")); n != 2000 {
		t.Errorf("it has %d of 2000", n)
	}
}

func TestDeliver_ReceiverThatPaces_IsCalledNoSoonerAndNothingCounts(t *testing.T) {
	f := begin(t)
	next := f.clock.Now()
	f.does("a", func(delivery.Message) error {
		if wait := next.Sub(f.clock.Now()); wait > 0 {
			return delivery.Wait{For: wait}
		}
		next = f.clock.Now().Add(time.Minute)
		return nil
	})
	for i := range 5 {
		m := message("a", "key", fmt.Sprint(i))
		m.Policy.Retries = 0
		f.put(m)
	}
	f.settle()
	f.wants("a", "0")
	f.after(4*time.Minute, 10*time.Second)
	f.wants("a", "0", "1", "2", "3", "4")
	if n := f.attempts(); n > 12 {
		t.Errorf("it was called %d times", n)
	}
}

func TestDeliver_PanicOfAReceiver_IsAFailureOfOneMessage(t *testing.T) {
	f := begin(t)
	first := true
	f.does("a", func(m delivery.Message) error {
		if first {
			first = false
			panic("of " + m.ID)
		}
		return nil
	})
	f.put(message("a", "", "1"))
	f.settle()
	f.after(10*time.Second, time.Second)
	f.wants("a", "1")
}

func TestDeliver_ReceiverThatIsGone_TakesItsMessagesAlong(t *testing.T) {
	f := begin(t)
	f.does("a", refuses(-1, delivery.ErrGone))
	f.put(message("a", "k", "1"), message("a", "k", "2"))
	f.settle()
	if s := f.queue.Stats(); s.Waiting != 0 || s.Dead != 0 || len(f.letters()) != 0 {
		t.Errorf("the queue says %+v", s)
	}
}
