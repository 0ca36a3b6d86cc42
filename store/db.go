package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"

	"claviger/internal/fault"
)

// Config says which database to open.
type Config struct {
	Path    string       // the SQLite file; its directory must exist
	Log     *slog.Logger // nil: slog.Default
	Observe Observer     // nil: nobody

	// Committed is told of each batch of records once [DB.TrailNewest] says that it is durable, before
	// anybody is answered, and may keep the bytes: who follows the trail needn't read it back. It must
	// be quick. Now and then a batch is there of which it isn't told. at is in microseconds, as
	// [FromMicros] takes it. nil: nobody.
	Committed func(batch, at int64, records []byte)

	// Migrations make the schema, as [Migrations] has them; nil: the program's own. Tests add tables.
	Migrations fs.FS
}

// DB is an open database. All its methods are safe for use by several goroutines at once.
type DB struct {
	engine    engine
	lock      io.Closer     // nil when open for reading
	committer *committer    // nil when open for reading
	stopped   chan struct{} // closed when the committer has returned
	pool      *pool
	reads     atomic.Int64
	close     func() error
}

// Open opens the database for the one server it may have, creates it where there is none, and
// brings its schema up to date. It fails with [ErrLocked], [ErrNewer], [ErrChanged], [ErrHistory],
// [ErrSchema] or [ErrExposed] where these say why, and never waits for a lock.
func Open(ctx context.Context, c Config) (_ *DB, err error) {
	e, err := newSQLite(c.Path, true)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	db := newDB(e)
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("store: %w", err), db.release())
		}
	}()
	if db.lock, err = e.lock(); err != nil {
		return nil, err
	}
	if err := db.start(ctx, c); err != nil {
		return nil, err
	}
	return db, nil
}

func newDB(e engine) *DB {
	db := &DB{engine: e, stopped: make(chan struct{})}
	db.close = sync.OnceValue(db.shut)
	return db
}

// start migrates and sets the committer to work.
func (db *DB) start(ctx context.Context, c Config) error {
	made, err := schemaOf(c.Migrations)
	if err != nil {
		return err
	}
	conn, err := newConnection(ctx, db.engine, writing)
	if err != nil {
		return err
	}
	if err := migrate(conn, made.steps); err != nil {
		return errors.Join(err, conn.close())
	}
	w := &committer{queue: newQueue(c.Log), engine: db.engine, schema: made,
		log: c.Log, observe: c.Observe, tell: c.Committed}
	if err := w.adopt(conn); err != nil {
		return err
	}
	if db.pool, err = newPool(db.engine, made); err != nil {
		return errors.Join(err, conn.close())
	}
	if w.wal, err = newCheckpointer(ctx, db.engine, c.Log); err != nil {
		return errors.Join(err, conn.close())
	}
	db.committer = w
	go func() {
		defer close(db.stopped)
		w.run()
	}()
	return nil
}

// OpenReader opens the database for reading, beside a running server or without one. It takes no
// lock, migrates nothing and fails with [ErrOlder] or [ErrNewer] where the schema isn't this
// program's. Commit fails.
func OpenReader(ctx context.Context, path string) (*DB, error) {
	return openReader(path, nil)
}

func openReader(path string, migrations fs.FS) (*DB, error) {
	e, err := newSQLite(path, false)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return readerOf(e, migrations)
}

func readerOf(e *sqlite, migrations fs.FS) (*DB, error) {
	made, err := schemaOf(migrations)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if e.frozen { // its settings are no server's
		made = &schema{steps: made.steps, objects: made.objects, foreign: true}
	}
	db := newDB(e)
	if err = made.current(e); err == nil {
		db.pool, err = newPool(e, made)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), db.release())
	}
	return db, nil
}

// current refuses a database that other migrations have made. It comes before the schema is looked
// at, because it can say more.
func (s *schema) current(e engine) error {
	conn, err := newConnection(context.Background(), e, reading)
	if err != nil {
		return err
	}
	defer conn.close()
	left, err := pending(conn, s.steps)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("%w: it lacks %s", ErrOlder, left[0].name)
	}
	return nil
}

