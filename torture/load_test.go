package torture

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load is clients that put requests one after the other until they are told to stop.
type load struct {
	answers atomic.Int64 // right ones
	stop    func()
}

// begin starts n clients. Each begins at another place of the list; found hears of every answer.
func begin(t testing.TB, n int, all []request, found func(request, verdict)) *load {
	t.Helper()
	l := &load{}
	ctx, cancel := context.WithCancel(t.Context())
	var over sync.WaitGroup
	for i := range n {
		over.Go(func() {
			for at := i * len(all) / n; ctx.Err() == nil; at++ {
				r := all[at%len(all)]
				one, done := context.WithTimeout(t.Context(), recoveryLimit)
				v := judge(r.do(one))
				done()
				if v == right {
					l.answers.Add(1)
				}
				found(r, v)
				if v != right {
					time.Sleep(5 * time.Millisecond) // as a client that was told to try again
				}
			}
		})
	}
	l.stop = sync.OnceFunc(func() {
		cancel()
		over.Wait()
	})
	t.Cleanup(l.stop)
	return l
}

// rate returns the right answers a second over a while.
func (l *load) rate(while time.Duration) float64 {
	before, from := l.answers.Load(), time.Now()
	time.Sleep(while)
	return float64(l.answers.Load()-before) / time.Since(from).Seconds()
}
