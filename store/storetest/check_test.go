package storetest

import (
	"strings"
	"testing"

	"claviger/store"
)

// houses is a schema of these tests' own beside the program's: tables of an account and Region, of
// an account, and of the whole service.
const houses = `
CREATE TABLE door (account TEXT, region TEXT, id TEXT, colour TEXT,
	PRIMARY KEY (account, region, id)) WITHOUT ROWID;
CREATE INDEX door_by_colour ON door (account, region, colour);
CREATE TABLE lock (account TEXT, region TEXT, door TEXT, n INTEGER,
	PRIMARY KEY (account, region, door, n));
CREATE TABLE tenant (account TEXT, name TEXT, region TEXT, floor INTEGER,
	PRIMARY KEY (account, name)) WITHOUT ROWID;
CREATE INDEX tenant_by_floor ON tenant (account, floor);
CREATE INDEX tenant_by_region ON tenant (region, account);
CREATE TABLE letter (account TEXT, tenant TEXT, n INTEGER, PRIMARY KEY (account, tenant, n));
CREATE TABLE rent (account TEXT PRIMARY KEY, amount INTEGER) WITHOUT ROWID;
CREATE TABLE house (id TEXT PRIMARY KEY);
CREATE VIEW lodgers AS SELECT name FROM tenant;
`

func openHouses(t *testing.T) *schema {
	t.Helper()
	s, err := openSchema()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	if _, err := s.db.Exec(houses); err != nil {
		t.Fatal(err)
	}
	if err := s.read(); err != nil {
		t.Fatal(err)
	}
	return s
}

