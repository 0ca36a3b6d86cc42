package api

import (
	"time"

	"claviger/internal/listener"
)

// hold waits for a change: as long as the caller prefers, and no longer than it listens or the
// service goes on. What was sent as a body would be held too, so that nobody who sends one waits.
func (x *exchange) hold(changed <-chan struct{}) (more bool, err error) {
	if x.room != nil {
		return false, nil
	}
	if !x.waits() {
		x.Runner.Observe.Overload("watchers")
		return false, tooManyWait
	}
	if x.until.IsZero() {
		x.until = time.Now().Add(x.asked.Condition.Wait)
	}
	noDeadline(x.writer)
	over := time.NewTimer(time.Until(x.until))
	defer over.Stop()
	x.stepAside()
	x.idle(true)
	select {
	case <-changed:
		more = true
	case <-over.C:
	case <-x.http.Context().Done():
	case <-x.Ending:
	}
	x.idle(false)
	if !x.goOn(x.http.Context()) {
		x.Runner.Observe.Overload("callers")
		return false, tooMany
	}
	return more, nil
}

// idle says whether the connection may be closed for another as one that is idle may: to wait is as
// good. One of HTTP/2 may have other requests.
func (x *exchange) idle(waiting bool) {
	if x.http.ProtoMajor == 1 {
		listener.SetWaiting(x.http.Context(), waiting)
	}
}
