package delivery

import (
	"time"

	"github.com/go-json-experiment/json"

	"claviger/internal/domain"
	"claviger/store"
)

// Bounds of dead letters. SQS keeps messages for as long at most, and EventBridge's are there.
const (
	deadFor     = 14 * 24 * time.Hour
	mostDead    = 10_000    // in an account
	bytesOfDead = 128 << 20 // in an account
	trimmed     = 100       // go at once where there are too many
)

// die makes a dead letter of a message that was tried.
func (q *Queue) die(tx *store.Tx, e ended) error {
	_, err := tx.Exec(qDie, q.micros(), e.count, e.failure.Code, e.failure.Text, e.exhausted,
		e.entry.number)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(qArrived, e.entry.number); err != nil {
		return err
	}
	if err := q.died(tx, e.receiver.account, e.entry.size); err != nil {
		return err
	}
	return q.Offer(e.letters...)(tx)
}

// letters are what is put when a message dies after some attempts.
func (q *Queue) letters(d DeadLetter, attempts int) []Message {
	if q.config.Letter == nil {
		return nil
	}
	d.Attempts, d.Died = attempts, q.now().UTC()
	if m, ok := q.config.Letter(d); ok {
		return []Message{m}
	}
	return nil
}

// bury makes a dead letter of a message that was never tried.
func (q *Queue) bury(tx *store.Tx, m Message, policy []byte, f *Failure) error {
	_, err := tx.Exec(qBury, q.next.Add(1), m.Account, m.Region, m.Kind, m.Receiver, m.Order, m.ID,
		q.micros(), f.Code, f.Text, policy, blob(m.Context), blob(m.Body))
	if err != nil {
		return err
	}
	if err := q.died(tx, m.Account, int64(len(m.Body))); err != nil {
		return err
	}
	return q.Offer(q.letters(DeadLetter{Message: m, Code: f.Code, Text: f.Text}, 0)...)(tx)
}

// died counts a dead letter, and has the oldest go where there are too many.
func (q *Queue) died(tx *store.Tx, account string, bytes int64) error {
	q.mu.Lock()
	h := q.dead[account]
	q.mu.Unlock()
	if h.count < mostDead && h.bytes < bytesOfDead {
		tx.After(func() { q.countDead(account, func(h *held) { h.count++; h.bytes += bytes }) })
		q.diedAfter(tx, 0)
		return nil
	}
	gone, err := tx.Exec(qTrim, account, trimmed)
	if err != nil {
		return err
	}
	var left held
	if err := tx.Row(qDeadOf, []any{account}, &left.count, &left.bytes); err != nil {
		return err
	}
	tx.After(func() { q.countDead(account, func(h *held) { *h = left }) })
	q.diedAfter(tx, gone)
	return nil
}

func (q *Queue) diedAfter(tx *store.Tx, dropped int64) {
	tx.After(func() {
		q.counts.died.Add(1)
		q.counts.dropped.Add(dropped)
	})
}

func (q *Queue) countDead(account string, change func(*held)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.dead[account]
	change(&h)
	if q.dead[account] = h; h.count <= 0 {
		delete(q.dead, account)
	}
}

// expire has dead letters go that are too old.
func (q *Queue) expire() {
	before := q.now().Add(-deadFor).UnixMicro()
	for {
		var gone int64
		err := q.config.DB.Commit(func(tx *store.Tx) (err error) {
			gone, err = tx.Exec(qExpire, before, trimmed)
			return err
		}, nil)
		if err != nil {
			q.config.Log.Error("old dead letters can't be deleted", "error", err)
			return
		}
		q.counts.dropped.Add(gone)
		if gone == 0 {
			return
		}
		if err := q.recount(); err != nil {
			q.config.Log.Error("dead letters can't be counted", "error", err)
			return
		}
	}
}

func (q *Queue) recount() error {
	all := map[string]held{}
	err := q.config.DB.Rows(qDead, nil, func(scan func(...any) error) error {
		var account string
		var h held
		err := scan(&account, &h.count, &h.bytes)
		all[account] = h
		return err
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dead = all
	return nil
}

// DeadLetter is a message that no receiver has got.
type DeadLetter struct {
	Message
	Number    int64
	Died      time.Time
	Code      string
	Text      string
	Exhausted string // which bound of the policy was reached; empty: it was refused for good
}

// Which says which dead letters are meant. An empty member means all.
type Which struct{ Account, Receiver, ID string }

// DeadLetters returns the dead letters behind a number, in the order in which they were put.
func (q *Queue) DeadLetters(of Which, after int64, limit int) (all []DeadLetter, err error) {
	args := []any{after, of.Account, of.Receiver, of.ID, limit}
	err = q.config.DB.Rows(qDeadAfter, args, func(scan func(...any) error) error {
		var d DeadLetter
		var put, died int64
		var policy []byte
		err := scan(&d.Number, &d.Account, &d.Region, &d.Kind, &d.Receiver, &d.Order, &d.ID, &put,
			&died, &d.Attempts, &d.Code, &d.Text, &d.Exhausted, &policy, &d.Context, &d.Body)
		if err != nil {
			return err
		}
		d.Put, d.Died = time.UnixMicro(put).UTC(), time.UnixMicro(died).UTC()
		if err := json.Unmarshal(policy, &d.Policy); err != nil {
			return err
		}
		all = append(all, d)
		return nil
	})
	return all, err
}

// page is how many dead letters are had tried again in one transaction.
const page = 100

// Redrive has dead letters tried again as if they had been put now, and returns how many. Where too
// many wait it stops with [ErrFull].
func (q *Queue) Redrive(of Which) (raised int, err error) {
	last := q.next.Load() // those that die meanwhile stay
	for after := int64(0); ; {
		all, err := q.DeadLetters(of, after, page)
		if err != nil {
			return raised, err
		}
		for len(all) > 0 && all[len(all)-1].Number > last {
			all = all[:len(all)-1]
		}
		if len(all) == 0 {
			return raised, nil
		}
		after = all[len(all)-1].Number
		var n int
		err = q.config.DB.Commit(func(tx *store.Tx) (err error) {
			n, err = q.raise(tx, all)
			return err
		}, nil)
		if err != nil {
			return raised, err
		}
		raised += n
	}
}

// raise puts dead letters that are still there.
func (q *Queue) raise(tx *store.Tx, all []DeadLetter) (raised int, err error) {
	var changes []domain.Change
	for _, d := range all {
		switch n, err := tx.Exec(qRaise, d.Number); {
		case err != nil:
			return 0, err
		case n == 0:
			continue // somebody else was faster, or it was too old
		}
		raised++
		bytes := int64(len(d.Body))
		changes = append(changes, q.Put(d.Message), func(tx *store.Tx) error {
			tx.After(func() {
				q.countDead(d.Account, func(h *held) { h.count--; h.bytes -= bytes })
			})
			return nil
		})
	}
	return raised, domain.InOrder(changes...)(tx)
}
