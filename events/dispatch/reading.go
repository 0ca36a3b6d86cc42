package dispatch

import (
	"context"
	"time"

	"claviger/events/rulerows"
	"claviger/internal/domain"
	"claviger/internal/outbox"
)

// item is an event of the outbox, or a record of the trail.
type item struct {
	position int64
	at       rulerows.Place // empty: it is of no account
	text     []byte
	record   bool
}

// source calls each with what comes behind a position, a page of it. If there is nothing yet it
// waits a moment, or not at all.
type source func(ctx context.Context, from int64, wait bool, each func(item) error) error

// readOutbox is a [source].
func (d *Dispatcher) readOutbox(ctx context.Context, from int64, wait bool,
	each func(item) error) error {
	entries, err := outbox.After(d.config.DB, from, aTime)
	if err != nil {
		return err
	}
	if len(entries) == 0 && wait {
		pause(ctx, every)
	}
	for _, e := range entries {
		err := each(item{position: e.Position, text: e.Event,
			at: rulerows.Place{Account: e.Account, Region: e.Region}})
		if err != nil {
			return err
		}
	}
	return nil
}

// readTrail is a [source].
func (d *Dispatcher) readTrail(ctx context.Context, from int64, wait bool,
	each func(item) error) error {
	if from == d.config.DB.TrailNewest() {
		if wait {
			pause(ctx, everyRecord)
		}
		return nil
	}
	batches, err := d.config.Feed.After(ctx, from)
	if err != nil {
		return err
	}
	for _, b := range batches {
		for number, line := range b.Lines() {
			if number <= from {
				continue
			}
			err := each(item{position: number, at: placeOf(line), text: line, record: true})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// reading is a page of a source as it is dispatched.
type reading struct {
	d  *Dispatcher
	p  *place
	at int64 // of what was read last
	// late are the accounts that it is for, each with how far it was. Without any it is for all but
	// those that are behind.
	late map[rulerows.Place]int64
	all  work
}

// read dispatches a page for those who were behind, and one for all others.
func (d *Dispatcher) read(ctx context.Context, p *place) error {
	late, err := d.readLate(ctx, p)
	if err != nil {
		return err
	}
	return d.readPage(ctx, &reading{d: d, p: p, at: p.at}, !late)
}

// readLate dispatches a page for those who were behind and whose rules can be read again. It
// reports whether there were any.
func (d *Dispatcher) readLate(ctx context.Context, p *place) (bool, error) {
	r := &reading{d: d, p: p, at: p.at, late: map[rulerows.Place]int64{}}
	for at, position := range p.behind {
		if _, still := d.unread.why(at); !still {
			r.late[at] = position
			r.at = min(r.at, position)
		}
	}
	if len(r.late) == 0 {
		return false, nil
	}
	return true, d.readPage(ctx, r, false)
}

// readPage dispatches a page. How long it waits for rules is bounded, whoever they are of: accounts
// whose rules aren't there by then fall behind.
func (d *Dispatcher) readPage(ctx context.Context, r *reading, wait bool) error {
	patient, end := context.WithTimeout(ctx, patience)
	defer end()
	found := false
	err := r.p.read(ctx, r.at, wait, func(i item) error {
		found = true
		if r.late != nil && i.position > r.p.at {
			r.at = r.p.at
			return nil // it is read with the others
		}
		r.at = i.position
		return r.take(ctx, patient, i)
	})
	if err != nil {
		return err
	}
	if !found && r.late != nil {
		r.at = r.p.at
	}
	return r.put()
}

// take has an item matched with the rules of its account.
func (r *reading) take(ctx, patient context.Context, i item) error {
	if i.at == (rulerows.Place{}) || !r.isFor(i) {
		return nil
	}
	book, err := r.d.book(patient, i.at)
	if err != nil {
		if ctx.Err() == nil {
			r.all.putAside(i, err)
		}
		return ctx.Err()
	}
	e := event{account: i.at.Account, region: i.at.Region, text: i.text}
	if i.record {
		if !book.Wants(onlyReads(i.text)) {
			return nil
		}
		var ok bool
		if e, ok = envelope(i.text); !ok {
			return nil
		}
	}
	if err := r.d.match(&r.all, book, e); err != nil {
		return err
	}
	if r.all.full() {
		return r.put()
	}
	return nil
}

// isFor reports whether an item is dispatched with this page: the accounts that are behind keep the
// order of their events.
func (r *reading) isFor(i item) bool {
	if _, now := r.all.aside[i.at]; now {
		return false
	}
	if r.late != nil {
		position, late := r.late[i.at]
		return late && i.position > position
	}
	_, behind := r.p.behind[i.at]
	return !behind
}

// put has what was made of events wait, and moves the places, in one transaction. Where nothing
// came of what was read, that is no reason for one.
func (r *reading) put() error {
	after := *r.p
	if r.late == nil {
		after.at = r.at
	}
	changes := r.moves()
	if r.all.size() == 0 && len(changes) == 0 {
		r.moved()
		return nil
	}
	// How far the others are goes with it: who isn't behind any more is one of them.
	changes = append(changes, after.moved(), r.d.config.Queue.Offer(r.all.messages...))
	for _, b := range r.all.bad {
		changes = append(changes, r.d.config.Queue.Bury(b.why, b.message))
	}
	if err := r.d.config.DB.Commit(domain.InOrder(changes...), nil); err != nil {
		return err
	}
	r.moved()
	r.p.stored, r.p.when = r.p.at, time.Now()
	return nil
}
