// Package witness hands the trail's checkpoints to places that whoever can write to the database
// can't reach, and holds the trail against what those places have. That alone tells that the whole
// database was put back as it was, or that its newest records are gone together with their tree.
package witness

import (
	"context"
	"errors"
	"fmt"

	"claviger/audit/tree"
	"claviger/store"
	"claviger/trail/treerows"
)

// ErrAlarm says that the trail is not what a place holds of it.
var ErrAlarm = errors.New("ALARM")

// Offer is a checkpoint that is handed on, with the tree that proves what it was before.
type Offer struct {
	tree.Checkpoint
	Note  []byte // as it was signed
	Tiles tree.Tiles
}

// Place is somewhere that keeps checkpoints.
type Place interface {
	// Hand holds the offer against what the place has, and leaves it there. It fails with [ErrAlarm]
	// if the two can't be of one trail; any other failure says nothing of the trail.
	Hand(ctx context.Context, o *Offer) error
	String() string
}

// goesOnFrom returns [ErrAlarm] unless a trail goes on from a checkpoint that a place holds.
func (o *Offer) goesOnFrom(held tree.Checkpoint) error {
	if held.Size > o.Size {
		return fmt.Errorf("%w: %d records were signed, and the newest checkpoint of the database has %d: "+
			"it is an older one, or its tail was cut off", ErrAlarm, held.Size, o.Size)
	}
	root, err := o.RootAt(held.Size, o.Tiles)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAlarm, err)
	}
	if root != held.Root {
		return fmt.Errorf("%w: of the first %d records others were signed: the database is not the one "+
			"that went on from there", ErrAlarm, held.Size)
	}
	return nil
}

// Round reads the newest checkpoint of a database and hands it to all places. It returns the
// checkpoint, and every failure.
func Round(ctx context.Context, db *store.DB, key *tree.Key, places []Place) (
	tree.Checkpoint, error) {
	size, note, err := treerows.NewestNote(db)
	if errors.Is(err, store.NoRow) {
		size, note, err = 0, "", nil
	}
	if err != nil {
		return tree.Checkpoint{}, err
	}
	o := &Offer{Checkpoint: tree.Checkpoint{Origin: key.Name()}, Note: []byte(note),
		Tiles: treerows.Tiles{From: db}}
	var all error
	if note != "" {
		if o.Checkpoint, err = tree.Open(o.Note, key); err != nil {
			return o.Checkpoint, fmt.Errorf("%w: the newest checkpoint, of %d records: %w", ErrAlarm, size,
				err)
		}
		last, err := treerows.Open(db).Last()
		if err != nil {
			return o.Checkpoint, err
		}
		if last < o.Size {
			all = fmt.Errorf("%w: %d records were signed, and the trail ends with record %d", ErrAlarm,
				o.Size, last)
		}
	}
	for _, p := range places {
		if err := p.Hand(ctx, o); err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", p, err))
		}
	}
	return o.Checkpoint, all
}
