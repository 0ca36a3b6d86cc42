package store

import "fmt"

// Reader answers queries: [*DB] from what is committed, [*Tx] from what its own transaction sees.
// Neither takes a context: queries are short, and watching one would cost more than most of them. A
// reading that is held open keeps the log from starting over.
type Reader interface {
	// Row reads the first row that q answers into dest, or returns [NoRow].
	Row(q *Query, args []any, dest ...any) error
	// Rows calls each for every row. An error of each ends the reading and is returned as it is.
	// scan copies the row at hand into its arguments, and is of no use after each has returned.
	Rows(q *Query, args []any, each func(scan func(dest ...any) error) error) error
}

var (
	_ Reader = (*DB)(nil)
	_ Reader = (*Tx)(nil)
)

// Tx is one request's part of the committer's transaction. It ends when the function it was given
// to returns, and belongs to the goroutine that runs this function.
type Tx struct {
	conn  *connection
	after []func()
	dead  error // set once the whole transaction is gone: a statement would commit by itself
	ended bool
}

// Row reads one row; see [Reader].
func (t *Tx) Row(q *Query, args []any, dest ...any) error {
	if err := t.usable(); err != nil {
		return err
	}
	return t.check(t.conn.row(q, args, dest))
}

// Rows reads all rows; see [Reader].
func (t *Tx) Rows(q *Query, args []any, each func(scan func(dest ...any) error) error) error {
	if err := t.usable(); err != nil {
		return err
	}
	return t.check(t.conn.rows(q, args, each))
}

// Exec runs a statement that answers no rows and returns how many it changed.
// A row that is there already is [Exists].
func (t *Tx) Exec(q *Query, args ...any) (rows int64, err error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	rows, err = t.conn.exec(q, args...)
	return rows, t.check(err)
}

// Change runs a statement that must change exactly one row, the one that was read before: its WHERE
// holds key and revision. If no such row is there it returns [Stale].
func (t *Tx) Change(q *Query, args ...any) error {
	rows, err := t.Exec(q, args...)
	switch {
	case err != nil:
		return err
	case rows == 0:
		return Stale
	case rows > 1:
		return q.fault(fmt.Errorf("changed %d rows where one was meant", rows))
	}
	return nil
}

// After has f called once the disk has the transaction and before any request of it is answered:
// this is where caches are dropped and changes are signalled. Nobody calls f if the change is
// rolled back. It is called, too, if COMMIT failed in a way that leaves open whether the change is
// there, because then no cache may claim to know. f is quick, doesn't fail, and doesn't use the
// store; the functions of a batch run in the order in which they were given.
func (t *Tx) After(f func()) { t.after = append(t.after, f) }

// usable refuses a statement that would no longer run inside the transaction it was meant for.
func (t *Tx) usable() error {
	if t.ended {
		return errEnded
	}
	return t.dead
}

// check looks, after an error, whether the transaction outlived it.
func (t *Tx) check(err error) error {
	if err != nil && t.dead == nil && !t.conn.alive() {
		t.dead = fmt.Errorf("store: the transaction was lost: %w", err)
	}
	return blame(t.conn.engine, err)
}
