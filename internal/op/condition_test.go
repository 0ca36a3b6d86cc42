package op_test

import (
	"slices"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
)

// watched is a thing of vault that may be waited for.
type watched struct {
	*target
	etag *string
}

func (w watched) ETag() string { return *w.etag }

// waiting is a road with an operation whose answer has an ETag, and the request for it by somebody
// who has an answer and prefers to wait.
type waiting struct {
	*road
	watch   op.Query[input, output]
	q       *op.Request
	etag    string
	changed chan<- struct{} // of the find at hand; nil once it is left
	joined  int
}

func watch(t *testing.T, has string) *waiting {
	w := &waiting{road: build(t), etag: "one", q: request(good, "192.0.2.1")}
	w.watch = op.Read(op.Info{Name: "Watch", Service: vault},
		func(c *op.Call, in input) (watched, error) {
			c.Watch(func(changed chan<- struct{}) func() {
				w.changed = changed
				w.joined++
				return func() { w.changed = nil }
			})
			found, err := w.find(c, in)
			return watched{found, &w.etag}, err
		},
		func(c *op.Call, _ input, _ watched) (output, error) { return output{"seen"}, w.do(c) })
	w.q.Condition = &op.Condition{Has: func(etag string) bool { return etag == has },
		Wait: time.Minute}
	return w
}

// serve takes the request down the road. hold is what happens while it waits.
func (w *waiting) serve(hold func() (bool, error)) (any, string) {
	w.t.Helper()
	w.q.Hold = func(changed <-chan struct{}) (bool, error) {
		if w.inFlight != 0 || w.road.waiting != 1 {
			w.t.Errorf("%d are in flight and %d wait", w.inFlight, w.road.waiting)
		}
		return hold()
	}
	out, err := w.send(w.watch, w.q)
	if w.changed != nil || w.inFlight != 0 || w.road.waiting != 0 {
		w.t.Error("the request has ended and is still waiting for changes, or in flight")
	}
	return out, code(w.t, err)
}

func unasked() (bool, error) { panic("nothing is to be waited for") }

// pass is the road up to what has to be known before anything is answered.
var pass = []string{"find", "demands", "authorize", "absence", "ready"}

func TestCondition_CallerHasIt_IsNotModified(t *testing.T) {
	w := watch(t, "one")
	w.q.Condition.Wait = 0
	out, code := w.serve(unasked)
	if out != (op.NotModified{}) || code != "" || w.q.Condition.ETag != "one" {
		t.Errorf("answered %v, %q with ETag %q", out, code, w.q.Condition.ETag)
	}
	same(t, "stations", w.stations, slices.Concat([]string{"authenticate", "name"}, pass))
	if r := w.only(); r.EventName != "Watch" || r.ErrorCode != "" || !r.ReadOnly ||
		r.AdditionalEventData["notModified"] != true || w.joined != 0 {
		t.Errorf("recorded as %+v", r)
	}
	same(t, "observed", w.ended, []string{"Watch"})
}

func TestCondition_CallerHasNotIt_IsDoneAtOnce(t *testing.T) {
	for _, etag := range []string{"two", ""} { // another one; an answer that has none
		w := watch(t, "one")
		w.etag = etag
		out, code := w.serve(unasked)
		if out != (output{"seen"}) || code != "" || w.q.Condition.ETag != etag {
			t.Errorf("answered %v, %q with ETag %q", out, code, w.q.Condition.ETag)
		}
		if r := w.only(); r.AdditionalEventData != nil {
			t.Errorf("recorded as %+v", r)
		}
	}
}

// What an operation can't tell beforehand it does, whatever the caller says that it has.
func TestCondition_TargetWithoutETag_IsDone(t *testing.T) {
	w := watch(t, "one")
	w.q.Hold = func(<-chan struct{}) (bool, error) { return unasked() }
	if out, err := w.send(w.look, w.q); out != (output{"seen"}) || err != nil {
		t.Errorf("answered %v, %v", out, err)
	}
}

