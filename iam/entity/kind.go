package entity

import (
	"context"
	"errors"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/store"
)

// entities is what the rows of a kind are read into.
type entities[E any] interface {
	*E
	head() *Head
	links() []link // what the row says of others
	compile()      // after it was read: its documents
	weight() int   // about how many bytes it takes then
}

// kind is one table of entities.
type kind[E any, P entities[E]] struct {
	table *rowmac.Table[E]

	qByID, qByName, qOwner, qList, qCount, qInsert, qUpdate, qDelete, qPresent *store.Query
}

// kindKey is how many columns say which entity a row is.
const kindKey = 2

// declare makes the kind of a table. fields are the columns behind those of the head.
func declare[E any, P entities[E]](name string, fields func(*E) []rowmac.Column) *kind[E, P] {
	t := rowmac.Declare(name, func(e *E) []rowmac.Column {
		h := P(e).head()
		return append([]rowmac.Column{
			rowmac.Text("account", &h.Account),
			rowmac.Text("id", &h.ID),
			rowmac.Integer("rev", &h.Rev),
			rowmac.Text("name", &h.Name),
			rowmac.Text("path", &h.Path),
			rowmac.Time("created", &h.Created),
		}, fields(e)...)
	})
	from := ` FROM ` + name + ` WHERE account = $1`
	return &kind[E, P]{table: t,
		qByID:   store.AccountSQL(`SELECT ` + t.Columns() + from + ` AND id = $2`),
		qByName: store.AccountSQL(`SELECT ` + t.Columns() + from + ` AND name = $2`),
		qOwner: store.Wide(`SELECT account FROM `+name+` WHERE id = $1`,
			"a policy that names an entity by its id doesn't say whose it is"),
		qList: store.AccountSQL(`SELECT ` + t.Columns() + from +
			` AND name > $2 AND substr(path, 1, length($3)) = $3 ORDER BY name LIMIT $4`),
		qCount:   store.AccountSQL(`SELECT count(*)` + from),
		qInsert:  store.AccountSQL(t.Insert()),
		qUpdate:  store.AccountSQL(t.Update(kindKey)),
		qDelete:  store.AccountSQL(`DELETE` + from + ` AND id = $2 AND rev = $3`),
		qPresent: store.AccountSQL(`SELECT 1` + from + ` AND id = $2`),
	}
}

// ref says which entity of a kind is meant, by id or by name.
type ref struct{ account, name string }

// Rows are the entities of one kind. They are shared: who changes one copies it first.
type Rows[E any, P entities[E]] struct {
	*kind[E, P]
	directory    *Directory
	byID, byName *domain.Cache[ref, *E]
	owners       *domain.Cache[string, string] // accounts by unique ids
}

// The bounds of each cache of entities. A row has some KiB, and ten thousand usual ones are kept;
// what an account makes as large as it may take a hundred times as much.
const (
	cachedEntities = 16384
	cachedBytes    = 64 << 20
)

func newRows[E any, P entities[E]](d *Directory, k *kind[E, P]) *Rows[E, P] {
	cache := func() *domain.Cache[ref, *E] {
		return domain.NewWeighedCache[ref](cachedEntities, cachedBytes,
			func(e *E) int { return P(e).weight() })
	}
	return &Rows[E, P]{kind: k, directory: d, byID: cache(), byName: cache(),
		owners: domain.NewCache[string, string](cachedEntities, 0, nil)}
}

// ByID returns the entity of a unique id, nil if the account has none.
func (r *Rows[E, P]) ByID(ctx context.Context, account, id string) (*E, error) {
	at := ref{account, id}
	return r.byID.Get(at, func() (*E, error) { return r.load(ctx, r.qByID, at) })
}

// ByName returns the entity of a name, whatever its case; nil if the account has none.
func (r *Rows[E, P]) ByName(ctx context.Context, account, name string) (*E, error) {
	at := ref{account, fold(name)}
	return r.byName.Get(at, func() (*E, error) { return r.load(ctx, r.qByName, at) })
}

// fold is a name without its case, as SQLite's NOCASE compares it: letters of ASCII.
func fold(name string) string {
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func (r *Rows[E, P]) load(ctx context.Context, q *store.Query, at ref) (*E, error) {
	e, err := r.table.Load(ctx, r.directory.signer, r.directory.db, q, []any{at.account, at.name})
	if err != nil {
		return nil, err
	}
	P(e).compile()
	return e, nil
}

// List returns at most limit entities of an account in order of name, whose names follow after and
// whose paths begin with prefix.
func (r *Rows[E, P]) List(ctx context.Context, account, prefix, after string, limit int) (
	[]*E, error) {
	return r.table.Select(ctx, r.directory.signer, r.directory.db, r.qList, account, after, prefix,
		limit)
}

// Count returns how many entities of the kind an account has.
func (r *Rows[E, P]) Count(account string) (n int, err error) {
	err = r.directory.db.Row(r.qCount, []any{account}, &n)
	return n, err
}

// Insert prepares the making of an entity. If there is one of its name meanwhile, it is stale.
func (r *Rows[E, P]) Insert(ctx context.Context, e *E) (domain.Change, error) {
	values, err := r.table.Sign(ctx, r.directory.signer, e)
	if err != nil {
		return nil, err
	}
	return r.change(P(e).head(), nil, P(e).links(), func(tx *store.Tx) error {
		_, err := tx.Exec(r.qInsert, values...)
		if errors.Is(err, store.Exists) {
			return store.Stale
		}
		return err
	}), nil
}

// Update prepares the change of an entity. It is stale if somebody else changed it since.
func (r *Rows[E, P]) Update(ctx context.Context, from, to *E) (domain.Change, error) {
	before, after := P(from).head(), P(to).head()
	after.Rev = before.Rev + 1
	values, err := r.table.Sign(ctx, r.directory.signer, to)
	if err != nil {
		return nil, err
	}
	change := r.change(before, P(from).links(), P(to).links(), func(tx *store.Tx) error {
		err := tx.Change(r.qUpdate, rowmac.Over(values, kindKey, before.Rev)...)
		if errors.Is(err, store.Exists) {
			return store.Stale // of the new name there is another by now
		}
		return err
	})
	return domain.InOrder(change, func(tx *store.Tx) error {
		r.byName.Drop(tx, ref{after.Account, fold(after.Name)})
		return nil
	}), nil
}

// Delete is the change that deletes an entity for good. It is stale as [Rows.Update] is.
func (r *Rows[E, P]) Delete(e *E) domain.Change {
	h := P(e).head()
	return r.change(h, P(e).links(), nil, func(tx *store.Tx) error {
		return tx.Change(r.qDelete, h.Account, h.ID, h.Rev)
	})
}

// Present is the change that goes before another which relies on an entity: it is stale if that is
// gone by then.
func (r *Rows[E, P]) Present(account, id string) domain.Change {
	return func(tx *store.Tx) error {
		var there int
		err := tx.Row(r.qPresent, []any{account, id}, &there)
		if domain.IsNoRow(err) {
			return store.Stale
		}
		return err
	}
}

// change is what every change of an entity does besides that of its row: caches forget it once it
// is committed.
func (r *Rows[E, P]) change(h *Head, before, after []link, row domain.Change) domain.Change {
	return func(tx *store.Tx) error {
		r.byID.Drop(tx, ref{h.Account, h.ID})
		r.byName.Drop(tx, ref{h.Account, fold(h.Name)})
		tx.After(r.directory.changed)
		if err := row(tx); err != nil {
			return err
		}
		return relink(tx, h, before, after)
	}
}
