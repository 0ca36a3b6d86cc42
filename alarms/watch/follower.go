package watch

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"claviger/alarms/records"
	"claviger/internal/domain"
	"claviger/internal/follow"
	"claviger/internal/outbox"
	"claviger/store"
)

const (
	again     = time.Second      // between two attempts at what fails
	keepEvery = 10 * time.Second // how much is looked at anew after a crash, if nothing was told
)

// Feed is the trail as it grows; see [follow.Feed].
type Feed interface {
	After(ctx context.Context, record int64) ([]follow.Batch, error)
}

// Follower makes events of the trail. Its place in it is stored in the transaction of the events
// that it has made up to there, so that each is in the outbox once, whenever the process ends. All
// fields must be set.
type Follower struct {
	Feed   Feed
	DB     *store.DB
	Home   Home
	Limits records.Limits
	Log    *slog.Logger

	watcher  *records.Watcher
	position int64 // the newest record that was looked at
	kept     int64 // the one that is stored
}

// Run follows the trail until ctx ends. Its place is stored at last.
func (f *Follower) Run(ctx context.Context) {
	for !f.begin() {
		if !wait(ctx, again) {
			return
		}
	}
	stored := time.Now()
	for {
		batches, err := f.Feed.After(ctx, f.position)
		switch {
		case ctx.Err() != nil:
			if f.DB.Ready() == nil { // a disk that hangs holds up no end
				_ = f.store(nil)
			}
			return
		case err != nil:
			f.Log.Warn("the trail can't be read for events: it is tried again", "error", err)
			wait(ctx, again)
			continue
		}
		if events := f.look(ctx, batches); len(events) > 0 {
			f.mustStore(ctx, events)
			stored = time.Now()
		} else if time.Since(stored) >= keepEvery {
			f.DB.Note("alarms trail", f.change(nil))
			stored = time.Now()
		}
	}
}

// begin reads what was stored last.
func (f *Follower) begin() bool {
	var state records.State
	position, err := load(f.DB, trailRow, &state)
	if err != nil {
		f.Log.Warn("what was told of the trail can't be read: it is tried again", "error", err)
		return false
	}
	f.position, f.kept, f.watcher = position, position, records.New(f.Limits, state)
	return true
}

// look looks at batches. What has no account, since nobody was known, is the installation's.
func (f *Follower) look(ctx context.Context, batches []follow.Batch) (all []outbox.Event) {
	for _, b := range batches {
		all = append(all, f.watcher.Look(b, f.position)...)
		f.position = b.Last()
	}
	for i := range all {
		if all[i].Account != "" && all[i].Region != "" {
			continue
		}
		home, _ := f.Home.Place(ctx)
		if all[i].Account == "" {
			all[i].Account = home.Account
		}
		if all[i].Region == "" {
			all[i].Region = home.Region
		}
	}
	return all
}

func (f *Follower) change(events []outbox.Event) domain.Change {
	return domain.InOrder(outbox.Outbox{}.Put(events...),
		keep(trailRow, f.position, f.watcher.State()))
}

func (f *Follower) store(events []outbox.Event) error {
	if len(events) == 0 && f.position == f.kept {
		return nil
	}
	err := f.DB.Commit(f.change(events), nil)
	if err == nil {
		f.kept = f.position
	}
	return err
}

// mustStore stores events with the place that they were made at, as soon as the database takes
// them. Until then nothing more is looked at. If the process ends before, they are made again.
func (f *Follower) mustStore(ctx context.Context, events []outbox.Event) {
	for isTold := false; ; isTold = true {
		err := f.store(events)
		switch {
		case err == nil:
			return
		case !errors.Is(err, store.ErrNotStored):
			f.Log.Error("events of the trail can't be stored and are lost", "error", err)
			return
		case !isTold:
			f.Log.Warn("events of the trail can't be stored: it is tried again", "error", err)
		}
		if !wait(ctx, again) {
			return
		}
	}
}

// wait reports whether a time has passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