// The caller waits until it is told something new: a change of what makes no difference wakes it
// for nothing. It is one request, with one record, of the moment at which it was answered.
func TestWait_Change_IsAnsweredOnce(t *testing.T) {
	w := watch(t, "one")
	began, wakes := w.clock.Now(), 0
	out, code := w.serve(func() (bool, error) {
		w.pass(time.Second)
		if wakes++; wakes == 3 {
			w.etag = "two"
		}
		return true, nil
	})
	if out != (output{"seen"}) || code != "" || wakes != 3 || w.q.Condition.ETag != "two" {
		t.Errorf("answered %v, %q after %d changes, ETag %q", out, code, wakes, w.q.Condition.ETag)
	}
	want := slices.Concat([]string{"authenticate", "name"}, pass)
	for range 3 {
		want = slices.Concat(want, []string{"renew"}, pass)
	}
	same(t, "stations", w.stations, append(want, "do"))
	if r := w.only(); r.AdditionalEventData != nil || r.EventName != "Watch" || w.joined != 4 ||
		w.commits != 1 {
		t.Errorf("%d commits, waited %d times, recorded %+v", w.commits, w.joined, r)
	}
	if now := w.clock.Now(); now.Sub(began) != 3*time.Second {
		t.Errorf("it is %v", now)
	}
}

func TestWait_TimeIsOver_IsDecidedAgain(t *testing.T) {
	over := func() (bool, error) { return false, nil }
	w := watch(t, "one")
	if out, code := w.serve(over); out != (op.NotModified{}) || code != "" {
		t.Errorf("answered %v, %q", out, code)
	}
	if r := w.only(); r.AdditionalEventData["notModified"] != true || w.commits != 1 {
		t.Errorf("%d commits, recorded %+v", w.commits, r)
	}
	for _, station := range []string{"renew", "find", "authorize", "absence", "ready"} {
		t.Run(station, func(t *testing.T) {
			w := watch(t, "one")
			out, code := w.serve(func() (bool, error) {
				w.at[station] = fails(fault.New(fault.Denied, "TakenAwayException", ""))
				return over()
			})
			if out != nil || code != "TakenAwayException" {
				t.Errorf("answered %v, %q", out, code)
			}
			if r := w.only(); r.ErrorCode != code || r.UserIdentity.AccessKeyID != "AKIATEST" ||
				r.AdditionalEventData != nil {
				t.Errorf("recorded as %+v", r)
			}
		})
	}
}

// Whoever may not know is never waited with, and neither is anybody who finds no place.
func TestWait_Refused_IsAnsweredAtOnce(t *testing.T) {
	w := watch(t, "one")
	w.at["authorize"] = fails(fault.New(fault.Denied, "AccessDeniedException", ""))
	if out, code := w.serve(unasked); out != nil || code != "AccessDeniedException" {
		t.Errorf("answered %v, %q", out, code)
	}
	if r := w.only(); r.ErrorCode != "AccessDenied" {
		t.Errorf("recorded as %+v", r)
	}
	w = watch(t, "one")
	_, code := w.serve(func() (bool, error) {
		return false, fault.New(fault.Throttled, "ThrottlingException", "")
	})
	if r := w.only(); code != "ThrottlingException" || r.ErrorCode != code {
		t.Errorf("answered %q, recorded %+v", code, r)
	}
}

// What an operation asks of another one is not what its caller has.
func TestCondition_NestedOperation_IsNotIts(t *testing.T) {
	w := watch(t, "one")
	outer := op.Read(op.Info{Name: "Outer", Service: vault}, w.find,
		func(c *op.Call, in input, _ *target) (output, error) { return op.Ask(c, "", w.watch, in) })
	w.q.Hold = func(<-chan struct{}) (bool, error) { return unasked() }
	if out, err := w.send(outer, w.q); out != (output{"seen"}) || err != nil || w.joined != 0 {
		t.Errorf("answered %v, %v", out, err)
	}
}
