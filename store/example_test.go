package store_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"claviger/store"
	"claviger/store/storetest"
)

var (
	insertDoor = store.SQL(`INSERT INTO doors (account, region, id, rev, colour)
		VALUES ($1, $2, $3, 1, $4)`)
	paintDoor = store.SQL(`UPDATE doors SET colour = $1, rev = rev + 1
		WHERE account = $2 AND region = $3 AND id = $4 AND rev = $5`)
)

// A change states the revision that its caller saw, and says what to record of its outcome.
func ExampleDB_Commit() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(context.Background(), store.Config{Path: filepath.Join(dir, "claviger.db"),
		Migrations: storetest.WithTables(`CREATE TABLE doors (
			account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL,
			rev INTEGER NOT NULL, colour TEXT NOT NULL,
			PRIMARY KEY (account, region, id))`)})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	record := func(what string) func(error) []byte {
		return func(err error) []byte { return fmt.Appendf(nil, "%s: %v", what, err) }
	}
	err = db.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(insertDoor, account, region, "front", "white")
		return err
	}, record("create"))
	fmt.Println(err)

	paint := func(tx *store.Tx) error {
		return tx.Change(paintDoor, "green", account, region, "front", 1)
	}
	fmt.Println(db.Commit(paint, record("paint")))
	fmt.Println(db.Commit(paint, record("paint again")))

	db.Trail(0, func(batch int64, _ time.Time, records []byte) error {
		fmt.Printf("%d %s\n", batch, records)
		return nil
	})
	// Output:
	// <nil>
	// <nil>
	// store: the row has changed since it was read
	// 1 create: <nil>
	// 2 paint: <nil>
	// 3 paint again: store: the row has changed since it was read
}
