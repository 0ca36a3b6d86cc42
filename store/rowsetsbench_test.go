package store

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

var (
	signedOnes = internal(`SELECT t.name FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND c.name = 'mac'`)
	addParent = internal(`INSERT INTO parents (a, b, mac) VALUES ('a', $1, randomblob(32))`)
	resign    = internal(`UPDATE parents SET mac = randomblob(32) WHERE a = 'a' AND b = $1`)
)

// benchSets opens a database of every signed table of the program, with so many rows in one.
func benchSets(b *testing.B, rows int) (*DB, RowSets) {
	dir, err := os.MkdirTemp(os.Getenv("CLAVIGER_BENCH_DIR"), "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	db, err := Open(b.Context(), Config{Path: filepath.Join(dir, "db"),
		Log: slog.New(slog.DiscardHandler), Migrations: withSigned})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	all := RowSets{Secret: []byte("secret")}
	err = db.Rows(signedOnes, nil, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		all.Tables = append(all.Tables, name)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	err = db.Commit(func(tx *Tx) error {
		for i := range rows {
			if _, err := tx.Exec(addParent, i); err != nil {
				return err
			}
		}
		return tx.SealRowSets(all)
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return db, all
}

// BenchmarkRowSets_Start is what a start pays for the rows of signed tables.
func BenchmarkRowSets_Start(b *testing.B) {
	for _, rows := range []int{1000, 100_000} {
		b.Run(fmt.Sprint("rows=", rows), func(b *testing.B) {
			db, all := benchSets(b, rows)
			for b.Loop() {
				if err := db.KeepRowSets(all); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRowSets_Commit is what a commit pays, fsync included: one that leaves a record, and one
// that changes a signed row.
func BenchmarkRowSets_Commit(b *testing.B) {
	record := make([]byte, 700)
	change := func(tx *Tx) error { return tx.Change(resign, 1) }
	for name, f := range map[string]func(*Tx) error{"record": nil, "change": change} {
		for _, kept := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/kept=%t", name, kept), func(b *testing.B) {
				db, all := benchSets(b, 10)
				if kept {
					if err := db.KeepRowSets(all); err != nil {
						b.Fatal(err)
					}
				}
				for b.Loop() {
					if err := db.Commit(f, func(error) []byte { return record }); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
