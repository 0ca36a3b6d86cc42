// Package outbox keeps the events that changes leave, in EventBridge's envelope, until they are
// delivered. An event is put in the transaction of its change, so it is there if and only if the
// change is.
//
// A change's event has the next position, without gaps, and is never rewritten. Who delivers reads
// on from the position where it was ([After]), and lets go of what it has read but for the newest.
// EventBridge is best effort, and so is this: the newest [Kept] events rest here at most, whether
// anybody has taken them or not, and older ones go.
//
// Rows are neither signed nor kept as a set ([claviger/internal/rowset]), like those of jobs and of
// the trail. A signature would be a call of the device for each event, in the way of each change,
// for a text that allows nobody anything: it says that something may have become different, and who
// hears it asks the service, whose own rows are signed. And sets are for rows whose loss somebody
// could use; here losing the old ones is the rule.
package outbox

import (
	"claviger/internal/domain"
	"claviger/store"
)

// Kept is how many events rest here at most. With the usual half a KiB each they are some 50 MiB.
// Of events of callers, which have up to 256 KiB, a tenth may wait to be read.
const Kept = 100_000

const rowSaysWhose = "the row names its account and Region"

var (
	qInsert = store.Wide(`INSERT INTO outbox (account, region, event) VALUES ($1, $2, $3)`,
		rowSaysWhose)

	// Positions have no gaps, so that a difference counts events.
	qTrim = store.Wide(`DELETE FROM outbox
		WHERE position <= (SELECT max(position) FROM outbox) - $1`,
		"the oldest events go, whose they may be")
	qAfter = store.Wide(`SELECT position, account, region, event FROM outbox
		WHERE position > $1 ORDER BY position LIMIT $2`, "one reader delivers for all accounts")
)

// Outbox is where events are put. The zero value is ready.
type Outbox struct{}

// Put returns the change that leaves events, in their order; without any it changes nothing. It
// belongs into one transaction with the change that they tell of. The events are written out here
// and now, so that they stay the same, ids included, if the change has to run again.
//
// An event that can't be written out ends the change: a service makes none.
func (Outbox) Put(events ...Event) domain.Change {
	if len(events) == 0 {
		return domain.Nothing
	}
	texts := make([][]byte, len(events))
	for i, e := range events {
		text, err := e.envelope()
		if err != nil {
			return func(*store.Tx) error { return err }
		}
		texts[i] = text
	}
	return func(tx *store.Tx) error {
		for i, e := range events {
			if _, err := tx.Exec(qInsert, e.Account, e.Region, texts[i]); err != nil {
				return err
			}
		}
		// As many go as were put, once there are enough, and are found by their key.
		_, err := tx.Exec(qTrim, Kept)
		return err
	}
}

// Entry is an event that was put.
type Entry struct {
	Position        int64 // from 1
	Account, Region string
	Event           []byte // JSON
}

// After returns the events behind a position in their order, limit of them at most; 0 stands before
// the first. If the first one doesn't follow on the position, those in between are gone.
func After(from store.Reader, position int64, limit int) ([]Entry, error) {
	var entries []Entry
	err := from.Rows(qAfter, []any{position, limit}, func(scan func(...any) error) error {
		var e Entry
		if err := scan(&e.Position, &e.Account, &e.Region, &e.Event); err != nil {
			return err
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}
