// Package storetest is the suite that every engine of package store must pass. It says what the
// store promises, in the cases where a promise is hard to keep: bad requests in a shared
// transaction, crashes, races.
//
// It also holds the checker of queries, [CheckQueries], by which every domain shows that its
// statements fit the schema and keep to their account and Region.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"claviger/internal/fault"
	"claviger/store"
)

// Opener opens the database that lives in a directory, and makes it where there is none. Its
// migrations are those of [Items].
type Opener func(t testing.TB, dir string) (*store.DB, error)

// child is the variable that makes Run the other process of a test: "role directory".
const child = "STORETEST_CHILD"

// Run runs the suite. It starts the test binary again for the cases that need a second process, so
// it must be called from a top-level test, first thing.
func Run(t *testing.T, open Opener) {
	declareItems()
	if role, dir, ok := strings.Cut(os.Getenv(child), " "); ok {
		runChild(t, open, role, dir)
		return
	}
	for _, c := range []struct {
		name string
		test func(*testing.T, *suite)
	}{
		{"a change and its record", testChange},
		{"a failed change leaves its record", testFailedChange},
		{"a stale change leaves no trace", testStale},
		{"a record that panics takes its change back", testPanickingRecord},
		{"bad requests spoil no other", testIsolation},
		{"a lost transaction can't be written to", testLostTransaction},
		{"a transaction ends with its function", testEndedTransaction},
		{"many writers of one row", testManyWriters},
		{"statements inside statements", testNested},
		{"what a statement refuses", testRefused},
		{"functions after COMMIT", testAfter},
		{"notes", testNotes},
		{"the trail in order", testTrail},
		{"the cache against changes", testCache},
		{"close while others wait", testClose},
		{"one server", testOneServer},
		{"kill -9", testKill},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newSuite(t, open)) })
	}
}

// suite is one open database with the tables of the tests.
type suite struct {
	t    *testing.T
	open Opener
	dir  string
	db   *store.DB
}

const why = "a table of the tests"

// Items returns the program's migrations and one that makes the suite's table.
func Items() fs.FS {
	return WithTables(`CREATE TABLE items (
		name TEXT NOT NULL PRIMARY KEY, rev BIGINT NOT NULL, value BIGINT NOT NULL,
		mac BLOB NOT NULL DEFAULT x'00')`)
}

// WithTables returns the program's migrations and one that makes a test's own tables.
func WithTables(ddl string) fs.FS {
	all := fstest.MapFS{"migrations/sqlite/9000_test.sql": {Data: []byte(ddl)}}
	program := store.Migrations()
	steps, _ := fs.Glob(program, "migrations/sqlite/*")
	for _, step := range steps {
		text, _ := fs.ReadFile(program, step)
		all[step] = &fstest.MapFile{Data: text}
	}
	return all
}

var insertItem, changeItem, readItem, listItems, countItems, changeItems *store.Query

// rollsBackAll is what takes a whole transaction along: SQL's own way to say so, and with other
// engines any error.
var rollsBackAll *store.Query

// declareItems makes the suite's statements when it runs and not before. Who imports this
// package for [CheckQueries] alone checks every statement that is declared, and these have
// no place in the schema.
var declareItems = sync.OnceFunc(func() {
	insertItem = store.Wide(`INSERT INTO items (name, rev, value) VALUES ($1, 1, $2)`, why)
	changeItem = store.Wide(`UPDATE items SET rev = rev + 1, mac = randomblob(8), value = $1
		WHERE name = $2 AND rev = $3`, why)
	readItem = store.Wide(`SELECT rev, value FROM items WHERE name = $1`, why)
	listItems = store.Wide(`SELECT name FROM items ORDER BY name`, why)
	countItems = store.Wide(`SELECT count(*) FROM items`, why)
	changeItems = store.Wide(`UPDATE items SET value = $1`, why)
	rollsBackAll = store.Wide(`INSERT OR ROLLBACK INTO items (name, rev, value)
		VALUES ($1, 1, 1)`, why)
})

// newSuite opens a database of its own for one test. At its end the rows are those that the store
// says it has left.
func newSuite(t *testing.T, open Opener) *suite {
	s := &suite{t: t, open: open, dir: Dir(t)}
	var err error
	s.db, err = s.open(s.t, s.dir)
	s.must(err)
	s.must(s.db.Commit(func(tx *store.Tx) error { return tx.SealRowSets(itemSets) }, nil))
	s.must(s.db.KeepRowSets(itemSets))
	t.Cleanup(func() {
		if _, err := s.db.CompareRowSets(itemSets); errors.Is(err, store.ErrRows) {
			t.Error(err)
		}
		s.db.Close()
	})
	return s
}

// reopen opens the database, which must be closed.
func (s *suite) reopen() {
	s.t.Helper()
	var err error
	s.db, err = s.open(s.t, s.dir)
	s.must(err)
	s.must(s.db.KeepRowSets(itemSets))
}

// itemSets has the suite's table kept as signed ones are.
var itemSets = store.RowSets{Secret: []byte("secret"), Tables: []string{"items"}}

func (s *suite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// insert returns a change that adds an item.
func insert(name string, value int) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(insertItem, name, value)
		return err
	}
}

// line returns a record that says name and whether it went well.
func line(name string) func(error) []byte {
	return func(err error) []byte {
		if err != nil {
			return []byte(name + " failed")
		}
		return []byte(name + " done")
	}
}

// value returns the value of an item, or false.
func (s *suite) value(name string) (int, bool) {
	s.t.Helper()
	var rev, value int
	err := s.db.Row(readItem, []any{name}, &rev, &value)
	if errors.Is(err, store.NoRow) {
		return 0, false
	}
	s.must(err)
	return value, true
}

// records returns how often each line stands in the trail.
func (s *suite) records() map[string]int {
	s.t.Helper()
	found := map[string]int{}
	s.must(s.db.Trail(0, func(_ int64, _ time.Time, records []byte) error {
		for _, one := range bytes.Split(records, []byte("\n")) {
			found[string(one)]++
		}
		return nil
	}))
	return found
}

// together makes the Commits of the requests share a batch: it keeps the committer busy until all
// of them wait. It returns their errors.
func (s *suite) together(requests ...func() error) []error {
	release := s.hold()
	results := make([]error, len(requests))
	var wg sync.WaitGroup
	for i, request := range requests {
		wg.Go(func() { results[i] = request() })
	}
	s.waitFor(len(requests))
	release()
	wg.Wait()
	return results
}

// hold keeps the committer busy until the returned function is called.
func (s *suite) hold() (release func()) {
	busy, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go s.db.Commit(func(*store.Tx) error {
		once.Do(func() { close(busy) })
		<-free
		return nil
	}, nil)
	<-busy
	return func() { close(free) }
}

// waitFor returns once so many Commits wait.
func (s *suite) waitFor(n int) {
	for s.db.Stats().Waiting < n {
		time.Sleep(time.Millisecond)
	}
}

func isKind(err error, kind fault.Kind) bool {
	return err != nil && fault.Of(err).Kind == kind
}

func name(prefix string, i int) string { return fmt.Sprintf("%s-%03d", prefix, i) }
