// Package watch puts the events of ours into the outbox: of the trail, which [Follower] reads
// behind the committer, and of the parts that the service is made of, at which [Monitor] looks.
// Neither is in the way of a request.
//
// What an event needs is a database that stores it, and nothing else: neither the device nor a
// clock that is believed. That the database itself is in trouble is told when it is back, with the
// times of then.
package watch

import (
	"claviger/internal/domain"
	"claviger/store"

	"github.com/go-json-experiment/json"
)

const ofTheInstallation = "what is watched is the installation as a whole"

var (
	qState = store.Wide(`SELECT position, state FROM alarm_state WHERE name = $1`, ofTheInstallation)

	// What is written late takes nothing back.
	qKeep = store.Wide(`INSERT INTO alarm_state (name, position, state) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position, state = excluded.state
		WHERE excluded.position >= alarm_state.position`, ofTheInstallation)
)

// The names of rows.
const (
	trailRow = "trail"
	partsRow = "parts"
)

// load reads a row into state, and returns its position. Without a row the state stays as it is.
func load(from store.Reader, name string, state any) (position int64, err error) {
	var text string
	err = from.Row(qState, []any{name}, &position, &text)
	if domain.IsNoRow(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return position, json.Unmarshal([]byte(text), state)
}

// keep returns the change that stores a row, written out as it is now.
func keep(name string, position int64, state any) domain.Change {
	text, err := json.Marshal(state, json.Deterministic(true))
	if err != nil {
		return func(*store.Tx) error { return err }
	}
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qKeep, name, position, string(text))
		return err
	}
}
