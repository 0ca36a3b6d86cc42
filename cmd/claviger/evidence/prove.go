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
	"claviger/cmd/claviger/exit"
	"claviger/store"
	"claviger/trail/search"
	"claviger/trail/treerows"
)

// Prove proves the record that an id names: its eventID, or its number. An index beside the
// database is used if there is one.
func Prove(ctx context.Context, db *store.DB, path string, key *tree.Key, id string) (
	*tree.Proof, error) {
	trail := treerows.Open(db)
	size, note, err := treerows.NewestNote(db)
	if errors.Is(err, store.NoRow) {
		return nil, errors.New("nothing is signed yet: a second after its first record the trail is")
	}
	if err != nil {
		return nil, err
	}
	number, err := numberOf(ctx, db, path, id)
	if err != nil {
		return nil, err
	}
	record, err := trail.Record(number)
	switch {
	case err != nil:
		return nil, err
	case number > size && record != nil:
		return nil, fmt.Errorf("record %d is durable and not signed yet: ask again in a second", number)
	case number > size || number < 1:
		return nil, fmt.Errorf("there is no record %d: the newest that is signed is %d", number, size)
	}
	proof, err := tree.Prove([]byte(note), key, trail, number, record)
	if errors.Is(err, tree.ErrTiles) || errors.Is(err, tree.ErrProof) ||
		errors.Is(err, tree.ErrForged) {
		return nil, exit.Mark(fmt.Errorf("record %d can't be proved, since the trail was changed; "+
			"`claviger audit verify` says where: %w", number, err), exit.ErrTrail)
	}
	return proof, err
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
	member := append([]byte(`"eventID":`), quoted...)
	end, err := db.TrailEnd()
	if err != nil {
		return 0, err
	}
	err = db.TrailBack(end+1, func(batch int64, _ time.Time, records []byte) error {
		if !bytes.Contains(records, member) {
			return nil
		}
		for line := range bytes.SplitSeq(records, []byte("\n")) {
			var r struct {
				EventID string `json:"eventID"`
			}
			if json.Unmarshal(line, &r) == nil && r.EventID == id {
				number = batch
				return errFound
			}
			batch++
		}
		return nil
	})
	switch {
	case errors.Is(err, errFound):
		return number, nil
	case err != nil:
		return 0, err
	}
	return 0, fmt.Errorf("no record has the eventID %q", id)
}
