package jobs

import "sync"

// pool is what this process does now. What is to be done stands in the rows.
type pool struct {
	mu      sync.Mutex
	left    sync.Cond                // signalled to all when work has ended
	running map[target]chan struct{} // closed when the work on it has ended
	busy    map[string]int           // slots taken, by kind
}

// target is what jobs are on that must not run at once.
type target struct{ order, account, region, subject string }

func newPool() *pool {
	p := &pool{running: map[target]chan struct{}{}, busy: map[string]int{}}
	p.left.L = &p.mu
	return p
}

// enter takes one of the kind's slots for work on t, and reports false if all are taken or t is
// being worked on. Whoever entered must leave.
func (p *pool) enter(kind string, limit int, t target) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[kind] >= limit || p.running[t] != nil {
		return false
	}
	p.admit(kind, t)
	return true
}

// enterWhenFree waits for a slot, and for t, as long as it takes.
func (p *pool) enterWhenFree(kind string, limit int, t target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.busy[kind] >= limit || p.running[t] != nil {
		p.left.Wait()
	}
	p.admit(kind, t)
}

func (p *pool) admit(kind string, t target) {
	p.running[t] = make(chan struct{})
	p.busy[kind]++
}

// leave gives the slot back.
func (p *pool) leave(kind string, t target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.running[t])
	delete(p.running, t)
	p.busy[kind]--
	p.left.Broadcast()
}

// size is how much is being worked on.
func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.running)
}

// wait returns once what runs now has ended. What begins meanwhile is not waited for, or a busy
// pool would never let anybody go.
func (p *pool) wait() {
	p.mu.Lock()
	var all []chan struct{}
	for _, ended := range p.running {
		all = append(all, ended)
	}
	p.mu.Unlock()
	for _, ended := range all {
		<-ended
	}
}
