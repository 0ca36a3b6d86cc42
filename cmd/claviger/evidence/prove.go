package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"claviger/audit/tree"
	"claviger/cmd/claviger/exit"
	"claviger/store"
	"claviger/trail/treerows"
)

// Prove proves the record that an id names: its eventID, or its number.
func Prove(db *store.DB, key *tree.Key, id string) (*tree.Proof, error) {
	trail := treerows.Open(db)
	size, note, err := treerows.NewestNote(db)
	if errors.Is(err, store.NoRow) {
		return nil, errors.New("nothing is signed yet: a second after its first record the trail is")
	}
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		if number, err = find(db, id); err != nil {
			return nil, err
		}
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
