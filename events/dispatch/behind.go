package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"claviger/events/rulerows"
	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/store"
)

// An account whose rules can't be read holds up nobody else. In the transaction in which the place
// of all moves on it gets a place of its own, where it stays until its rules can be read. What is
// behind that is dispatched then, page by page and in its order, while the others go on.

// editedAgain is when rules are looked at again of which a row isn't as the service stored it: they
// stay so until somebody has looked.
const editedAgain = time.Minute

var (
	qBehind = store.Wide(`SELECT account, region, position FROM event_cursors
		WHERE reader = $1 AND account <> ''`, "the reader is one for all accounts")
	qCaughtUp = store.Wide(`DELETE FROM event_cursors
		WHERE reader = $1 AND account = $2 AND region = $3`, "the row names its account and Region")
)

// readBehind finds who was behind when the process ended.
func (d *Dispatcher) readBehind(reader string) (map[rulerows.Place]int64, error) {
	behind := map[rulerows.Place]int64{}
	err := d.config.DB.Rows(qBehind, []any{reader}, func(scan func(...any) error) error {
		var at rulerows.Place
		var position int64
		err := scan(&at.Account, &at.Region, &position)
		behind[at] = position
		return err
	})
	return behind, err
}

// late is an account that falls behind.
type late struct {
	position int64 // up to which its events are dispatched
	why      error
}

// putAside has the account of an item fall behind, with it and what follows.
func (w *work) putAside(i item, why error) {
	if w.aside == nil {
		w.aside = map[rulerows.Place]late{}
	}
	w.aside[i.at] = late{i.position - 1, why}
}

// caughtUp reports whether those that it is for are where the others are.
func (r *reading) caughtUp() bool { return r.late != nil && r.at >= r.p.at }

// moves are the changes by which the places of those who are behind are stored.
func (r *reading) moves() (all []domain.Change) {
	to := func(at rulerows.Place, position int64) {
		all = append(all, func(tx *store.Tx) error {
			_, err := tx.Exec(qMove, r.p.name, at.Account, at.Region, position)
			return err
		})
	}
	for at, l := range r.all.aside {
		to(at, l.position)
	}
	if !r.caughtUp() && r.all.size() == 0 {
		return all
	}
	for at := range r.late {
		if _, again := r.all.aside[at]; again {
			continue
		}
		if !r.caughtUp() {
			to(at, r.at)
			continue
		}
		all = append(all, func(tx *store.Tx) error {
			_, err := tx.Exec(qCaughtUp, r.p.name, at.Account, at.Region)
			return err
		})
	}
	return all
}

// moved notes what was put.
func (r *reading) moved() {
	log := r.d.config.Log.With("source", r.p.name)
	for at, l := range r.all.aside {
		if _, before := r.p.behind[at]; !before {
			log.Error("the rules of an account can't be read: its events wait until they can",
				"account", at.Account, "region", at.Region, "error", l.why)
		}
		r.p.behind[at] = l.position
		delete(r.late, at)
	}
	for at := range r.late {
		r.p.behind[at] = max(r.p.behind[at], r.at)
		if r.caughtUp() {
			log.Info("the events of an account whose rules couldn't be read are dispatched",
				"account", at.Account, "region", at.Region)
			delete(r.p.behind, at)
			delete(r.late, at)
		}
	}
	if r.late == nil {
		r.p.at = r.at
	}
	r.all = work{}
}

// unread are the accounts whose rules couldn't be read when they were last asked for. It is safe
// for concurrent use.
type unread struct {
	mu     sync.Mutex
	places map[rulerows.Place]failed
}

type failed struct {
	why  error
	next time.Time // they are asked for again
}

// why returns why the rules of a place couldn't be read, if they couldn't.
func (u *unread) why(at rulerows.Place) (error, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f, unread := u.places[at]
	return f.why, unread
}

// asked notes what became of asking for the rules of a place.
func (u *unread) asked(at rulerows.Place, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		delete(u.places, at)
		return
	}
	next := time.Now()
	if errors.Is(err, rowmac.ErrEdited) {
		next = next.Add(editedAgain)
	}
	u.places[at] = failed{err, next}
}

// due returns the places whose rules are to be asked for again.
func (u *unread) due() (all []rulerows.Place) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for at, f := range u.places {
		if !time.Now().Before(f.next) {
			all = append(all, at)
		}
	}
	return all
}

// book returns the rules of a place. If they couldn't be read a moment ago, nobody waits for them.
func (d *Dispatcher) book(ctx context.Context, at rulerows.Place) (*rulerows.Book, error) {
	if err, unread := d.unread.why(at); unread {
		return nil, err
	}
	b, err := d.config.Rules.Book(ctx, at.Account, at.Region)
	if err != nil {
		d.unread.asked(at, err)
	}
	return b, err
}

// ready has all rules read before an event asks for them. Their rows are verified on the token:
// that it has gone away must not wait until it is back, because nothing had happened before. From
// then on it asks for those that couldn't be read.
func (d *Dispatcher) ready(ctx context.Context) {
	for all := false; ctx.Err() == nil; pause(ctx, again) {
		if !all {
			places, err := d.config.Rules.Places()
			all = err == nil && d.readRules(ctx, places)
		}
		d.readRules(ctx, d.unread.due())
	}
}

// readRules has the rules of places read, and reports whether they could be, or were edited. The
// first failure of another kind ends it: it is one of the token or the database, and of all.
func (d *Dispatcher) readRules(ctx context.Context, places []rulerows.Place) bool {
	for _, at := range places {
		_, err := d.config.Rules.Book(ctx, at.Account, at.Region)
		if ctx.Err() != nil {
			return false
		}
		d.unread.asked(at, err)
		if err != nil && !errors.Is(err, rowmac.ErrEdited) {
			return false
		}
	}
	return true
}
