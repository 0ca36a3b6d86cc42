package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

// session is one connection and the statements prepared on it. One goroutine uses it at a time.
type session struct {
	engine   engine
	db       *sql.DB
	conn     *sql.Conn
	raw      driver.Conn
	prepared map[*Query]*prepared
}

// prepared is a statement that waits for its next use. SQLite runs a statement once at a time: starting it again
// while its rows are being read would end that reading without a word, so a busy one is never taken.
type prepared struct {
	*sql.Stmt
	busy bool
}

type connector struct {
	engine engine
	role   role
}

// Connect is how database/sql opens a connection; the engine has the settings.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	return c.engine.connect(ctx, c.role)
}

func (c connector) Driver() driver.Driver { return nil }

// newSession opens a connection of its own for the role.
func newSession(ctx context.Context, e engine, r role) (*session, error) {
	s := &session{engine: e, db: sql.OpenDB(connector{e, r}), prepared: map[*Query]*prepared{}}
	s.db.SetMaxOpenConns(1)
	var err error
	if s.conn, err = s.db.Conn(ctx); err == nil {
		err = s.conn.Raw(func(c any) error { s.raw = c.(driver.Conn); return nil })
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close drops the connection, whatever state it is in.
func (s *session) close() error {
	var err error
	for _, p := range s.prepared {
		err = errors.Join(err, p.Close())
	}
	if s.conn != nil {
		err = errors.Join(err, s.conn.Close())
	}
	return errors.Join(err, s.db.Close())
}

// alive reports whether a transaction is open.
func (s *session) alive() bool { return s.engine.alive(s.raw) }

// statement returns q prepared, and what must be called after its use.
func (s *session) statement(q *Query, args []any) (*sql.Stmt, func(), error) {
	if err := q.accepts(args); err != nil {
		return nil, nil, err
	}
	p := s.prepared[q]
	if p != nil && !p.busy {
		p.busy = true
		return p.Stmt, func() { p.busy = false }, nil
	}
	// No context may ever be cancelled here: the driver would interrupt the connection and with it everybody.
	stmt, err := s.conn.PrepareContext(context.Background(), q.text)
	if err != nil {
		return nil, nil, err
	}
	if p != nil {
		return stmt, func() { stmt.Close() }, nil
	}
	p = &prepared{stmt, true}
	s.prepared[q] = p
	return stmt, func() { p.busy = false }, nil
}

// accepts refuses what the driver would bind without complaint and the next reader would not understand.
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

// exec runs a statement to its end. One that answers rows would stop at the first, stay open, and so keep the
// transaction from its COMMIT; it is refused before it runs.
func (s *session) exec(q *Query, args ...any) (int64, error) {
	if q.rows {
		return 0, q.fault(errors.New("it answers rows: use Row or Rows"))
	}
	stmt, free, err := s.statement(q, args)
	if err != nil {
		return 0, s.explain(q, err)
	}
	defer free()
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, s.explain(q, err)
	}
	return result.RowsAffected()
}

// row reads the first row into dest and closes the statement.
func (s *session) row(q *Query, args, dest []any) error {
	stmt, free, err := s.statement(q, args)
	if err != nil {
		return s.explain(q, err)
	}
	defer free()
	err = stmt.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return NoRow
	}
	return s.explain(q, err)
}

// rows closes the statement however the reading ends, also when each panics: an open one would hold its snapshot.
func (s *session) rows(q *Query, args []any, each func(func(...any) error) error) error {
	stmt, free, err := s.statement(q, args)
	if err != nil {
		return s.explain(q, err)
	}
	defer free()
	rows, err := stmt.QueryContext(context.Background(), args...)
	if err != nil {
		return s.explain(q, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return s.explain(q, rows.Err())
}

// explain names the statement that failed, and recognises the two failures that somebody acts on.
func (s *session) explain(q *Query, err error) error {
	if err == nil {
		return nil
	}
	switch {
	case s.engine.verdict(err) == unique:
		return fmt.Errorf("%w: %s: %w", Exists, q.at, err)
	case s.engine.crowded(err):
		return fmt.Errorf("%w: %s: %w", ErrFull, q.at, err)
	}
	return q.fault(err)
}

// fault says at which declaration an error arose. Arguments are left out, for they may be secret.
func (q *Query) fault(err error) error { return fmt.Errorf("%s: %w", q.at, err) }

// script runs a text of several statements, which take no arguments and whose rows nobody reads.
func (s *session) script(text string) error {
	_, err := s.conn.ExecContext(context.Background(), text)
	if s.engine.crowded(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

var (
	begin    = internal("BEGIN IMMEDIATE")
	commit   = internal("COMMIT")
	rollback = internal("ROLLBACK")
)

// transact runs f in a transaction of its own, outside the committer: to migrate, and to prove a connection.
func (s *session) transact(f func() error) error {
	if _, err := s.exec(begin); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = s.exec(commit)
	}
	if err != nil && s.alive() {
		_, undo := s.exec(rollback)
		err = errors.Join(err, undo)
	}
	return err
}
