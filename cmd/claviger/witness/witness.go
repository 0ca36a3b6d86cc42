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
	"claviger/trail/witnessed"
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

// Outcome is what became of a checkpoint.
type Outcome struct {
	Records int64 // that it has
	Reports []witnessed.Report
	Err     error // every failure
}

// report adds how a place has answered.
func (o *Outcome) report(place string, err error) {
	r := witnessed.Report{Place: place, State: witnessed.Held, Records: o.Records}
	switch {
	case errors.Is(err, ErrAlarm):
		r.State = witnessed.Contradicted
	case err != nil:
		r.State = witnessed.Unreached
	}
	o.Reports = append(o.Reports, r)
	if err != nil {
		o.Err = errors.Join(o.Err, fmt.Errorf("%s: %w", place, err))
	}
}

// Round reads the newest checkpoint of a database and hands it to all places.
func Round(ctx context.Context, db *store.DB, key *tree.Key, places []Place) (out Outcome) {
	o, err := offerOf(db, key)
	if o == nil {
		out.report(witnessed.Database, err)
		return out
	}
	out.Records = o.Size
	out.report(witnessed.Database, err)
	for _, p := range places {
		out.report(p.String(), p.Hand(ctx, o))
	}
	return out
}

// offerOf returns the newest checkpoint of a database, and with it [ErrAlarm] if the trail isn't as
// long as was signed. It is nil if nothing can be handed on.
func offerOf(db *store.DB, key *tree.Key) (*Offer, error) {
	size, note, err := treerows.NewestNote(db)
	o := &Offer{Checkpoint: tree.Checkpoint{Origin: key.Name()}, Note: []byte(note),
		Tiles: treerows.Tiles{From: db}}
	if errors.Is(err, store.NoRow) {
		return o, nil
	}
	if err != nil {
		return nil, err
	}
	if o.Checkpoint, err = tree.Open(o.Note, key); err != nil {
		return nil, fmt.Errorf("%w: the newest checkpoint, of %d records: %w", ErrAlarm, size, err)
	}
	last, err := treerows.Open(db).Last()
	if err != nil {
		return nil, err
	}
	if last < o.Size {
		err = fmt.Errorf("%w: %d records were signed, and the trail ends with record %d", ErrAlarm,
			o.Size, last)
	}
	return o, err
}
