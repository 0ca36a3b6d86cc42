package module

import (
	"sync"
	"sync/atomic"
	"time"
)

// Guarded runs f inside the module with mu held for reading, and gives mu back after the timeout if
// f hangs.
func (m *Module) Guarded(mu *sync.RWMutex, timeout time.Duration, f func()) {
	const (
		inside uint32 = iota
		finished
		abandoned
	)
	var state atomic.Uint32
	mu.RLock()
	timer := time.AfterFunc(timeout, func() {
		m.Hung.Add(1)
		if state.CompareAndSwap(inside, abandoned) {
			mu.RUnlock()
			return
		}
		m.Hung.Add(-1)
	})
	defer timer.Stop()
	f()
	if state.CompareAndSwap(inside, finished) {
		mu.RUnlock()
		return
	}
	m.Hung.Add(-1)
}
