package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/store"
)

const (
	// look is how long Run sleeps at most while something waits: a clock may be set.
	look = time.Second
	// longest is how long an attempt may take. Receivers give up by themselves, much sooner.
	longest = time.Minute
	// again is the pause after a commit that failed.
	again = time.Second
	// textLimit is how much is kept of why an attempt failed, in bytes.
	textLimit = 1024
)

// Run delivers what is due until ctx ends, and returns when the attempts that it began have ended.
func (q *Queue) Run(ctx context.Context) {
	var begun sync.WaitGroup
	defer begun.Wait()
	expire := time.NewTicker(time.Hour)
	defer expire.Stop()
	q.expire()
	for {
		q.begin(ctx, &begun)
		timer := time.NewTimer(q.pause())
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-timer.C:
		case <-expire.C:
			q.expire()
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// Settle delivers what is due, and returns when nothing is: tests move their clock and know by it
// that all is at rest. It is called instead of [Queue.Run].
func (q *Queue) Settle(ctx context.Context) {
	var begun sync.WaitGroup
	defer begun.Wait()
	for ctx.Err() == nil {
		q.begin(ctx, &begun)
		q.mu.Lock()
		idle := q.schedule.idle(q.micros())
		q.mu.Unlock()
		if idle {
			return
		}
		select {
		case <-ctx.Done():
		case <-q.wake:
		}
	}
}

// begin begins all that is due and has a slot.
func (q *Queue) begin(ctx context.Context, begun *sync.WaitGroup) {
	for {
		q.mu.Lock()
		a := q.schedule.take(q.micros())
		q.mu.Unlock()
		if a == nil {
			return
		}
		begun.Go(func() { q.attempt(ctx, a) })
	}
}

// pause is how long nothing will be due.
func (q *Queue) pause() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	at, ok := q.schedule.next()
	if !ok {
		return time.Hour // who puts something signals
	}
	return min(max(time.UnixMicro(at).Sub(q.now()), 0), look)
}

// attempt tries a message and makes the end of that durable.
func (q *Queue) attempt(ctx context.Context, a *attempt) {
	m, err := q.read(a.entry.number)
	switch {
	case domain.IsNoRow(err): // its commit failed after all
		q.conclude(ctx, ended{attempt: a, gone: true})
		return
	case err != nil:
		q.config.Log.Error("a message can't be read", "receiver", a.receiver.receiver, "error", err)
		q.conclude(ctx, q.asItWas(a, q.now().Add(again)))
		return
	}
	err = q.deliver(ctx, m)
	if ctx.Err() != nil && err != nil {
		// The process ends, which is no failure of the receiver's.
		q.conclude(ctx, q.asItWas(a, q.now()))
		return
	}
	q.conclude(ctx, q.judge(a, m, err))
}

// asItWas ends an attempt that was none.
func (q *Queue) asItWas(a *attempt, due time.Time) ended {
	return ended{attempt: a, due: max(a.entry.due, due.UnixMicro()), count: a.entry.attempts}
}

func (q *Queue) read(number int64) (m Message, err error) {
	var put int64
	var policy []byte
	err = q.config.DB.Row(qMessage, []any{number}, &m.Account, &m.Region, &m.Kind, &m.Receiver,
		&m.Order, &m.ID, &put, &m.Attempts, &policy, &m.Context, &m.Body)
	if err != nil {
		return m, err
	}
	m.Put = time.UnixMicro(put).UTC()
	return m, json.Unmarshal(policy, &m.Policy)
}

// deliver asks the receiver. A panic is a failure of this message alone.
func (q *Queue) deliver(ctx context.Context, m Message) (err error) {
	to := q.config.Receivers[m.Kind]
	if to == nil {
		return &Failure{Code: NoResource, Permanent: true,
			Text: "this service has no receivers of the kind " + m.Kind}
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = &Failure{Code: InternalError, Text: "the attempt broke off", Cause: fault.Panic(v)}
			q.config.Log.Error("an attempt at a delivery broke off", "receiver", m.Receiver,
				"error", fault.Panic(v))
		}
	}()
	return to.Deliver(ctx, m)
}

// judge says what becomes of a message after an attempt.
func (q *Queue) judge(a *attempt, m Message, err error) ended {
	now := q.now()
	e := ended{attempt: a, count: m.Attempts}
	var wait Wait
	switch {
	case err == nil:
		e.gone, e.tried = true, true
		q.counts.delivered.Add(1)
		return e
	case errors.Is(err, ErrGone):
		e.gone = true
		return e
	case errors.As(err, &wait):
		e.due, e.until = a.entry.due, now.Add(wait.For).UnixMicro()
		return e
	}
	f := *failureOf(err)
	f.Text = f.Text[:min(len(f.Text), textLimit)]
	e.failure, e.tried, e.count = &f, true, m.Attempts+1
	q.counts.failed.Add(1)
	q.config.Log.Debug("a delivery failed", "receiver", m.Receiver, "id", m.ID, "code", f.Code,
		"text", f.Text, "error", f.Cause)
	due, exhausted := m.Policy.next(m.Put, now, e.count, &f, random())
	e.due, e.exhausted = due.UnixMicro(), exhausted
	if e.gone = f.Permanent || exhausted != ""; e.gone {
		e.letters = q.letters(DeadLetter{Message: m, Code: f.Code, Text: f.Text, Exhausted: exhausted},
			e.count)
	}
	return e
}

// conclude makes the ends of attempts durable: one goroutine does it for all that have ended
// meanwhile. A database that takes nothing is asked again until it does.
func (q *Queue) conclude(ctx context.Context, e ended) {
	q.mu.Lock()
	q.ends = append(q.ends, e)
	if q.settling {
		q.mu.Unlock()
		return
	}
	q.settling = true
	for len(q.ends) > 0 {
		all := q.ends
		q.ends = nil
		q.mu.Unlock()
		q.settle(ctx, all)
		q.mu.Lock()
		now := q.micros()
		for _, e := range all {
			q.schedule.end(e, now)
		}
	}
	q.settling = false
	q.mu.Unlock()
	q.signal()
}

func (q *Queue) settle(ctx context.Context, all []ended) {
	for {
		err := q.config.DB.Commit(func(tx *store.Tx) error {
			for _, e := range all {
				if err := q.store(tx, e); err != nil {
					return err
				}
			}
			return nil
		}, nil)
		if err == nil {
			return
		}
		q.config.Log.Error("the state of deliveries can't be stored", "error", err)
		select {
		case <-ctx.Done(): // the next process delivers them again
			return
		case <-time.After(again):
		}
	}
}

// store writes down how an attempt has ended.
func (q *Queue) store(tx *store.Tx, e ended) error {
	switch {
	case e.gone && e.failure != nil:
		return q.die(tx, e)
	case e.gone:
		_, err := tx.Exec(qArrived, e.entry.number)
		return err
	case e.failure != nil:
		_, err := tx.Exec(qFailed, e.count, e.due, e.failure.Code, e.failure.Text, e.entry.number)
		return err
	}
	return nil
}
