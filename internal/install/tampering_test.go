package install_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/install"
	"claviger/store/storetest"
)

// original is a database with an installation, of which each test edits a copy.
type original struct {
	device *hsm.Token
	path   string
}

func newOriginal(t *testing.T, device *hsm.Token) original {
	t.Helper()
	o := original{device, file(t)}
	db := storetest.Open(t, o.path)
	if _, err := install.Create(t.Context(), db, device, now); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, db, device).Key(t.Context(), install.CheckpointKey); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return o
}

// refuses edits a copy and wants it refused with one sentence that says what to do, before anything
// was unwrapped.
func (o original) refuses(t *testing.T, name, statement string, args ...any) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		whole, err := os.ReadFile(o.path)
		if err != nil {
			t.Fatal(err)
		}
		copied := file(t)
		if err := os.WriteFile(copied, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		storetest.Edit(t, copied, statement, args...)
		o.device.Forget("row-mac")
		o.device.Forget("identity")
		o.device.Forget(install.CheckpointKey)
		_, err = install.Load(t.Context(), storetest.Open(t, copied), o.device)
		if !errors.Is(err, install.ErrChanged) && !errors.Is(err, install.ErrForeign) {
			t.Fatalf("it was loaded, or refused otherwise: %v", err)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one sentence: %v", err)
		}
		if n := o.device.Stats().Handles; n != 0 {
			t.Errorf("%d keys were unwrapped before: %v", n, err)
		}
	})
}

// TestLoad_AnyColumnEdited_IsRefused edits every column of every row by which the installation
// knows itself: one blank more in a text, one bit in bytes, one more in a number.
func TestLoad_AnyColumnEdited_IsRefused(t *testing.T) {
	o := newOriginal(t, token(t))
	db, err := sql.Open("sqlite3", o.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	edits := 0
	for _, table := range []string{"installation", "service_keys"} {
		rows, err := db.Query(`SELECT * FROM ` + table)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			for i, column := range columns {
				if column == "one" { // the schema fixes it
					continue
				}
				edits++
				o.refuses(t, fmt.Sprintf("%s of %v in %s", column, values[0], table), fmt.Sprintf(
					`UPDATE %s SET %s = ?1 WHERE %s = ?2`, table, column, columns[0]),
					editedValue(values[i]), values[0])
			}
		}
	}
	if edits != 4+3*8 {
		t.Errorf("%d columns were edited", edits)
	}
}

// editedValue is the least that can be changed of a value.
func editedValue(v any) any {
	switch v := v.(type) {
	case nil:
		return []byte{0}
	case int64:
		return v + 1
	case []byte:
		return append([]byte{v[0] ^ 1}, v[1:]...)
	}
	return fmt.Sprint(v, " ")
}

// TestLoad_RowsMovedAddedOrMissing_IsRefused: what is whole in one row is not in another.
func TestLoad_RowsMovedAddedOrMissing_IsRefused(t *testing.T) {
	device := token(t)
	o, other := newOriginal(t, device), newOriginal(t, device)
	attach := `ATTACH '` + other.path + `' AS other; `
	exchange := func(columns string) string {
		return `UPDATE service_keys SET (` + columns + `) = (SELECT ` + columns +
			` FROM service_keys x WHERE x.name <> service_keys.name)`
	}
	for name, statement := range map[string]string{
		"row key lost":          `DELETE FROM service_keys WHERE name = 'row-mac'`,
		"identity key lost":     `DELETE FROM service_keys WHERE name = 'identity'`,
		"both keys lost":        `DELETE FROM service_keys`,
		"row key emptied":       `UPDATE service_keys SET wrapped = x'' WHERE name = 'row-mac'`,
		"wrapped forms swapped": exchange("wrapped"),
		"keys swapped":          exchange("kind, root, mechanism, wrapped, verifier"),
		"all but names swapped": exchange("kind, root, mechanism, wrapped, verifier, mac"),
		"a key added": `INSERT INTO service_keys (name, kind, root, mechanism, wrapped, verifier, mac)
			SELECT 'third', kind, root, mechanism, wrapped, verifier, mac FROM service_keys
			WHERE name = 'identity'`,
		"a key renamed": `UPDATE service_keys SET name = 'third' WHERE name = 'identity'`,
		"keys of another installation": attach + `DELETE FROM service_keys;
			INSERT INTO service_keys SELECT * FROM other.service_keys`,
		"row key of another installation": attach + `DELETE FROM service_keys WHERE name = 'row-mac';
			INSERT INTO service_keys SELECT * FROM other.service_keys WHERE name = 'row-mac'`,
		"row of the installation lost": `DELETE FROM installation`,
		"all lost but the trail": `INSERT INTO trail (batch, at, records) VALUES (1, 1, x'00');
			DELETE FROM installation; DELETE FROM service_keys`,
		"row of another installation": attach + `DELETE FROM installation;
			INSERT INTO installation SELECT * FROM other.installation`,
	} {
		o.refuses(t, name, statement)
	}
}

// TestLoad_ServiceKeyOfAnotherKind_IsRefused: even one that the authenticator vouches for. No KMS
// key has the kind of a service key.
func TestLoad_ServiceKeyOfAnotherKind_IsRefused(t *testing.T) {
	device := token(t)
	o := newOriginal(t, device)
	for name, kind := range map[string]custody.Kind{
		"row-mac": custody.HMAC256, "identity": custody.AES256,
	} {
		m, err := device.Generate(t.Context(), name, kind)
		if err != nil {
			t.Fatal(err)
		}
		db := storetest.Open(t, o.path)
		signer := install.Signer(load(t, db, device).ID, device)
		mac, err := signer.Sign(t.Context(), "service_keys", m.ID, string(m.Kind), m.Root,
			m.Mechanism, m.Wrapped, m.Check)
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		o.refuses(t, name, `UPDATE service_keys SET kind = ?1, wrapped = ?2, verifier = ?3, mac = ?4
			WHERE name = ?5`, string(m.Kind), m.Wrapped, m.Check, mac, name)
	}
}

// TestLoad_TokenWithoutItsAuthenticator_IsRefused: a database whose root the token holds and whose
// authenticator it doesn't.
func TestLoad_TokenWithoutItsAuthenticator_IsRefused(t *testing.T) {
	o := newOriginal(t, token(t))
	stranger := hsmtest.Open(t, hsmtest.SoftHSM(t))
	db := storetest.Open(t, o.path)
	_, err := install.Load(t.Context(), db, asRoot{stranger, o.device.Root()})
	if !errors.Is(err, install.ErrChanged) {
		t.Errorf("under another authenticator: %v", err)
	}
}

// asRoot is a token that says it holds another root.
type asRoot struct {
	*hsm.Token
	root string
}

func (r asRoot) Root() string { return r.root }
