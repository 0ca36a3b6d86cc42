// Package dispatch makes deliveries of events: it reads the outbox and the trail, has the rules of
// each event's account and Region matched, and puts one message for each target of each rule.
//
// How far it has read is a row that is written with the messages, in one transaction. So each
// target's message is put once, whenever the process dies. What matches nothing is no reason for a
// transaction: the row follows now and then, and what is read again after a crash matches nothing
// again.
//
// Most records of a busy trail are calls that only read, in accounts without rules. Of these it
// looks at the bytes of three members, and parses none.
package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/follow"
	"claviger/store"
)

// Rules finds the rules of an account and Region.
type Rules interface {
	Book(ctx context.Context, account, region string) (*rulerows.Book, error)
	Places() ([]rulerows.Place, error)
}

// Queue is where messages are put.
type Queue interface {
	Offer(all ...delivery.Message) domain.Change
	Bury(f *delivery.Failure, all ...delivery.Message) domain.Change
}

// Feed is the trail as it grows; see [follow.Feed].
type Feed interface {
	After(ctx context.Context, record int64) ([]follow.Batch, error)
}

// Config is what a dispatcher is made of. All must be set.
type Config struct {
	DB    *store.DB
	Feed  Feed
	Rules Rules
	Queue Queue
	// Shape makes what a target gets of an event that came at a moment. An error says that nothing
	// can be made of it.
	Shape func(r *rule.Rule, t *rule.Target, event []byte, came time.Time) ([]byte, error)
	Now   func() time.Time
	Log   *slog.Logger
}

// Dispatcher reads on where it was. [New] makes it.
type Dispatcher struct {
	config Config
	outbox place
	trail  place
	unread unread
}

const (
	every       = 200 * time.Millisecond // how often the outbox is looked at
	everyRecord = 100 * time.Millisecond // and the trail
	again       = time.Second            // after an error
	patience    = 2 * time.Second        // for the rules of all accounts of a page
	kept        = 10 * time.Second       // how often a place is stored that nothing made move
	aTime       = 100                    // events of the outbox
	mostPut     = 500                    // messages in one transaction
	lag         = 1000                   // events by which a stored place is behind at most
	keptRead    = 1000                   // events of the outbox, for whoever looks there

	// mostBytes is how much is made of one event by input transformers. An account may have 1,500
	// targets, each of which makes a megabyte of it.
	mostBytes = 64 << 20
)

const ofTheService = "how far events are read is one number for all accounts that aren't behind"

// A row of event_cursors without an account is of all but those that have one of their own.
var (
	qCursor = store.Wide(`SELECT position FROM event_cursors WHERE reader = $1 AND account = ''`,
		ofTheService)
	qMove = store.Wide(`INSERT INTO event_cursors (reader, account, region, position)
		VALUES ($1, $2, $3, $4) ON CONFLICT (reader, account, region)
		DO UPDATE SET position = max(position, excluded.position)`, ofTheService)
	qNewest = store.Wide(`SELECT coalesce(max(position), 0) FROM outbox`, ofTheService)
	qRead   = store.Wide(`DELETE FROM outbox WHERE position > $1 AND position <= $2 AND NOT EXISTS
		(SELECT 1 FROM event_cursors c WHERE c.reader = 'outbox' AND c.account = outbox.account
			AND c.region = outbox.region AND c.position < outbox.position)`, ofTheService)
)

// outboxReader is what the reader of the outbox is called in event_cursors. PutEvents looks there
// how far it is.
const outboxReader = "outbox"

// place is how far one source is read.
type place struct {
	name   string
	at     int64
	stored int64
	when   time.Time // it was stored
	read   source
	// behind are accounts whose rules couldn't be read, each with how far it is itself.
	behind map[rulerows.Place]int64
}

// New finds the places. Where there is none yet, it begins with what comes from now on.
func New(c Config) (*Dispatcher, error) {
	d := &Dispatcher{config: c, unread: unread{places: map[rulerows.Place]failed{}}}
	d.outbox = place{name: outboxReader, read: d.readOutbox}
	d.trail = place{name: "trail", read: d.readTrail}
	for _, p := range []*place{&d.outbox, &d.trail} {
		err := c.DB.Row(qCursor, []any{p.name}, &p.at)
		switch {
		case domain.IsNoRow(err):
			if err = d.first(p); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		}
		p.stored = p.at
		if p.behind, err = d.readBehind(p.name); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// first stores the place of a source that was never read: its end.
func (d *Dispatcher) first(p *place) error {
	p.at = d.config.DB.TrailNewest()
	if p == &d.outbox {
		if err := d.config.DB.Row(qNewest, nil, &p.at); err != nil {
			return err
		}
	}
	return d.config.DB.Commit(p.moved(), nil)
}

// moved is the change by which a place is stored. Of the outbox what was read goes, but for the
// newest: callers put events of 256 KiB there.
func (p *place) moved() domain.Change {
	name, at := p.name, p.at
	var from int64 // where something can be left
	if len(p.behind) > 0 {
		from = p.stored - keptRead // what is left before that is for accounts that are behind
	}
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qMove, name, "", "", at)
		if err == nil && name == outboxReader {
			_, err = tx.Exec(qRead, from, at-keptRead)
		}
		return err
	}
}

// Run reads both sources until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { d.loop(ctx, &d.outbox) })
	both.Go(func() { d.loop(ctx, &d.trail) })
	both.Go(func() { d.ready(ctx) })
	both.Wait()
}

// loop reads a source over and over. Its place is stored at last.
func (d *Dispatcher) loop(ctx context.Context, p *place) {
	for ctx.Err() == nil {
		if err := d.read(ctx, p); err != nil && ctx.Err() == nil {
			d.config.Log.Error("events can't be dispatched", "source", p.name, "error", err)
			pause(ctx, again)
		}
		if p.at != p.stored && (time.Since(p.when) > kept || p.at-p.stored >= lag) {
			d.config.DB.Note("events "+p.name, p.moved())
			p.stored, p.when = p.at, time.Now()
		}
	}
	if p.at != p.stored {
		d.config.DB.Note("events "+p.name, p.moved())
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
