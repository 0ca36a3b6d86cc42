package customstore

import (
	"context"
	"sync"
	"time"

	"claviger/keystore/key"
	"claviger/store"
)

// The intervals at which [Stores.KeepConnected] looks, and waits after an attempt in vain. The
// longest wait is longer than an attempt may take.
const (
	keepEvery   = time.Second
	longestWait = time.Minute
)

// atOnce is a time at which a job is due on any clock: the job runner's may have been set back.
var atOnce = time.UnixMicro(0)

// KeepConnected asks for jobs that open the connections of stores which are connected and have
// none, as after the start of the process, and that end those which only a person can bring back.
// It runs until ctx ends.
func (s *Stores) KeepConnected(ctx context.Context) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		s.scheduleConnects(s.attempts.due(s.lost(), time.Now()))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// scheduleConnects has stores connected by the job runner. What the database doesn't take, it says by itself; it
// is an attempt in vain, too.
func (s *Stores) scheduleConnects(refs []key.StoreRef) {
	if len(refs) == 0 {
		return
	}
	err := s.config.DB.Commit(func(tx *store.Tx) error {
		for _, ref := range refs {
			err := s.config.Jobs.Schedule(tx, ConnectJob, ref.Account, ref.Region, ref.ID, atOnce)
			if err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err == nil {
		return
	}
	for _, ref := range refs {
		s.attempts.ended(ref, time.Now())
	}
}

// lost returns the stores that are connected as far as their rows say, and aren't.
func (s *Stores) lost() (refs []key.StoreRef) {
	all, err := s.connected()
	if err != nil {
		return nil // the database says so itself
	}
	for _, ref := range all {
		if open := s.connections.opened(ref); open == nil || open.FinalError() != nil {
			refs = append(refs, ref)
		}
	}
	return refs
}

// Lost returns how many stores are connected as far as their rows say, and can't be used now.
func (s *Stores) Lost() (n int) {
	all, _ := s.connected() // what the database can't say, it says by itself
	for _, ref := range all {
		if open := s.connections.live(ref); open == nil || open.Ready() != nil {
			n++
		}
	}
	return n
}

// Close closes the connections of all stores: the process ends. Nobody may use or connect any then.
func (s *Stores) Close() { s.connections.closeAll() }

// attempts say when to try again to connect lost stores. The zero value is ready.
type attempts struct {
	mu   sync.Mutex
	next map[key.StoreRef]attempt
}

// attempt is the next one of a lost store.
type attempt struct {
	wait time.Duration // after the last one
	at   time.Time
}

// due returns those of the lost stores whose time has come, and forgets what isn't lost any more. A
// store is not due again until its attempt has ended, or should have.
func (a *attempts) due(lost []key.StoreRef, now time.Time) (due []key.StoreRef) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next := make(map[key.StoreRef]attempt, len(lost))
	for _, ref := range lost {
		t := a.next[ref]
		if !now.Before(t.at) {
			t.at = now.Add(longestWait)
			due = append(due, ref)
		}
		next[ref] = t
	}
	a.next = next
	return due
}

// ended puts the next attempt off, twice as long as the one before. If the store is connected now,
// nobody waits for it.
func (a *attempts) ended(ref key.StoreRef, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, waiting := a.next[ref]
	if !waiting {
		return
	}
	t.wait = min(max(2*t.wait, keepEvery), longestWait)
	t.at = now.Add(t.wait)
	a.next[ref] = t
}
