package op

import (
	"time"

	"claviger/policy"
)

// Condition is what a request says of the answers that its caller has: a conditional request (RFC
// 9110, 13.1.2), which may prefer to wait for another answer (RFC 7240, 4.3).
type Condition struct {
	Has  func(etag string) bool // whether the caller has the answer of an entity tag
	Wait time.Duration          // how long it would wait for another one; zero: not at all

	ETag string // of what is answered; nothing where that has none. The road sets it
}

// Watched is a [Target] of which can be told, before anything is done, whether the answer is the
// one that the caller has. Its find calls [Call.Watch] before it reads what that depends on.
type Watched interface {
	Target
	// ETag names the answer: opaque, of base64url's letters, and another one whenever the answer is
	// another. It is nothing where there is none, or an error will be answered.
	ETag() string
}

// NotModified is the output in the place of an operation's own: its caller has that already.
type NotModified struct{}

// watch is how a request waits: for changes that whoever makes them tells of.
type watch struct {
	hold    func(changed <-chan struct{}) (more bool, err error) // see [Request]
	renew   func(now time.Time) (policy.Caller, error)
	changed chan struct{} // holds one change that wasn't looked at
	leave   []func()
}

// Watch has the request wait, if it wants to wait, for changes of what is about to be read. join
// is given the channel that is to hold one value after each change, and sent to without waiting;
// it returns what ends that.
func (c *Call) Watch(join func(changed chan<- struct{}) (leave func())) {
	if c.watch != nil {
		c.watch.leave = append(c.watch.leave, join(c.watch.changed))
	}
}

// forget ends what [Call.Watch] began.
func (c *Call) forget() {
	if c.watch == nil {
		return
	}
	for _, leave := range c.watch.leave {
		leave()
	}
	c.watch.leave = nil
}

// condition takes from a request what it says of the answers that its caller has.
func (r *Runner) condition(c *Call, s *Service, q *Request) {
	c.condition = q.Condition
	if q.Condition == nil || q.Condition.Wait <= 0 || q.Hold == nil {
		return
	}
	arrived := c.Time
	c.watch = &watch{hold: q.Hold, changed: make(chan struct{}, 1),
		renew: func(now time.Time) (policy.Caller, error) {
			return r.Callers.Renew(c, q.HTTP, s.Name, arrived, now)
		}}
}

// has reports whether the caller has what would be answered. The record says that it was told no
// more than that.
func (c *Call) has(t Target) bool {
	w, ok := t.(Watched)
	if !ok || c.condition == nil {
		return false
	}
	etag := w.ETag()
	c.condition.ETag = etag
	if etag == "" || !c.condition.Has(etag) {
		return false
	}
	c.trail.unmodified = true
	c.Note(`{"notModified":true}`)
	return true
}

// waits reports whether the attempt at hand ends in nothing but waiting for another.
func (c *Call) waits(err error) bool { return err == nil && c.trail.unmodified && c.watch != nil }

// wait waits until something has changed, or for long enough. From then on the time and the caller
// are those of that moment: a session may have ended, and a policy may be another.
func (c *Call) wait() error {
	w := c.watch
	var more bool
	var err error
	c.run.Observe.Waiting(1)
	c.idle(func() { more, err = w.hold(w.changed) })
	c.run.Observe.Waiting(-1)
	c.forget()
	if !more {
		c.watch = nil
	}
	if err != nil {
		return err
	}
	now := c.run.Now()
	who, err := w.renew(now)
	if err != nil {
		return err
	}
	c.Caller, c.Time = who, now
	return nil
}
