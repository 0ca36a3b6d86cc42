package copies

import (
	"errors"

	"claviger/store"
)

const ofTheService = "copies are of the whole trail, whose account and Region it may be"

var (
	qPlace = store.Wide(`SELECT number FROM trail_copies WHERE name = $1`, ofTheService)
	qMove  = store.Wide(`INSERT INTO trail_copies (name, number) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET number = excluded.number`, ofTheService)
)

// place returns the number of the record up to which a copy is confirmed, as the database has it.
func place(from store.Reader, name string) (number int64, isKnown bool, err error) {
	err = from.Row(qPlace, []any{name}, &number)
	if errors.Is(err, store.NoRow) {
		return 0, false, nil
	}
	return number, err == nil, err
}

// move makes it durable that a copy is confirmed up to a number.
func move(db Database, name string, number int64) error {
	return db.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qMove, name, number)
		return err
	}, nil)
}
