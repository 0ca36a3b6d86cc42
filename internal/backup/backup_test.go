package backup_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/backup"
	"claviger/internal/install"
	"claviger/internal/rowmac"
	"claviger/store"
	"claviger/store/storetest"

	"github.com/go-json-experiment/json"
)

var now = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// aliases stands for the tables of all domains, which declare their own.
var _ = rowmac.Declare("kms_aliases", func(name *string) []rowmac.Column {
	return []rowmac.Column{rowmac.Text("name", name)}
})

func watch(*backup.Stage, int64, int64) {}

// place is a token, an installation's database, and a backup of it.
type place struct {
	t                   *testing.T
	token               *hsm.Token
	dir, database, file string
	manifest            *backup.Manifest
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := storetest.Dir(t)
	p := &place{t: t, token: hsmtest.Open(t, hsmtest.SoftHSM(t)), dir: dir,
		database: filepath.Join(dir, "claviger.db"), file: filepath.Join(dir, "backup.db")}
	db, err := store.Open(t.Context(), store.Config{Path: p.database})
	if err != nil {
		t.Fatal(err)
	}
	_, err = install.Create(t.Context(), db, p.token, now)
	for range 3 {
		err = errors.Join(err, db.Commit(nil, func(error) []byte { return []byte(`{"eventName":"A"}`) }))
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	p.manifest = p.make(p.file)
	return p
}

func (p *place) making(file string) backup.Making {
	return backup.Making{Database: p.database, File: file, Version: "v1", Commit: "c",
		Now: func() time.Time { return now }, Watch: watch,
		Sign: func(ctx context.Context, m []byte) ([]byte, error) {
			return backup.Sign(ctx, p.token, m)
		}}
}

func (p *place) make(file string) *backup.Manifest {
	p.t.Helper()
	m, err := backup.Make(p.t.Context(), p.making(file))
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *place) check(file string, quick bool) error {
	_, err := backup.Check(p.t.Context(), file, p.token, quick, watch)
	return err
}

// resealed is the backup with another database in it, and a manifest of that, which the token has
// signed: what a service whose database was tampered with before would have made.
func (p *place) resealed(edit func(path string), change func(*backup.Manifest)) string {
	p.t.Helper()
	whole, err := os.ReadFile(p.file)
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(storetest.Dir(p.t), "edited.db")
	if err := os.WriteFile(path, whole[:p.manifest.Size], 0o600); err != nil {
		p.t.Fatal(err)
	}
	edit(path)
	pages, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	sum := sha256.Sum256(pages)
	m := *p.manifest
	m.Size, m.SHA256 = int64(len(pages)), hex.EncodeToString(sum[:])
	change(&m)
	text, err := json.Marshal(m)
	if err != nil {
		p.t.Fatal(err)
	}
	mac, err := backup.Sign(p.t.Context(), p.token, text)
	if err != nil {
		p.t.Fatal(err)
	}
	pages = fmt.Appendf(pages, "claviger backup\n%s\n%x\n", text, mac)
	if err := os.WriteFile(path, pages, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *place) names() (names []string) {
	p.t.Helper()
	all, err := os.ReadDir(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// TestCheck_SignedBackupOfATamperedDatabase_IsRefused: a manifest that the token has signed says
// what was backed up, and not that a server starts with it.
func TestCheck_SignedBackupOfATamperedDatabase_IsRefused(t *testing.T) {
	p := newPlace(t)
	edit := func(statement string) func(string) {
		return func(path string) { storetest.Edit(t, path, statement) }
	}
	counted := func(table string, n int64) func(*backup.Manifest) {
		return func(m *backup.Manifest) { m.Rows[table] = n }
	}
	asItWas := func(*backup.Manifest) {}
	for _, c := range []struct {
		name   string
		edit   func(string)
		change func(*backup.Manifest)
		is     error
		says   string
	}{
		{"a later migration", edit(`INSERT INTO migration VALUES (9999, '9999_later.sql', x'00', 1)`),
			asItWas, store.ErrNewer, "9999_later"},
		{"a migration less", edit(`DELETE FROM migration
			WHERE number = (SELECT max(number) FROM migration)`), asItWas, backup.ErrUnfit,
			"Restore it with that one"},
		{"a table more", edit(`CREATE TABLE intruder (a); INSERT INTO intruder VALUES (1)`), asItWas, store.ErrSchema, "intruder"},
		{"another root's row", edit(`UPDATE installation SET root = 'x'`), asItWas, install.ErrForeign, ""},
		{"an edited row", edit(`UPDATE installation SET created = created + 1`), asItWas,
			install.ErrChanged, ""},
		{"a service key lost", edit(`DELETE FROM service_keys WHERE name = 'identity'`),
			counted("service_keys", 1), install.ErrChanged, ""},
		{"no sets of rows", edit(`DELETE FROM row_sets`), counted("row_sets", 0), store.ErrRows, ""},
		{"a signed row more", edit(`INSERT INTO kms_aliases SELECT '1', 'r', 'alias/x', 1, 'k', 1, 1, x'00'`),
			counted("kms_aliases", 1), store.ErrRows, ""},
		{"rows that the manifest doesn't count", edit(`DELETE FROM heartbeat`), asItWas, backup.ErrUnfit,
			"its manifest is of another"},
		{"another end of the trail", edit(`INSERT INTO trail SELECT max(batch) + 1, 1, x'00' FROM trail`),
			counted("trail", 4), backup.ErrUnfit, "its manifest is of another"},
		{"another installation's name", func(string) {},
			func(m *backup.Manifest) { m.Installation = "x" }, backup.ErrUnfit, "of another"},
		{"a page of zeros", zeroed, asItWas, backup.ErrUnfit, "table kms_aliases was damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := p.manifest.Rows
			p.manifest.Rows = map[string]int64{}
			for table, n := range rows {
				p.manifest.Rows[table] = n
			}
			defer func() { p.manifest.Rows = rows }()
			path := p.resealed(c.edit, c.change)
			for _, quick := range []bool{false, true} {
				err := p.check(path, quick)
				if err == nil || !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("it says %v", err)
				}
			}
		})
	}
	if err := p.check(p.file, false); err != nil {
		t.Errorf("the backup itself: %v", err)
	}
}

// zeroed takes away what the first page of an index has.
func zeroed(path string) {
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		return
	}
	defer db.Close()
	page := int64(0)
	_ = db.QueryRow(`SELECT rootpage FROM sqlite_schema WHERE name = 'kms_aliases_by_key'`).Scan(&page)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteAt(make([]byte, 4096), (page-1)*4096)
}

// TestCheck_EditedRow_IsFoundByTheToken, unless that is left out: the sets hold rows by their MACs.
func TestCheck_EditedRow_IsFoundByTheToken(t *testing.T) {
	p := newPlace(t)
	db := storetest.Open(t, p.database)
	in, err := install.Load(t.Context(), db, p.token)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(store.Wide(`INSERT INTO kms_aliases SELECT '1', 'r', 'alias/x', 1, 'k', 1, 1, x'00'`,
			"a test"))
		if err != nil {
			return err
		}
		return tx.SealRowSets(in.RowSets)
	}, nil)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.dir, "second.db")
	p.make(file)
	if err := p.check(file, false); !errors.Is(err, store.ErrRows) {
		t.Errorf("it says %v", err)
	}
	if err := p.check(file, true); err != nil {
		t.Errorf("without asking the token for each: %v", err)
	}
}

