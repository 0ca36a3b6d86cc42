package session

import (
	"sync"
	"sync/atomic"
	"time"

	"claviger/hsm/internal/cryptoki"
)

// work is what is done inside a session. It must be safe to repeat from its beginning.
type work func(cryptoki.Session) ([]byte, error)

// call is one work on its way through a pool. Its state is the border between the caller, who may
// leave at any time, and the worker, who can't leave the module before the module lets it.
type call struct {
	work  work
	using *handle          // released when the work is truly over, which may be after the caller left
	avoid cryptoki.Session // the session whose answer is known already; 0: none
	party string           // whose place among the sessions it has, until the work is truly over
	turn  *turn            // while it waits in line

	out []byte
	err error
	by  *worker // who did it

	entered time.Time // when a worker went into the module with it
	spared  bool      // it hangs, and another worker was let in for its own
	state   atomic.Uint32
	done    chan struct{}
	timer   *time.Timer
}

const (
	waiting   uint32 = iota // not inside the module yet
	inside                  // a worker is in the module and holds the keeper's lock for reading
	deserted                // the same, and the caller is gone
	finished                // out and err are set
	abandoned               // the caller left before a worker went in
	hung                    // the call took too long inside: its share of the lock was given back
)

var calls = sync.Pool{New: func() any {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &call{done: make(chan struct{}, 1), timer: t}
}}

// release ends the call's use of its handle: by then nobody is inside the module with it.
func (c *call) release() {
	if c.using != nil {
		c.using.release()
		c.using = nil
	}
}
