package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"claviger/audit/tree"
	"claviger/audit/verify"
	"claviger/cmd/claviger/exit"
	"claviger/store"
	"claviger/trail/search"
	"claviger/trail/treerows"
)

// Proof is a proof of a record. Without the record it is one of its hash, for whoever has kept the
// record elsewhere.
type Proof struct {
	*tree.Proof
	Removal int64 // the record that tells that this one is removed for its age; 0: it is there
}

// Prove proves the record that an id names: its eventID, or its number. An index beside the
// database is used if there is one.
func Prove(ctx context.Context, db *store.DB, path string, key *tree.Key, id string) (
	p Proof, err error) {
	trail := treerows.Open(db)
	size, note, err := treerows.NewestNote(db)
	if errors.Is(err, store.NoRow) {
		return p, errors.New("nothing is signed yet: a second after its first record the trail is")
	}
	if err != nil {
		return p, err
	}
	number, err := numberOf(ctx, db, path, id)
	if err != nil {
		return p, err
	}
	record, err := trail.Record(number)
	switch {
	case err != nil:
		return p, err
	case number > size && record != nil:
		return p, fmt.Errorf("record %d is durable and not signed yet: ask again in a second", number)
	case number > size || number < 1:
		return p, fmt.Errorf("there is no record %d: the newest that is signed is %d", number, size)
	case record == nil:
		if p.Removal, err = removal(db, number); err != nil {
			return p, err
		}
	}
	prove := func(number int64, record []byte) (*tree.Proof, error) {
		proof, err := tree.Prove([]byte(note), key, trail, number, record)
		if errors.Is(err, tree.ErrOtherKey) {
			return nil, changed(fmt.Errorf("record %d can't be proved by the key that was said. Of the newest "+
				"checkpoint: %w", number, err))
		}
		if errors.Is(err, tree.ErrTiles) || errors.Is(err, tree.ErrProof) ||
			errors.Is(err, tree.ErrForged) {
			return nil, changed(fmt.Errorf("record %d can't be proved, since the trail was changed: %w",
				number, err))
		}
		return proof, err
	}
	if p.Removal > 0 { // what tells of it must be true itself
		told, err := trail.Record(p.Removal)
		if err != nil {
			return p, err
		}
		if _, err := prove(p.Removal, told); err != nil && p.Removal <= size {
			return p, err
		}
	}
	p.Proof, err = prove(number, record)
	return p, err
}

// changed is an error that says that the trail isn't what was signed.
func changed(err error) error {
	return exit.Mark(fmt.Errorf("%w; `claviger audit verify` says where", err), exit.ErrTrail)
}

// removal returns the number of the record that tells that another one was removed for its age. It
// fails if none does: then that one is missing.
func removal(db *store.DB, number int64) (by int64, err error) {
	by, err = newest(db, []byte(`"DeleteTrailRecords"`), func(record []byte) bool {
		return verify.Removed(record) >= number
	})
	if err == nil && by == 0 {
		return 0, changed(fmt.Errorf("record %d is missing, and no record tells that it was removed for "+
			"its age", number))
	}
	return by, err
}

// numberOf is the number of the record that an id names.
func numberOf(ctx context.Context, db *store.DB, path, id string) (int64, error) {
	if number, err := strconv.ParseInt(id, 10, 64); err == nil {
		return number, nil
	}
	if number := lookUp(ctx, db, path, id); number > 0 {
		return number, nil
	}
	return find(db, id)
}

// lookUp asks the index for the number of the record with an eventID. It returns 0 if there is no
// index, as beside a copy of the database, or if it doesn't know: the trail itself has the last
// word.
func lookUp(ctx context.Context, db *store.DB, path, id string) int64 {
	dir := search.Dir(path)
	if _, err := os.Stat(dir); err != nil {
		return 0
	}
	index, err := search.OpenReader(db, dir)
	if err != nil {
		return 0
	}
	defer index.Close()
	q := search.Query{Wide: true,
		Where: []search.Condition{{Attribute: search.EventID, Value: id}}}
	for before := int64(0); ; {
		page, err := index.Find(ctx, q, before, 1)
		switch {
		case err != nil:
			return 0
		case len(page.Events) > 0:
			return page.Events[0].Number
		case page.Next == 0:
			return 0
		}
		before = page.Next
	}
}

var errFound = errors.New("found")

// find returns the number of the record with an eventID, the newest one first: whoever asks has
// most often just seen it.
func find(db *store.DB, id string) (number int64, err error) {
	if id == "" {
		return 0, exit.UsageError("an empty id names nothing")
	}
	quoted, err := json.Marshal(id)
	if err != nil {
		return 0, err
	}
	number, err = newest(db, append([]byte(`"eventID":`), quoted...), func(record []byte) bool {
		var r struct {
			EventID string `json:"eventID"`
		}
		return json.Unmarshal(record, &r) == nil && r.EventID == id
	})
	if err != nil || number > 0 {
		return number, err
	}
	oldest, err := treerows.Open(db).Oldest()
	if err != nil {
		return 0, err
	}
	if oldest > 1 {
		return 0, fmt.Errorf("no record has the eventID %q. Records 1 to %d are not there any more, as "+
			"they were removed for their age: if it is one of them, name it by its number", id, oldest-1)
	}
	return 0, fmt.Errorf("no record has the eventID %q", id)
}

// newest returns the number of the newest record that has a text in it and is one that is looked
// for, 0 if there is none.
func newest(db *store.DB, text []byte, isIt func(record []byte) bool) (number int64, err error) {
	end, err := db.TrailEnd()
	if err != nil {
		return 0, err
	}
	err = db.TrailBack(end+1, func(batch int64, _ time.Time, records []byte) error {
		if !bytes.Contains(records, text) {
			return nil
		}
		for line := range bytes.SplitSeq(records, []byte("\n")) {
			if bytes.Contains(line, text) && isIt(line) {
				number = batch
			}
			batch++
		}
		if number > 0 {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return number, err
}