// TestMake_SigningFails_LeavesNothing: no token, no backup.
func TestMake_SigningFails_LeavesNothing(t *testing.T) {
	p := newPlace(t)
	before := fmt.Sprint(p.names())
	away := errors.New("the token is away")
	c := p.making(filepath.Join(p.dir, "second.db"))
	c.Sign = func(context.Context, []byte) ([]byte, error) { return nil, away }
	if _, err := backup.Make(t.Context(), c); !errors.Is(err, away) {
		t.Errorf("it says %v", err)
	}
	if after := fmt.Sprint(p.names()); after != before {
		t.Errorf("%v became %v", before, after)
	}
}

func (p *place) placing() backup.Placing {
	return backup.Placing{Backup: p.manifest, File: p.file, Database: p.database, Now: now,
		Watch: watch, Record: func(path string) error {
			db, err := store.Open(p.t.Context(), store.Config{Path: path})
			if err != nil {
				return err
			}
			err = db.Commit(nil, func(error) []byte { return []byte("restored") })
			return errors.Join(err, db.Close())
		}}
}

// end is the number of the newest batch of a database.
func (p *place) end(database string) int64 {
	p.t.Helper()
	db, err := store.OpenReader(p.t.Context(), database)
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	n, err := db.TrailEnd()
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// TestPut_AnythingFails_LeavesWhatWas: whatever fails on the way, there is the database that was,
// as it was, and nothing beside it.
func TestPut_AnythingFails_LeavesWhatWas(t *testing.T) {
	p := newPlace(t)
	db := storetest.Open(t, p.database)
	if err := db.Commit(nil, func(error) []byte { return []byte("later") }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	kept := p.database + ".before-restore-20260301T093000Z"
	for name, prepare := range map[string]func(*backup.Placing) (undo func()){
		"the record": func(c *backup.Placing) func() {
			c.Record = func(string) error { return errors.New("no") }
			return func() {}
		},
		"the name that it is kept by": func(c *backup.Placing) func() {
			os.WriteFile(kept, []byte("kept before"), 0o600)
			return func() {
				if b, _ := os.ReadFile(kept); string(b) != "kept before" {
					t.Error("what was kept before is gone")
				}
				os.Remove(kept)
			}
		},
		"the backup, changed since": func(c *backup.Placing) func() {
			other := *c.Backup
			other.SHA256 = strings.Repeat("0", 64)
			c.Backup = &other
			return func() {}
		},
		"the backup, gone since": func(c *backup.Placing) func() {
			c.File += "x"
			return func() {}
		},
	} {
		before := fmt.Sprint(p.names())
		c := p.placing()
		undo := prepare(&c)
		if _, err := backup.Put(t.Context(), c); err == nil {
			t.Errorf("%s: it was done", name)
		}
		undo()
		if after := fmt.Sprint(p.names()); after != before {
			t.Errorf("%s: %v became %v", name, before, after)
		}
		if end := p.end(p.database); end != 4 {
			t.Errorf("%s: the trail ends at %d", name, end)
		}
	}
}

// TestPut_LeftByABrokenRestore_IsWrittenAnew, and a log without its database is taken for nobody's.
func TestPut_LeftByABrokenRestore_IsWrittenAnew(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{".restoring", ".restoring-wal", ".restoring.lock", "-wal"} {
		if err := os.WriteFile(p.database+name, []byte("half of it"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(p.database); err != nil {
		t.Fatal(err)
	}
	kept, err := backup.Put(t.Context(), p.placing())
	if err != nil || kept != "" {
		t.Fatalf("%q is kept, %v", kept, err)
	}
	if end := p.end(p.database); end != 4 {
		t.Errorf("the trail ends at %d", end)
	}
	for _, name := range p.names() {
		if strings.Contains(name, "restoring") || strings.HasSuffix(name, "db-wal") {
			t.Errorf("%s is there", name)
		}
	}
}

// FuzzReadManifest: whatever follows the pages of a database, it is read or refused.
func FuzzReadManifest(f *testing.F) {
	head := make([]byte, 4096)
	copy(head, "SQLite format 3\x00\x10\x00\x01\x01")
	head[31] = 1
	f.Add(append(head, "claviger backup\n{\"format\":1,\"size\":4096}\n00ff\n"...))
	f.Add(head)
	f.Add([]byte{})
	path := filepath.Join(f.TempDir(), "backup")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := backup.ReadManifest(path)
		if err == nil && s.Size+int64(len(s.Text)) > int64(len(b)) {
			t.Errorf("%d and %d bytes of %d", s.Size, len(s.Text), len(b))
		}
	})
}
