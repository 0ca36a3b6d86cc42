package customstore

import (
	"context"
	"sync"
	"time"

	"claviger/keystore/key"
	"claviger/store"
)

// How often [Stores.KeepConnected] looks for lost stores, and how long it waits at most after a
// failed attempt. That is longer than an attempt may take, so that none is begun beside another.
const (
	keepEvery   = time.Second
	longestWait = time.Minute
)

// atOnce is a time at which a job is due on any clock: the job runner's may have been set back.
var atOnce = time.UnixMicro(0)

// KeepConnected asks for jobs that open the connections of stores whose rows say CONNECTED and
// which have none, as after the start of the process. The same jobs put a store to FAILED that only
// a person can bring back. It runs until ctx ends.
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

// scheduleConnects has stores connected by the job runner. That a job is asked for leaves no
// record: what the job does leaves its own. A database that fails logs it by itself; here that is a
// failed attempt, which is put off like any other.
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

// lost returns the stores whose rows say CONNECTED and whose connection is closed or broken for
// good.
func (s *Stores) lost() (refs []key.StoreRef) {
	all, err := s.connected()
	if err != nil {
		return nil // the database logs it by itself
	}
	for _, ref := range all {
		if open := s.connections.opened(ref); open == nil || open.FinalError() != nil {
			refs = append(refs, ref)
		}
	}
	return refs
}

// Lost returns how many stores' rows say CONNECTED while their keys can't be used.
func (s *Stores) Lost() (n int) {
	all, _ := s.connected() // a database that fails logs it by itself
	for _, ref := range all {
		if open := s.connections.live(ref); open == nil || open.Ready() != nil {
			n++
		}
	}
	return n
}

// Close closes the connections of all stores when the process ends. Nothing may use or connect
// stores any more.
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

// due returns the lost stores whose next attempt is due, and forgets those that aren't lost any
// more. A store is not due again until its attempt has ended, or should have.
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

// ended puts the next attempt off, twice as long as the one before. For a store that isn't lost any
// more it does nothing.
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
