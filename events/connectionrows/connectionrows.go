// Package connectionrows is the rows of connections and of API destinations: signed, cached, and
// changed against the revision that was read.
package connectionrows

import (
	"context"
	"errors"

	"claviger/events/connection"
	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/store"
)

// Rows are the connections and API destinations of an installation as they rest.
type Rows struct {
	db           *store.DB
	signer       *rowmac.Signer
	connections  *domain.Cache[connection.Ref, *connection.Connection]
	destinations *domain.Cache[connection.Ref, *connection.APIDestination]
}

// Bounds of the caches.
const (
	cached    = 4096
	keptBytes = 16 << 10 // of what is sealed and shown
)

// New returns the rows of a database, signed by signer.
func New(db *store.DB, signer *rowmac.Signer) *Rows {
	weigh := func(c *connection.Connection) int { return len(c.Sealed) }
	return &Rows{db: db, signer: signer,
		connections:  domain.NewCache[connection.Ref](cached, keptBytes, weigh),
		destinations: domain.NewCache[connection.Ref, *connection.APIDestination](cached, 0, nil)}
}

var connectionRows = rowmac.Declare("event_connections",
	func(c *connection.Connection) []rowmac.Column {
		return []rowmac.Column{
			rowmac.Text("account", &c.Account),
			rowmac.Text("region", &c.Region),
			rowmac.Text("name", &c.Name),
			rowmac.Text("id", &c.ID),
			rowmac.Integer("rev", &c.Rev),
			rowmac.Text("description", &c.Description),
			rowmac.Text("auth_type", &c.Type),
			rowmac.Text("state", &c.State),
			rowmac.Text("reason", &c.Reason),
			rowmac.JSON("shown", &c.Shown),
			rowmac.Text("key_id", &c.KeyID),
			rowmac.Text("key_arn", &c.KeyARN),
			rowmac.Integer("epoch", &c.Epoch),
			rowmac.Bytes("sealed", &c.Sealed),
			rowmac.Time("created", &c.Created),
			rowmac.Time("modified", &c.Modified),
			rowmac.Time("authorized", &c.Authorized),
		}
	})

var destinationRows = rowmac.Declare("event_destinations",
	func(d *connection.APIDestination) []rowmac.Column {
		return []rowmac.Column{
			rowmac.Text("account", &d.Account),
			rowmac.Text("region", &d.Region),
			rowmac.Text("name", &d.Name),
			rowmac.Text("id", &d.ID),
			rowmac.Integer("rev", &d.Rev),
			rowmac.Text("description", &d.Description),
			rowmac.Text("connection", &d.ConnectionARN),
			rowmac.Text("endpoint", &d.Endpoint),
			rowmac.Text("method", &d.Method),
			rowmac.Integer("rate", &d.Rate),
			rowmac.Time("created", &d.Created),
			rowmac.Time("modified", &d.Modified),
		}
	})

// rowKey is how many columns say which one a row is, the id among them: what is made again under a
// name begins with revision 1 again, and is another.
const rowKey = 4

var (
	qConnection = store.SQL(`SELECT ` + connectionRows.Columns() + ` FROM event_connections
		WHERE account = $1 AND region = $2 AND name = $3`)
	qConnections = store.SQL(`SELECT ` + connectionRows.Columns() + ` FROM event_connections
		WHERE account = $1 AND region = $2 AND name > $3 AND name >= $4 AND name < $5
		ORDER BY name LIMIT $6`)
	qCountConnections = store.SQL(`SELECT count(*) FROM event_connections
		WHERE account = $1 AND region = $2`)
	qInsertConnection = store.SQL(connectionRows.Insert())
	qUpdateConnection = store.SQL(connectionRows.Update(rowKey))
	qDeleteConnection = store.SQL(`DELETE FROM event_connections
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND rev = $5`)

	qDestination = store.SQL(`SELECT ` + destinationRows.Columns() + ` FROM event_destinations
		WHERE account = $1 AND region = $2 AND name = $3`)
	qDestinations = store.SQL(`SELECT ` + destinationRows.Columns() + ` FROM event_destinations
		WHERE account = $1 AND region = $2 AND name > $3 AND name >= $4 AND name < $5
		ORDER BY name LIMIT $6`)
	qCountDestinations = store.SQL(`SELECT count(*) FROM event_destinations
		WHERE account = $1 AND region = $2`)
	qInsertDestination = store.SQL(destinationRows.Insert())
	qUpdateDestination = store.SQL(destinationRows.Update(rowKey))
	qDeleteDestination = store.SQL(`DELETE FROM event_destinations
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND rev = $5`)
)

