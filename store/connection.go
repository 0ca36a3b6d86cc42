package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

// connection is one connection to the database and the statements prepared on it. One goroutine
// uses it at a time.
type connection struct {
	engine   engine
	db       *sql.DB
	pinned   *sql.Conn // the only one of db
	raw      driver.Conn
	prepared map[*Query]*prepared

	inspected bool  // its schema was found to be the program's
	version   int64 // ... at this schema_version
	changed   bool  // temp.row_changes may hold something
}

// prepared is a statement that waits for its next use. SQLite runs a statement once at a time:
// starting it again while its rows are being read would end that reading without a word, so a busy
// one is never taken.
type prepared struct {
	*sql.Stmt
	busy bool
}

type connector struct {
	engine engine
	role   role
}

// Connect is how database/sql opens a connection; the engine has the settings.
func (k connector) Connect(ctx context.Context) (driver.Conn, error) {
	return k.engine.connect(ctx, k.role)
}

func (connector) Driver() driver.Driver { return nil }

// newConnection opens a connection of its own for the role.
func newConnection(ctx context.Context, e engine, r role) (*connection, error) {
	c := &connection{engine: e, db: sql.OpenDB(connector{e, r}), prepared: map[*Query]*prepared{}}
	c.db.SetMaxOpenConns(1)
	var err error
	if c.pinned, err = c.db.Conn(ctx); err == nil {
		err = c.pinned.Raw(func(raw any) error { c.raw = raw.(driver.Conn); return nil })
	}
	if err == nil && r == writing {
		err = e.define(c.raw, rowChanged, c.rowChanged)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// close drops the connection, whatever state it is in.
func (c *connection) close() error {
	var err error
	for _, p := range c.prepared {
		err = errors.Join(err, p.Close())
	}
	if c.pinned != nil {
		err = errors.Join(err, c.pinned.Close())
	}
	return errors.Join(err, c.db.Close())
}

// alive reports whether a transaction is open.
func (c *connection) alive() bool { return c.engine.alive(c.raw) }

// statement returns q prepared, and what must be called after its use.
func (c *connection) statement(q *Query, args []any) (*sql.Stmt, func(), error) {
	if err := q.accepts(args); err != nil {
		return nil, nil, err
	}
	p := c.prepared[q]
	if p != nil && !p.busy {
		p.busy = true
		return p.Stmt, func() { p.busy = false }, nil
	}
	// No context may ever be cancelled here: the driver would interrupt the connection
	// and with it everybody.
	stmt, err := c.pinned.PrepareContext(context.Background(), q.text)
	if err != nil {
		return nil, nil, err
	}
	if p != nil {
		return stmt, func() { stmt.Close() }, nil
	}
	p = &prepared{stmt, true}
	c.prepared[q] = p
	return stmt, func() { p.busy = false }, nil
}

// accepts refuses what the driver would bind without complaint and the next
// reader would not understand.
func (q *Query) accepts(args []any) error {
	if len(args) != q.params {
		return fmt.Errorf("%d arguments for %d placeholders", len(args), q.params)
	}
	for i, arg := range args {
		switch arg.(type) {
		case time.Time, *time.Time, time.Duration:
			return fmt.Errorf("argument $%d is a %T: times are integer microseconds", i+1, arg)
		}
	}
	return nil
}

// exec runs a statement to its end. One that answers rows would stop at the first, stay open, and
// so keep the transaction from its COMMIT; it is refused before it runs.
func (c *connection) exec(q *Query, args ...any) (int64, error) {
	if q.rows {
		return 0, q.fault(errors.New("it answers rows: use Row or Rows"))
	}
	stmt, free, err := c.statement(q, args)
	if err != nil {
		return 0, c.explain(q, err)
	}
	defer free()
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, c.explain(q, err)
	}
	return result.RowsAffected()
}

// row reads the first row into dest and closes the statement.
func (c *connection) row(q *Query, args, dest []any) error {
	stmt, free, err := c.statement(q, args)
	if err != nil {
		return c.explain(q, err)
	}
	defer free()
	err = stmt.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return NoRow
	}
	return c.explain(q, err)
}

// rows closes the statement however the reading ends, also when each panics: an open one would hold
// its snapshot.
func (c *connection) rows(q *Query, args []any, each func(func(...any) error) error) error {
	stmt, free, err := c.statement(q, args)
	if err != nil {
		return c.explain(q, err)
	}
	defer free()
	rows, err := stmt.QueryContext(context.Background(), args...)
	if err != nil {
		return c.explain(q, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return c.explain(q, rows.Err())
}

// explain names the statement that failed, and recognises the two failures that somebody acts on.
func (c *connection) explain(q *Query, err error) error {
	if err == nil {
		return nil
	}
	switch {
	case c.engine.verdict(err) == unique:
		return fmt.Errorf("%w: %s: %w", Exists, q.at, err)
	case c.engine.outOfSpace(err):
		return fmt.Errorf("%w: %s: %w", ErrFull, q.at, err)
	}
	return q.fault(err)
}

// fault says at which declaration an error arose. Arguments are left out, for they may be secret.
func (q *Query) fault(err error) error { return fmt.Errorf("%s: %w", q.at, err) }

// script runs a text of several statements, which take no arguments and whose rows nobody reads.
func (c *connection) script(text string) error {
	_, err := c.pinned.ExecContext(context.Background(), text)
	if c.engine.outOfSpace(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

var (
	begin    = internal("BEGIN IMMEDIATE")
	commit   = internal("COMMIT")
	rollback = internal("ROLLBACK")
)

// transact runs f in a transaction of its own, outside the committer: to migrate, and
// to prove a connection.
func (c *connection) transact(f func() error) error {
	if _, err := c.exec(begin); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = c.exec(commit)
	}
	if err != nil && c.alive() {
		_, undo := c.exec(rollback)
		err = errors.Join(err, undo)
	}
	return err
}