// accepts expects every statement to pass.
func accepts(t *testing.T, declare func(string) *store.Query, texts ...string) {
	t.Helper()
	s := openHouses(t)
	for _, text := range texts {
		if err := s.check(declare(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// refuses expects an error for every statement that contains the words given for it.
func refuses(t *testing.T, declare func(string) *store.Query, texts map[string]string) {
	t.Helper()
	s := openHouses(t)
	for text, want := range texts {
		err := s.check(declare(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestCheck_SQLWithinARegion_IsAccepted(t *testing.T) {
	accepts(t, store.SQL,
		`SELECT colour FROM door WHERE account = $1 AND region = $2 AND id = $3`,
		`SELECT id FROM door WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4`,
		`SELECT id FROM door WHERE account = $1 AND region = $2 AND colour = $3`,
		`SELECT d.id, l.n FROM door AS d
			JOIN lock l ON l.account = d.account AND l.region = d.region AND l.door = d.id
			WHERE d.account = $1 AND d.region = $2`,
		`SELECT id FROM door WHERE account = $1 AND region = $2
			AND id IN (SELECT door FROM lock WHERE account = $1 AND region = $2)`,
		`WITH mine AS (SELECT id FROM door WHERE account = $1 AND region = $2 LIMIT 5)
			SELECT count(*) FROM mine`,
		`INSERT INTO door (account, region, id, colour) VALUES ($1, $2, $3, 'red')`,
		`INSERT INTO door (account, region, id) VALUES ($1, $2, $3)
			ON CONFLICT (account, region, id) DO UPDATE SET colour = $4`,
		`UPDATE door SET colour = $1 WHERE account = $2 AND region = $3 AND id = $4`,
		`DELETE FROM door WHERE account = $1 AND region = $2 AND id = $3 RETURNING colour`,
	)
}

func TestCheck_SQLBeyondARegion_IsRefused(t *testing.T) {
	refuses(t, store.SQL, map[string]string{
		`SELECT colour FROM door WHERE id = $1`:                             "not searched",
		`SELECT colour FROM door WHERE account = $1 AND id = $2`:            "not searched",
		`SELECT x.id FROM (SELECT id FROM door) AS x`:                       "not searched",
		`SELECT id FROM door WHERE account = $1 AND region = $2 OR id = $3`: "not searched",
		`UPDATE door SET colour = $1`:                                       "not searched",
		`DELETE FROM door WHERE region = $1`:                                "not searched",
		`SELECT d.id FROM door d, lock l
			WHERE d.account = $1 AND d.region = $2 AND l.door = d.id`: "not searched",
		`INSERT INTO door VALUES ($1, $2, $3, $4)`:                  "written out",
		`INSERT INTO "door" VALUES ($1, $2, $3, $4)`:                "written out",
		`INSERT INTO door (account, id) VALUES ($1, $2)`:            "written out",
		`SELECT id FROM house WHERE id = $1`:                        "declared with Wide",
		`SELECT paint FROM door WHERE account = $1 AND region = $2`: "no such column",
		`SELECT id FROM door WHERE account = $1 AND region = $2
			AND id IN (SELECT id FROM house)`: "declared with Wide",
	})
}

func TestCheck_SQLOnAnAccountsTable_IsRefused(t *testing.T) {
	refuses(t, store.SQL, map[string]string{
		`SELECT name FROM tenant WHERE account = $1 AND name = $2`:       "declared with AccountSQL",
		`SELECT name FROM tenant WHERE account = $1 AND region = $2`:     "declared with AccountSQL",
		`INSERT INTO tenant (account, region, name) VALUES ($1, $2, $3)`: "declared with AccountSQL",
		`UPDATE rent SET amount = $1 WHERE account = $2`:                 "declared with AccountSQL",
		`DELETE FROM tenant WHERE account = $1 AND region = $2`:          "declared with AccountSQL",
		`SELECT t.name FROM door d JOIN tenant t ON t.account = d.account
			WHERE d.account = $1 AND d.region = $2`: "declared with AccountSQL",
	})
}

func TestCheck_AccountSQLWithinAnAccount_IsAccepted(t *testing.T) {
	accepts(t, store.AccountSQL,
		`SELECT floor FROM tenant WHERE account = $1 AND name = $2`,
		`SELECT name FROM tenant WHERE account = $1 AND name > $2 ORDER BY name LIMIT $3`,
		`SELECT name FROM tenant WHERE account = $1 AND floor = $2`,
		`SELECT t.name, l.n FROM tenant AS t
			JOIN letter l ON l.account = t.account AND l.tenant = t.name WHERE t.account = $1`,
		`SELECT name FROM tenant WHERE account = $1
			AND name IN (SELECT tenant FROM letter WHERE account = $1)`,
		`WITH mine AS (SELECT name FROM tenant WHERE account = $1 LIMIT 5)
			SELECT count(*) FROM mine`,
		`SELECT amount FROM rent WHERE account = $1`,
		`INSERT INTO tenant (account, name, floor) VALUES ($1, $2, 3)`,
		`INSERT INTO rent (account, amount) VALUES ($1, $2)
			ON CONFLICT (account) DO UPDATE SET amount = $2`,
		`UPDATE tenant SET floor = $1 WHERE account = $2 AND name = $3`,
		`DELETE FROM tenant WHERE account = $1 AND name = $2 RETURNING floor`,
	)
}

func TestCheck_AccountSQLBeyondAnAccount_IsRefused(t *testing.T) {
	const searched, written = "not searched by account", "written out with account"
	refuses(t, store.AccountSQL, map[string]string{
		`SELECT floor FROM tenant WHERE name = $1`:                searched,
		`SELECT floor FROM tenant WHERE region = $1`:              searched,
		`SELECT count(*) FROM tenant`:                             searched,
		`SELECT name FROM lodgers`:                                searched,
		`SELECT x.name FROM (SELECT name FROM tenant) AS x`:       searched,
		`SELECT name FROM tenant WHERE account = $1 OR name = $2`: searched,
		`SELECT name FROM tenant WHERE account > $1`:              searched,
		`SELECT name FROM tenant WHERE account LIKE $1`:           searched,
		`SELECT name FROM tenant WHERE account = $1
			AND floor IN (SELECT n FROM letter)`: searched,
		`SELECT t.name FROM tenant t, letter l
			WHERE t.account = $1 AND l.tenant = t.name`: searched,
		`UPDATE tenant SET floor = $1`:                      searched,
		`UPDATE rent SET amount = 0`:                        searched,
		`DELETE FROM tenant WHERE name = $1`:                searched,
		`INSERT INTO tenant VALUES ($1, $2, $3, $4)`:        written,
		`INSERT INTO "tenant" VALUES ($1, $2, $3, $4)`:      written,
		`INSERT INTO tenant (name, region) VALUES ($1, $2)`: written,
		`INSERT INTO letter (account, tenant, n)
			SELECT account, name, 1 FROM tenant`: searched,
		`SELECT colour FROM tenant WHERE account = $1`: "no such column",
	})
}

func TestCheck_AccountSQLOnARegionsTable_IsRefused(t *testing.T) {
	refuses(t, store.AccountSQL, map[string]string{
		`SELECT id FROM door WHERE account = $1`:                             "declared with SQL",
		`SELECT id FROM door WHERE account = $1 AND region = $2 AND id = $3`: "declared with SQL",
		`INSERT INTO door (account, region, id) VALUES ($1, $2, $3)`:         "declared with SQL",
		`UPDATE door SET colour = $1 WHERE account = $2`:                     "declared with SQL",
		`DELETE FROM door WHERE account = $1`:                                "declared with SQL",
		`INSERT INTO letter (account, tenant, n)
			SELECT account, id, 1 FROM door WHERE account = $1`: "declared with SQL",
		`SELECT t.name FROM tenant t JOIN door d ON d.account = t.account
			WHERE t.account = $1`: "declared with SQL",
	})
}

func TestCheck_AccountSQLOnTheServicesTable_IsRefused(t *testing.T) {
	refuses(t, store.AccountSQL, map[string]string{
		`SELECT id FROM house WHERE id = $1`: "declared with Wide",
		`SELECT name FROM tenant WHERE account = $1
			AND name IN (SELECT id FROM house)`: "declared with Wide",
		`SELECT status FROM access_keys WHERE account = $1`: "declared with Wide",
	})
}

func TestCheck_Wide_ReachesEverywhere(t *testing.T) {
	wide := func(text string) *store.Query { return store.Wide(text, "a test") }
	accepts(t, wide,
		`SELECT id FROM house`,
		`SELECT count(*) FROM door`,
		`SELECT t.name FROM tenant t JOIN door d ON d.account = t.account`)
	refuses(t, wide, map[string]string{`SELECT id FROM castle`: "no such table"})
}

func TestCheck_TransactionsAndPragmas_AreRefused(t *testing.T) {
	for _, declare := range []func(string) *store.Query{
		store.SQL,
		store.AccountSQL,
		func(text string) *store.Query { return store.Wide(text, "a test") },
	} {
		refuses(t, declare, map[string]string{
			`INSERT OR ROLLBACK INTO door (account, region, id) VALUES ($1, $2, $3)`: "ROLLBACK",
			`PRAGMA synchronous = OFF`: "PRAGMA",
			`DELETE FROM door WHERE account = $1 AND region = $2; DELETE FROM door`: "not for queries",
			`COMMIT`: "COMMIT",
		})
	}
}

func TestCheckQueries_Refusal_NamesTheDeclaration(t *testing.T) {
	good := store.Wide(`SELECT count(*) FROM trail`, "a test")
	bad := store.SQL(`SELECT id FROM jobs`)
	all := CheckQueries([]*store.Query{good, bad})
	if len(all) != 1 || !strings.HasPrefix(all[0].Error(), "storetest/check_test.go:") {
		t.Errorf("got %v, want one error with the place of the second query", all)
	}
}
