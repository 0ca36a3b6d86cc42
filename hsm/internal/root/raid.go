package root

import (
	"errors"
	"fmt"
	"sync"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
)

// Sessions does work in one session or in several at once, each with a goroutine of its own, and
// returns when all have done with it.
type Sessions func(work func(cryptoki.Session))

// raid is what an attacker tries, in several sessions at once: on a device behind a network it
// would else be most of what a login takes, and everybody waits for that.
type raid struct {
	device *object.Device

	mu      sync.Mutex
	more    sync.Cond // an attempt was planned, or the last one is over
	planned []attempt // not begun
	open    int       // planned or at work
	victims []cryptoki.Object
	err     error // the first one, or the first one that says that something works
}

type attempt struct {
	what string // before the error's text
	do   func(attacker) error
}

func newRaid(d *object.Device) *raid {
	r := &raid{device: d}
	r.more.L = &r.mu
	return r
}

// plan has something tried. An attempt may plan others.
func (r *raid) plan(what string, do func(attacker) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.planned = append(r.planned, attempt{what, do})
		r.open++
		r.more.Signal()
	}
}

// leave has a key destroyed when nobody attacks it any more.
func (r *raid) leave(victim cryptoki.Object) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.victims = append(r.victims, victim)
}

// perform tries all, and what they plan, until something works or can't be tried.
func (r *raid) perform(in Sessions, a attacker) error {
	in(func(s cryptoki.Session) {
		a := a
		a.s = s
		for try, ok := r.next(); ok; try, ok = r.next() {
			r.end(try, try.do(a))
		}
		r.clean(s)
	})
	return r.err
}

// next takes an attempt. While others are at work it waits: they may plan some, and a session that
// ended would take its victims with it.
func (r *raid) next() (try attempt, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.planned) == 0 && r.open > 0 {
		r.more.Wait()
	}
	if r.open == 0 {
		return attempt{}, false
	}
	try = r.planned[0]
	r.planned = r.planned[1:]
	return try, true
}

// end counts an attempt as over.
func (r *raid) end(try attempt, err error) {
	if err != nil && try.what != "" {
		err = fmt.Errorf("%s: %w", try.what, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil || errors.Is(err, failure.ErrUnsafe) && !errors.Is(r.err, failure.ErrUnsafe) {
		r.err = err
	}
	r.open--
	if r.err != nil {
		r.open -= len(r.planned)
		r.planned = nil
	}
	if r.open == 0 {
		r.more.Broadcast()
	}
}

// clean destroys, once all is over, what the attacks were on. No session ends before.
func (r *raid) clean(s cryptoki.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, victim := range r.victims {
		_ = r.device.Driver.DestroyObject(s, victim)
	}
	r.victims = nil
}
