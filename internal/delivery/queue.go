package delivery

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"claviger/internal/domain"
	"claviger/store"
)

// Bounds of what waits. Bytes are those of bodies.
const (
	mostOfReceiver  = 20_000
	mostOfAccount   = 100_000
	bytesOfReceiver = 64 << 20
	bytesOfAccount  = 256 << 20
)

// Config is what a queue is made of. DB, Now and Log must be set.
type Config struct {
	DB        *store.DB
	Now       func() time.Time
	Log       *slog.Logger
	Receivers map[string]Receiver // by kind
	// Letter makes what is put when a message dies for whoever gets its dead letters, in the same
	// transaction; not ok is nobody. Nil: nobody gets any. What it makes must not have letters itself.
	Letter func(d DeadLetter) (m Message, ok bool)
}

// Queue is what waits for receivers. [Open] makes it. Its methods may be called by several
// goroutines.
type Queue struct {
	config Config
	next   atomic.Int64 // the number that was given last
	wake   chan struct{}
	counts counts

	mu       sync.Mutex
	schedule *schedule
	dead     map[string]held // by account
	ends     []ended         // attempts whose end is to be made durable
	settling bool
}

// counts are for the metrics, since the start.
type counts struct{ delivered, failed, died, dropped atomic.Int64 }

// Open reads what waits. Nothing is delivered before [Queue.Run].
func Open(c Config) (*Queue, error) {
	q := &Queue{config: c, wake: make(chan struct{}, 1), schedule: newSchedule(),
		dead: map[string]held{}}
	var highest int64
	if err := c.DB.Row(qHighest, nil, &highest); err != nil {
		return nil, fmt.Errorf("the queue of deliveries: %w", err)
	}
	q.next.Store(highest)
	if err := errors.Join(q.load(), q.loadDead()); err != nil {
		return nil, fmt.Errorf("the queue of deliveries: %w", err)
	}
	return q, nil
}

func (q *Queue) load() error {
	now := q.micros()
	return q.config.DB.Rows(qWaiting, nil, func(scan func(...any) error) error {
		var n name
		var e entry
		var order, code, text string
		err := scan(&e.number, &n.account, &n.kind, &n.receiver, &order, &e.put, &e.due, &e.attempts,
			&code, &text, &e.size)
		if err != nil {
			return err
		}
		r := q.schedule.add(n, lineOf(order, e.number), &e, now)
		if e.attempts > 0 { // it was failing when the process ended
			r.failed, r.code, r.text = max(r.failed, e.attempts), code, text
		}
		return nil
	})
}

func (q *Queue) loadDead() error {
	return q.config.DB.Rows(qDead, nil, func(scan func(...any) error) error {
		var account string
		var h held
		if err := scan(&account, &h.count, &h.bytes); err != nil {
			return err
		}
		q.dead[account] = h
		return nil
	})
}

// lineOf is the line of a message. Those without order have one each.
func lineOf(order string, number int64) string {
	if order == "" {
		return fmt.Sprintf("\x00%d", number)
	}
	return order
}

// Put returns the change that has messages wait, in their order. It ends in [ErrFull] where too
// many wait already.
func (q *Queue) Put(all ...Message) domain.Change {
	return q.put(all, func(*store.Tx, Message, []byte) error { return ErrFull })
}

// Offer is [Queue.Put] for whoever can't refuse: messages for which there is no room become dead
// letters.
func (q *Queue) Offer(all ...Message) domain.Change {
	return q.put(all, func(tx *store.Tx, m Message, policy []byte) error {
		return q.bury(tx, m, policy, &Failure{Code: ResourceLimit,
			Text: "too many messages wait for the receiver, or in the account"})
	})
}

// Bury returns the change that makes dead letters of messages that can't be tried.
func (q *Queue) Bury(f *Failure, all ...Message) domain.Change {
	return func(tx *store.Tx) error {
		for _, m := range all {
			policy, err := json.Marshal(m.Policy)
			if err != nil {
				return err
			}
			if err := q.bury(tx, m, policy, f); err != nil {
				return err
			}
		}
		return nil
	}
}

func (q *Queue) put(all []Message,
	full func(tx *store.Tx, m Message, policy []byte) error) domain.Change {
	if len(all) == 0 {
		return domain.Nothing
	}
	return func(tx *store.Tx) error {
		now := q.micros()
		var entries []*entry
		var of []Message
		for _, m := range all {
			policy, err := json.Marshal(m.Policy)
			if err != nil {
				return err
			}
			if q.isFull(m) {
				if err := full(tx, m, policy); err != nil {
					return err
				}
				continue
			}
			e := &entry{number: q.next.Add(1), put: now, due: now, size: int64(len(m.Body))}
			_, err = tx.Exec(qPut, e.number, m.Account, m.Region, m.Kind, m.Receiver, m.Order, m.ID,
				now, policy, blob(m.Context), blob(m.Body))
			if err != nil {
				return err
			}
			entries, of = append(entries, e), append(of, m)
		}
		tx.After(func() { q.add(of, entries) })
		return nil
	}
}

// blob is what is stored of bytes that there may be none of.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// add has messages wait that are committed. Where nobody knows whether they are, those that aren't
// are found out when they are to be tried.
func (q *Queue) add(all []Message, entries []*entry) {
	q.mu.Lock()
	now := q.micros()
	for i, m := range all {
		e := entries[i]
		q.schedule.add(name{m.Account, m.Kind, m.Receiver}, lineOf(m.Order, e.number), e, now)
	}
	q.mu.Unlock()
	q.signal()
}

// isFull looks at what is committed: those who put at the same time may go beyond the bound by what
// they put.
func (q *Queue) isFull(m Message) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.schedule.accounts[m.Account]
	if a.count >= mostOfAccount || a.bytes >= bytesOfAccount {
		return true
	}
	r := q.schedule.receivers[name{m.Account, m.Kind, m.Receiver}]
	return r != nil && (r.count >= mostOfReceiver || r.bytes >= bytesOfReceiver)
}

// signal has Run look for what is due.
func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // it is about to
	}
}

func (q *Queue) now() time.Time { return q.config.Now() }
func (q *Queue) micros() int64  { return q.now().UnixMicro() }

// random spreads attempts that would else come at the same time.
func random() float64 { return rand.Float64() }
