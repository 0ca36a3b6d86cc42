package domain

import (
	"context"
	"errors"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/store"
)

// Change is what a commit does to the database. It was prepared before, with all that needs the
// token: it may run twice and calls no device.
type Change func(*store.Tx) error

// Nothing changes nothing.
func Nothing(*store.Tx) error { return nil }

// ErrMade says that another request has made what there is once. That is as good, and the trail
// calls it no failure.
var ErrMade = fault.New(fault.Exists, "AlreadyExistsException", "Another request made it first.")

// Once makes a change that inserts what there is once end in [ErrMade] if
// another request was first.
func Once(insert Change) Change {
	return func(tx *store.Tx) error {
		err := insert(tx)
		if errors.Is(err, store.Exists) {
			return ErrMade
		}
		return err
	}
}

// Stale sends the road back to find: what a change was prepared for is no longer there.
func Stale(*store.Tx) error { return store.Stale }

// InOrder makes several changes one. The first error ends it. A nil change changes nothing.
func InOrder(changes ...Change) Change {
	return func(tx *store.Tx) error {
		for _, change := range changes {
			if change == nil {
				continue
			}
			if err := change(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// Revision is one of several rows that change together: as it was read, and as it shall be. From is
// nil for a row that is new. To is nil for one that has gone meanwhile.
type Revision[T any] struct{ From, To *T }

// Rows prepares the change of one row, with all that hangs on it. It signs,
// so it may ask the token.
type Rows[T any] interface {
	Insert(ctx context.Context, row *T) (Change, error)
	Update(ctx context.Context, from, to *T) (Change, error) // against the revision of from
}

// Amend prepares the change of rows that belong together: all of them or none, each against the
// revision that was read. If one of them has gone meanwhile, the change is stale.
func Amend[T any](ctx context.Context, rows Rows[T], revisions []Revision[T]) (Change, error) {
	var changes []Change
	for _, r := range revisions {
		change, err := prepare(ctx, rows, r)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
	return InOrder(changes...), nil
}

func prepare[T any](ctx context.Context, rows Rows[T], r Revision[T]) (Change, error) {
	switch {
	case r.To == nil:
		return Stale, nil
	case r.From == nil:
		return rows.Insert(ctx, r.To)
	}
	return rows.Update(ctx, r.From, r.To)
}

// Done is the commit of a change that was prepared and is answered with nothing, or the error of
// preparing it.
func Done(change Change, err error) (op.Commit[op.None], error) {
	if err != nil {
		return nil, err
	}
	return op.Apply(change, op.None{}), nil
}

// Planned is the commit of a change that is prepared now, and answered with out. Without a change
// all is as asked already.
func Planned[C, O any](c *op.Call, prepare func(*op.Call, *C) (Change, error), change *C,
	out O) (op.Commit[O], error) {
	if change == nil {
		return op.Unchanged(out), nil
	}
	apply, err := prepare(c, change)
	if err != nil {
		return nil, err
	}
	return op.Apply(apply, out), nil
}

// Scheduler puts work off until it is due, in the transaction that decides on it, or takes it back.
type Scheduler interface {
	Schedule(tx *store.Tx, kind, account, region, subject string, due time.Time) error
	Cancel(tx *store.Tx, kind, account, region, subject string) error
}
