package install

import (
	"context"
	"errors"
	"fmt"
	"time"

	"claviger/internal/custody"
	"claviger/internal/rowmac"
	"claviger/store"
)

// ErrChanged means that the rows by which the installation knows itself are not as the service made
// them. Nothing is unwrapped then: whoever can put a key of their own in the place of the row key
// can sign any row.
var ErrChanged = errors.New("the database's installation or service keys were changed outside the " +
	"service: restore it from a backup")

// self is the one row of installation. The schema holds its column one to 1, so it isn't signed.
type self struct {
	id, root string
	created  time.Time
}

var selves = rowmac.Declare("installation", func(s *self) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("id", &s.id), rowmac.Text("root", &s.root), rowmac.Time("created", &s.created),
	}
})

var serviceKeys = rowmac.Declare("service_keys", func(m *custody.Material) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("name", &m.ID), rowmac.Word("kind", &m.Kind), rowmac.Text("root", &m.Root),
		rowmac.Text("mechanism", &m.Mechanism), rowmac.Bytes("wrapped", &m.Wrapped),
		rowmac.Bytes("public", &m.Public), rowmac.Bytes("verifier", &m.Check),
	}
})

const ofAll = "the installation is above accounts and Regions"

var (
	qInstallation       = store.Wide(`SELECT `+selves.Columns()+` FROM installation`, ofAll)
	qInsertInstallation = store.Wide(selves.InsertWith("one"), ofAll)
	qRemains            = store.Wide(`SELECT (SELECT count(*) FROM service_keys) +
		(SELECT count(*) FROM (SELECT batch FROM trail LIMIT 1))`, ofAll)
	qServiceKeys      = store.Wide(`SELECT `+serviceKeys.Columns()+` FROM service_keys`, ofAll)
	qInsertServiceKey = store.Wide(serviceKeys.Insert(), ofAll)
)

// Signer signs the two tables of this package, by the token's authenticator: the row key, which
// signs all others, is in one of them.
func Signer(id string, token Token) *rowmac.Signer {
	return rowmac.New(id, func(ctx context.Context, row []byte) ([]byte, error) {
		return token.Authenticate(ctx, "claviger installation", row)
	})
}

// loadSelf returns the installation's row, once it is known that the token holds its root and that
// the service wrote it.
func loadSelf(ctx context.Context, db *store.DB, token Token) (*self, error) {
	row := new(self)
	read, err := selves.Scan(func(dest ...any) error {
		return db.Row(qInstallation, nil, dest...)
	}, row)
	switch {
	case errors.Is(err, store.NoRow):
		return nil, absent(db)
	case err != nil:
		return nil, err
	case row.root != token.Root():
		return nil, ErrForeign
	}
	return row, changed(read.Verify(ctx, Signer(row.id, token)))
}

// absent says why a database has no installation: it is new, or its row was removed. Whoever made
// an installation there anew would lose all that is in it.
func absent(db *store.DB) error {
	var remains int
	err := db.Row(qRemains, nil, &remains)
	switch {
	case err != nil:
		return err
	case remains > 0:
		return fmt.Errorf("%w (the row of installation is missing)", ErrChanged)
	}
	return ErrAbsent
}

// loadServiceKeys returns the service's own keys by name, each of its kind and no others. Any
// of those that are made on first use may be missing: that one was there is known by the set of the
// table's rows.
func loadServiceKeys(ctx context.Context, db *store.DB, id string,
	token Token) (map[string]custody.Material, error) {
	rows, err := serviceKeys.Select(ctx, Signer(id, token), db, qServiceKeys)
	if err != nil {
		return nil, changed(err)
	}
	keys := map[string]custody.Material{}
	for _, m := range rows {
		if kind, own := ownKinds[m.ID]; !own || m.Kind != kind {
			return nil, fmt.Errorf("%w (a service key %q of kind %s)", ErrChanged, m.ID, m.Kind)
		}
		keys[m.ID] = *m
	}
	for _, name := range []string{identityKey, rowKey} {
		if _, ok := keys[name]; !ok {
			return nil, fmt.Errorf("%w (the service key %q is missing)", ErrChanged, name)
		}
	}
	return keys, nil
}

// changed says of a row that was edited what it means.
func changed(err error) error {
	if errors.Is(err, rowmac.ErrEdited) {
		return fmt.Errorf("%w (%w)", ErrChanged, err)
	}
	return err
}