// Row reads one row of what is committed; see [Reader].
func (db *DB) Row(q *Query, args []any, dest ...any) error {
	return db.read(func(conn *connection) error { return conn.row(q, args, dest) })
}

// Rows reads rows of what is committed; see [Reader].
func (db *DB) Rows(q *Query, args []any, each func(scan func(dest ...any) error) error) error {
	return db.read(func(conn *connection) error { return conn.rows(q, args, each) })
}

// read reads, and calls the database unwell if somebody has changed its schema: a service whose
// answers are all in caches would else be ready for long.
func (db *DB) read(f func(*connection) error) error {
	db.reads.Add(1)
	err := db.pool.use(f)
	if errors.Is(err, ErrSchema) && db.committer != nil {
		db.committer.unwell(err)
	}
	return err
}

// Commit runs apply in the committer's next transaction, under a savepoint of its own, stores what
// record returns for its error in that same transaction, and returns once the disk has both.
//
// apply may be nil. If it fails, its savepoint is rolled back, its record is stored all the same,
// and Commit returns its error after the COMMIT. A panic in it is an error of kind Internal. record
// returns one line or several, or nil to store nothing. If the record can't be stored for certain,
// Commit returns a fault of kind Unavailable, or Internal if record panicked, and never apply's
// result: no record, no answer. If nobody can say whether it is there, it is one of kind Uncertain,
// after ten seconds at most: the disk may still take both, and then later reads see them.
//
// Both functions run on the committer's goroutine while everybody waits, and may run more than
// once: they compute and query, but call no device and no network, and use the database only
// through their Tx.
func (db *DB) Commit(apply func(*Tx) error, record func(error) []byte) error {
	if db.committer == nil {
		return fault.Of(errReadOnly)
	}
	r := &request{apply: apply, record: record, done: make(chan struct{}, 1)}
	if err := db.committer.put(r); err != nil {
		return notStored(err)
	}
	return db.committer.wait(r)
}

// Note has apply run in a transaction with others within about a second, for bookkeeping that
// nobody waits for and that may be lost with the process: a last use, say. Of the Notes of one key
// that wait, the newest counts. An error of apply is logged.
func (db *DB) Note(key string, apply func(*Tx) error) {
	if db.committer != nil {
		db.committer.note(key, apply)
	}
}

// Enter and Leave stand around a client's request that may end in a Commit. While fewer Commits
// wait than requests are in flight, the committer lets them catch up for a moment, so that one
// fsync serves more of them.
func (db *DB) Enter() { db.inFlight(1) }

// Leave ends what Enter began.
func (db *DB) Leave() { db.inFlight(-1) }

func (db *DB) inFlight(n int64) {
	if db.committer != nil {
		db.committer.queue.inFlight.Add(n)
	}
}

// Close serves the Commits and Notes that wait, lets reads end, moves the log into the database and
// lets the next server in. What comes later fails. Closing again does nothing and returns the same.
// With a disk that hangs it returns [ErrHangs] after some seconds, and all that is left is to end
// the process: whoever waited is told that nobody knows, and the lock is kept.
func (db *DB) Close() error { return db.close() }

// shut stops the committer first, because its last batches still need everything else.
func (db *DB) shut() error {
	c := db.committer
	if c == nil {
		return db.release()
	}
	c.close()
	if !c.stopped(db.stopped) {
		return fmt.Errorf("store: %w", ErrHangs)
	}
	return within(finishWithin, func() error { return errors.Join(c.wal.close(), db.release()) })
}

// release closes what is open, the committer's connection last.
func (db *DB) release() error {
	var err error
	if db.pool != nil {
		err = db.pool.close()
	}
	if c := db.committer; c != nil && c.conn != nil {
		err = errors.Join(err, db.engine.finish(c.conn), c.conn.close())
	}
	if db.lock != nil {
		err = errors.Join(err, db.lock.Close())
	}
	return err
}