// Connection returns a connection, or nil if there is none.
func (s *Rows) Connection(ctx context.Context, ref connection.Ref) (*connection.Connection, error) {
	return s.connections.Get(ref, func() (*connection.Connection, error) {
		return connectionRows.Load(ctx, s.signer, s.db, qConnection,
			[]any{ref.Account, ref.Region, ref.Name})
	})
}

// Destination returns an API destination, or nil if there is none.
func (s *Rows) Destination(ctx context.Context,
	ref connection.Ref) (*connection.APIDestination, error) {
	return s.destinations.Get(ref, func() (*connection.APIDestination, error) {
		return destinationRows.Load(ctx, s.signer, s.db, qDestination,
			[]any{ref.Account, ref.Region, ref.Name})
	})
}

// last is behind every name that begins with a prefix.
func last(prefix string) string { return prefix + "\x7f" }

// Connections returns at most n connections whose names follow a name and begin with a prefix.
func (s *Rows) Connections(ctx context.Context, account, region, prefix, after string,
	n int) ([]*connection.Connection, error) {
	return connectionRows.Select(ctx, s.signer, s.db, qConnections, account, region, after, prefix,
		last(prefix), n)
}

// Destinations returns at most n API destinations whose names follow a name and begin with a
// prefix.
func (s *Rows) Destinations(ctx context.Context, account, region, prefix, after string,
	n int) ([]*connection.APIDestination, error) {
	return destinationRows.Select(ctx, s.signer, s.db, qDestinations, account, region, after, prefix,
		last(prefix), n)
}

// statements change the rows of one kind.
type statements struct{ insert, update, remove, count *store.Query }

var (
	ofConnections = statements{qInsertConnection, qUpdateConnection, qDeleteConnection,
		qCountConnections}
	ofDestinations = statements{qInsertDestination, qUpdateDestination, qDeleteDestination,
		qCountDestinations}
)

// revision is which row there was.
type revision struct {
	connection.Ref
	id  string
	rev int64
}

// change returns what makes a row of another one. There is no row before or after where the
// revision or the values lack.
func (q statements) change(ref connection.Ref, before *revision, values []any) domain.Change {
	switch {
	case values == nil:
		return func(tx *store.Tx) error {
			return tx.Change(q.remove, ref.Account, ref.Region, ref.Name, before.id, before.rev)
		}
	case before != nil:
		args := rowmac.Over(values, rowKey, before.rev)
		return func(tx *store.Tx) error { return tx.Change(q.update, args...) }
	}
	return func(tx *store.Tx) error {
		if _, err := tx.Exec(q.insert, values...); err != nil {
			if errors.Is(err, store.Exists) {
				return store.Stale
			}
			return err
		}
		return nil
	}
}

// Full reports whether there are as many connections, or API destinations, as there may be.
func (s *Rows) Full(account, region string, destinations bool) (bool, error) {
	q := ofConnections.count
	if destinations {
		q = ofDestinations.count
	}
	var n int64
	err := s.db.Row(q, []any{account, region}, &n)
	return n >= connection.MostOfEachKind, err
}

// ChangeConnection signs a connection's row and returns what stores it. There is none before or
// after where that is nil.
func (s *Rows) ChangeConnection(ctx context.Context,
	before, after *connection.Connection) (domain.Change, error) {
	var values []any
	var was *revision
	var err error
	if before != nil {
		was = &revision{before.Ref, before.ID, before.Rev}
	}
	ref := refOf(before, after)
	if after != nil {
		if values, err = connectionRows.Sign(ctx, s.signer, after); err != nil {
			return nil, err
		}
	}
	return domain.InOrder(ofConnections.change(ref, was, values), func(tx *store.Tx) error {
		s.connections.Drop(tx, ref)
		return nil
	}), nil
}

func refOf(before, after *connection.Connection) connection.Ref {
	if after == nil {
		return before.Ref
	}
	return after.Ref
}

// ChangeDestination is [Rows.ChangeConnection] of an API destination.
func (s *Rows) ChangeDestination(ctx context.Context,
	before, after *connection.APIDestination) (domain.Change, error) {
	var values []any
	var was *revision
	var err error
	if before != nil {
		was = &revision{before.Ref, before.ID, before.Rev}
	}
	one := after
	if one == nil {
		one = before
	} else if values, err = destinationRows.Sign(ctx, s.signer, after); err != nil {
		return nil, err
	}
	return domain.InOrder(ofDestinations.change(one.Ref, was, values), func(tx *store.Tx) error {
		s.destinations.Drop(tx, one.Ref)
		return nil
	}), nil
}
