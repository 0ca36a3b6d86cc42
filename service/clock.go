package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"claviger/audit"
	"claviger/internal/clock"
	"claviger/internal/install"
	"claviger/internal/rowmac"
	"claviger/store"
)

const (
	clockLook = time.Second     // between two looks at the clocks
	clockKeep = 5 * time.Minute // between two states that are kept, unless something changes
)

// timekeeper keeps what is believed of the time, and tells the operator of doubts.
type timekeeper struct {
	*clock.Guard
	source clock.Source
	db     *store.DB
	signer *rowmac.Signer
	log    *slog.Logger

	mu sync.Mutex // held while a state is stored, so that none overtakes a later one
}

// newTimekeeper goes on from what was believed last. A database in which nothing is kept yet has
// the time of its newest record.
func newTimekeeper(ctx context.Context, c Config, in *install.Installation, db *store.DB) (
	*timekeeper, error) {
	last, isKept, err := clock.Load(ctx, db, in.Rows)
	if err == nil && !isKept {
		last.Believed, err = newestRecord(db)
	}
	if err != nil {
		return nil, err
	}
	k := &timekeeper{Guard: clock.NewGuard(c.Clock, last), source: c.Clock, db: db, signer: in.Rows,
		log: c.Log}
	if !isKept {
		err = k.keep(ctx)
	}
	return k, err
}

// newestRecord returns the time of the trail's newest batch, or the zero time.
func newestRecord(db *store.DB) (newest time.Time, err error) {
	_, newest, err = db.TrailTime(math.MaxInt64)
	if errors.Is(err, store.NoRow) {
		return time.Time{}, nil
	}
	return newest, err
}

// keep stores what is known now.
func (k *timekeeper) keep(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	change, err := k.State().Change(ctx, k.signer)
	if err != nil {
		return err
	}
	return k.db.Commit(change, func(error) []byte { return nil })
}

// run looks at the clocks until ctx ends, and stores what it knows when something has changed, now
// and then, and at last.
func (k *timekeeper) run(ctx context.Context) {
	tick := time.NewTicker(clockLook)
	defer tick.Stop()
	isDoubted := k.tell(false)
	kept := time.Now()
	k.mustKeep()
	for {
		select {
		case <-ctx.Done():
			if k.db.Ready() == nil { // a disk that hangs holds up no end
				k.mustKeep()
			}
			return
		case <-tick.C:
		}
		before := isDoubted
		isDoubted = k.tell(before)
		if isDoubted != before || time.Since(kept) >= clockKeep {
			kept = time.Now()
			k.mustKeep()
		}
	}
}

// mustKeep tells the operator of what can't be stored. It is tried again later.
func (k *timekeeper) mustKeep() {
	ctx, cancel := context.WithTimeout(context.Background(), clockLook)
	defer cancel()
	if err := k.keep(ctx); err != nil {
		k.log.Warn("what is believed of the time can't be stored: the next start may doubt the clock",
			"error", err)
	}
}

// tell writes to the log when a doubt begins or ends, and reports whether there is one.
func (k *timekeeper) tell(before bool) bool {
	doubt := k.Doubt()
	switch {
	case doubt != nil && !before:
		k.log.Error(doubt.String(), "believed", doubt.Believed.Format(time.RFC3339))
	case doubt == nil && before:
		k.log.Info("the clock is believed again: what is due is deleted")
	}
	return doubt != nil
}

// remark is what is said beside that the service is ready.
func (k *timekeeper) remark() string {
	if doubt := k.Doubt(); doubt != nil {
		return doubt.String() + "\n"
	}
	return ""
}

// ClockReading is how the clock stands.
type ClockReading struct {
	Wall     time.Time // what it shows
	Believed time.Time
	Doubt    string // why nothing is destroyed; empty: the clock is believed, or behind
	IsBehind bool   // it was set back
}

// IsOff reports whether there is something to accept.
func (r ClockReading) IsOff() bool { return r.Doubt != "" || r.IsBehind }

// Clock returns how the clock stands.
func (s *Service) Clock() ClockReading {
	believed := s.clock.State().Believed
	r := ClockReading{Wall: s.clock.source.Now().UTC(), Believed: believed,
		Doubt: strings.TrimSpace(s.clock.remark())}
	r.IsBehind = believed.Sub(r.Wall) > clock.Slack
	return r
}

// AcceptClock has the time believed that the clock shows, and records it in an account. by is the
// command that asks for it. It returns how the clock stood before: one that is believed already is
// left alone.
func (s *Service) AcceptClock(ctx context.Context, account, by string) (ClockReading, error) {
	before := s.Clock()
	if !before.IsOff() {
		return before, nil
	}
	if err := s.known(ctx, account); err != nil {
		return before, err
	}
	record := unlike(before.Wall, s.region, "AcceptClock", account, by)
	record.Additional = fmt.Appendf(nil, `{"believed":%q,"accepted":%q}`,
		before.Believed.UTC().Format(time.RFC3339), before.Wall.UTC().Format(time.RFC3339))
	return before, s.clock.accept(ctx, record)
}

// ownIdentity is who did what this program was told to by a command, in records of no operation of
// AWS's.
func ownIdentity(account string) audit.Identity {
	return audit.Identity{Type: "AWSService", AccountID: account, InvokedBy: "claviger"}
}

// accept makes it durable before it holds.
func (k *timekeeper) accept(ctx context.Context, record audit.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	accepted := k.Accepted()
	change, err := accepted.Change(ctx, k.signer)
	if err != nil {
		return err
	}
	err = k.db.Commit(change, func(failed error) []byte {
		if failed != nil {
			record.ErrorCode = "InternalFailure"
		}
		return record.Append(nil)
	})
	if err == nil {
		k.Take(accepted)
	}
	return err
}
