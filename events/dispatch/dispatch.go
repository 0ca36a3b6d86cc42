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
	"errors"
	"log/slog"
	"sync"
	"time"

	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/follow"
	"claviger/internal/outbox"
	"claviger/internal/rowmac"
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
}

const (
	every    = 200 * time.Millisecond // how often the outbox is looked at
	again    = time.Second            // after an error
	kept     = 10 * time.Second       // how often a place is stored that nothing made move
	aTime    = 100                    // events of the outbox
	mostPut  = 500                    // messages in one transaction
	lag      = 1000                   // events by which a stored place is behind at most
	keptRead = 1000                   // events of the outbox, for whoever looks there

	// mostBytes is how much is made of one event by input transformers. An account may have 1,500
	// targets, each of which makes a megabyte of it.
	mostBytes = 64 << 20
)

const ofTheService = "how far events are read is one number, for all accounts"

var (
	qCursor = store.Wide(`SELECT position FROM event_cursors WHERE reader = $1`, ofTheService)
	qMove   = store.Wide(`INSERT INTO event_cursors (reader, position) VALUES ($1, $2)
		ON CONFLICT (reader) DO UPDATE SET position = max(position, excluded.position)`, ofTheService)
	qNewest = store.Wide(`SELECT coalesce(max(position), 0) FROM outbox`, ofTheService)
	qRead   = store.Wide(`DELETE FROM outbox WHERE position <= $1`, ofTheService)
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
}

// New finds the places. Where there is none yet, it begins with what comes from now on.
func New(c Config) (*Dispatcher, error) {
	d := &Dispatcher{config: c, outbox: place{name: outboxReader}, trail: place{name: "trail"}}
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
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qMove, name, at)
		if err == nil && name == outboxReader {
			_, err = tx.Exec(qRead, at-keptRead)
		}
		return err
	}
}

// Run reads both sources until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { d.loop(ctx, &d.outbox, d.readOutbox) })
	both.Go(func() { d.loop(ctx, &d.trail, d.readTrail) })
	both.Go(func() { d.ready(ctx) })
	both.Wait()
}

// ready has all rules read before an event asks for them. Their rows are verified on the token:
// that it has gone away must not wait until it is back, because nothing had happened before.
func (d *Dispatcher) ready(ctx context.Context) {
	for ctx.Err() == nil && !d.readAll(ctx) {
		pause(ctx, again)
	}
}

// readAll reports whether all rules could be read. What doesn't fit its signature is told of when
// there is an event for it.
func (d *Dispatcher) readAll(ctx context.Context) bool {
	all, err := d.config.Rules.Places()
	if err != nil {
		return false
	}
	read := true
	for _, at := range all {
		_, err := d.config.Rules.Book(ctx, at.Account, at.Region)
		read = read && (err == nil || errors.Is(err, rowmac.ErrEdited))
	}
	return read
}

// loop reads a source over and over. Its place is stored at last.
func (d *Dispatcher) loop(ctx context.Context, p *place, read func(context.Context) error) {
	for ctx.Err() == nil {
		if err := read(ctx); err != nil && ctx.Err() == nil {
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

// readOutbox dispatches what has come to the outbox.
func (d *Dispatcher) readOutbox(ctx context.Context) error {
	entries, err := outbox.After(d.config.DB, d.outbox.at, aTime)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		pause(ctx, every)
		return nil
	}
	var all work
	at := d.outbox.at
	for _, e := range entries {
		at = e.Position
		if err := d.match(ctx, &all, event{account: e.Account, region: e.Region,
			text: e.Event}); err != nil {
			return err
		}
		if all.full() {
			break
		}
	}
	return d.put(&d.outbox, at, all)
}

// readTrail dispatches what has come to the trail.
func (d *Dispatcher) readTrail(ctx context.Context) error {
	batches, err := d.config.Feed.After(ctx, d.trail.at)
	if err != nil {
		return err
	}
	w := wanted{book: d.book, places: map[[2]string]wants{}}
	for _, b := range batches {
		var all work
		at := d.trail.at
		for number, line := range b.Lines() {
			if number <= d.trail.at {
				continue
			}
			at = number
			e, ok, err := w.event(ctx, line)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if err := d.match(ctx, &all, e); err != nil {
				return err
			}
			if !all.full() {
				continue
			}
			if err := d.put(&d.trail, at, all); err != nil {
				return err
			}
			all = work{}
		}
		if err := d.put(&d.trail, at, all); err != nil {
			return err
		}
	}
	return nil
}

// book returns the rules of an account and Region. Where their rows were edited it is nil: what
// somebody has put in their place sends nothing anywhere, and holds up no other account.
func (d *Dispatcher) book(ctx context.Context, account, region string) (*rulerows.Book, error) {
	b, err := d.config.Rules.Book(ctx, account, region)
	if errors.Is(err, rowmac.ErrEdited) {
		d.config.Log.Error("the rules of an account can't be believed: its events go nowhere",
			"account", account, "region", region, "error", err)
		return nil, nil
	}
	return b, err
}

// put has what was made of events wait, and moves the place, in one transaction.
func (d *Dispatcher) put(p *place, at int64, all work) error {
	if all.size() == 0 {
		p.at = at
		return nil
	}
	next := *p
	next.at = at
	changes := []domain.Change{next.moved(), d.config.Queue.Offer(all.messages...)}
	for _, b := range all.bad {
		changes = append(changes, d.config.Queue.Bury(b.why, b.message))
	}
	if err := d.config.DB.Commit(domain.InOrder(changes...), nil); err != nil {
		return err
	}
	p.at, p.stored, p.when = at, at, time.Now()
	return nil
}
