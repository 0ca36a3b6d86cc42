package identity

import (
	"context"
	"maps"
	"sync"
	"time"

	"claviger/internal/clock"
	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/store"
)

// revokedSession is a session that was ended before its time.
type revokedSession struct {
	id      string // of its access key
	account string
	until   time.Time // when it would have ended at the latest: the row is of no use any more
}

var revokedSessions = rowmac.Declare("iam_revoked_sessions",
	func(s *revokedSession) []rowmac.Column {
		return []rowmac.Column{rowmac.Text("id", &s.id), rowmac.Text("account", &s.account),
			rowmac.Time("until", &s.until)}
	})

const ofSessions = "a session acts in every Region, and its id is what says of which account it is"

var (
	qRevokedSessions = store.Wide(`SELECT `+revokedSessions.Columns()+` FROM iam_revoked_sessions`,
		ofSessions)
	qRevokeSession  = store.Wide(revokedSessions.Upsert(1), ofSessions)
	qForgetSessions = store.Wide(`DELETE FROM iam_revoked_sessions WHERE until <= $1`, ofSessions)
)

// LongestSession is how long a session lives at most: the 36 hours of GetSessionToken.
const LongestSession = 36 * time.Hour

// RevokeSession prepares the end of a session of an account, named by the id of its access key. It
// holds for the next request. Rows of sessions that have expired meanwhile are deleted, by a time
// that is settled: they would else be missed once the clock comes back. now is no earlier.
func (d *Directory) RevokeSession(ctx context.Context, id, account string, now time.Time,
	settled clock.Settled) (domain.Change, error) {
	row := &revokedSession{id, account, now.Add(LongestSession)}
	values, err := revokedSessions.Sign(ctx, d.signer, row)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		tx.After(func() {
			d.over.add(row)
			d.revoked.Drop(allRevoked)
		})
		if _, err := tx.Exec(qForgetSessions, store.Micros(settled.At())); err != nil {
			return err
		}
		_, err := tx.Exec(qRevokeSession, values...)
		return err
	}, nil
}

// allRevoked is the one key of the cache: there are few revoked sessions, and all are read at once.
var allRevoked struct{}

// isRevoked reports whether a session was ended before its time.
func (d *Directory) isRevoked(ctx context.Context, id string) (bool, error) {
	ids, err := d.revoked.Get(allRevoked, func() (map[string]bool, error) {
		rows, err := revokedSessions.Select(ctx, d.signer, d.db, qRevokedSessions)
		if err != nil {
			return nil, err
		}
		return d.over.with(rows, time.Now()), nil
	})
	return ids[id], err
}

// over are the sessions that are known to be over. What this process has written or read once holds
// for as long as the session would have lived, whatever becomes of its row: that somebody else took
// it away is found at the next start, and not before.
type over struct {
	mu    sync.Mutex
	until map[string]time.Time // by Go's monotonic clock, whatever becomes of the other one
}

func (o *over) add(rows ...*revokedSession) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.until == nil {
		o.until = map[string]time.Time{}
	}
	until := time.Now().Add(LongestSession)
	for _, row := range rows {
		o.until[row.id] = until
	}
}

// with adds what was read, forgets what has ended for certain, and returns all ids.
func (o *over) with(rows []*revokedSession, now time.Time) map[string]bool {
	o.add(rows...)
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.until, func(_ string, until time.Time) bool { return !now.Before(until) })
	ids := make(map[string]bool, len(o.until))
	for id := range o.until {
		ids[id] = true
	}
	return ids
}
