package store

import (
	"slices"
	"strings"
	"testing"
)

// The schema of these tests is whatever the migrations make, so the namespaced table is added to it by hand.
func newTestChecker(t *testing.T) *checker {
	t.Helper()
	c, err := newChecker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.session.close() })
	err = c.session.script(`
		CREATE TABLE door (account TEXT, region TEXT, id TEXT, colour TEXT, PRIMARY KEY (account, region, id)) WITHOUT ROWID;
		CREATE INDEX door_by_colour ON door (account, region, colour);
		CREATE TABLE lock (account TEXT, region TEXT, door TEXT, n INTEGER, PRIMARY KEY (account, region, door, n));
		CREATE TABLE house (id TEXT PRIMARY KEY)`)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.readSchema(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestQueriesWithinANamespace(t *testing.T) {
	c := newTestChecker(t)
	for _, text := range []string{
		`SELECT colour FROM door WHERE account = $1 AND region = $2 AND id = $3`,
		`SELECT id FROM door WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4`,
		`SELECT id FROM door WHERE account = $1 AND region = $2 AND colour = $3`,
		`SELECT d.id, l.n FROM door AS d JOIN lock l ON l.account = d.account AND l.region = d.region AND l.door = d.id
			WHERE d.account = $1 AND d.region = $2`,
		`SELECT id FROM door WHERE account = $1 AND region = $2 AND id IN (SELECT door FROM lock WHERE account = $1 AND region = $2)`,
		`WITH mine AS (SELECT id FROM door WHERE account = $1 AND region = $2 LIMIT 5) SELECT count(*) FROM mine`,
		`INSERT INTO door (account, region, id, colour) VALUES ($1, $2, $3, 'red')`,
		`INSERT INTO door (account, region, id) VALUES ($1, $2, $3) ON CONFLICT (account, region, id) DO UPDATE SET colour = $4`,
		`UPDATE door SET colour = $1 WHERE account = $2 AND region = $3 AND id = $4`,
		`DELETE FROM door WHERE account = $1 AND region = $2 AND id = $3 RETURNING colour`,
	} {
		if err := c.check(internal(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestQueriesBeyondANamespace(t *testing.T) {
	c := newTestChecker(t)
	for text, want := range map[string]string{
		`SELECT colour FROM door WHERE id = $1`:                                                    "not searched",
		`SELECT colour FROM door WHERE account = $1 AND id = $2`:                                   "not searched",
		`SELECT d.id FROM door d, lock l WHERE d.account = $1 AND d.region = $2 AND l.door = d.id`: "not searched",
		`SELECT x.id FROM (SELECT id FROM door) AS x`:                                              "not searched",
		`SELECT id FROM door WHERE account = $1 AND region = $2 OR id = $3`:                        "not searched",
		`UPDATE door SET colour = $1`:                                                              "not searched",
		`DELETE FROM door WHERE region = $1`:                                                       "not searched",
		`INSERT INTO door VALUES ($1, $2, $3, $4)`:                                                 "written out",
		`INSERT INTO "door" VALUES ($1, $2, $3, $4)`:                                               "written out",
		`INSERT INTO door (account, id) VALUES ($1, $2)`:                                           "written out",
		`SELECT id FROM house WHERE id = $1`:                                                       "Wide",
		`SELECT id FROM door WHERE account = $1 AND region = $2 AND id IN (SELECT id FROM house)`:  "Wide",
		`SELECT paint FROM door WHERE account = $1 AND region = $2`:                                "no such column",
		`INSERT OR ROLLBACK INTO door (account, region, id) VALUES ($1, $2, $3)`:                   "ROLLBACK",
		`PRAGMA synchronous = OFF`:                                                                 "PRAGMA",
		`DELETE FROM door WHERE account = $1 AND region = $2; DELETE FROM door`:                    "not for queries",
		`COMMIT`: "COMMIT",
	} {
		err := c.check(internal(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestWideQueries(t *testing.T) {
	c := newTestChecker(t)
	q := internal(`SELECT id FROM house`)
	q.wide = "a house has no account"
	if err := c.check(q); err != nil {
		t.Error(err)
	}
	q = internal(`SELECT id FROM castle`)
	q.wide = "not there"
	if c.check(q) == nil {
		t.Error("a query on a table that isn't there passed")
	}
}

func TestOwnQueries(t *testing.T) {
	own := []*Query{insertBatch, newestBatch, nextBatches, heartbeat, listed}
	for _, q := range own[:4] {
		q.wide = "the store's own"
		defer func() { q.wide = "" }()
	}
	for _, err := range CheckQueries(own) {
		t.Error(err)
	}
}

func TestPlaceholdersInOrderOfFirstAppearance(t *testing.T) {
	for text, params := range map[string]int{
		`SELECT 1`:                                 0,
		`SELECT $1, $2, $1`:                        2,
		`SELECT '$2', "$3", $1 -- $9` + "\n, $2":   2,
		`SELECT 'it''s $2' /* $2 */, $1`:           1,
		`SELECT json_extract(x, '$.a') WHERE y=$1`: 1,
	} {
		if got := internal(text).params; got != params {
			t.Errorf("%s: %d placeholders, want %d", text, got, params)
		}
	}
	for _, text := range []string{`SELECT $2, $1`, `SELECT $1, $3`, `SELECT ?`, `SELECT :name`, `SELECT @name`, `SELECT $name`, `SELECT $0`} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", text)
				}
			}()
			internal(text)
		}()
	}
}

func TestQueriesAreListedWithTheirPlace(t *testing.T) {
	i := slices.IndexFunc(Queries(), func(q *Query) bool { return q == listed })
	if i < 0 || !strings.HasPrefix(listed.Where(), "store/check_test.go:") {
		t.Errorf("index %d, declared at %q", i, listed.Where())
	}
}

var listed = Wide(`SELECT count(*) FROM trail`, "a test")
