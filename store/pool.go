package store

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

const (
	readers      = 4                     // connections kept; more would only wait for the processors
	readersLimit = 64                    // connections at most
	readersWait  = 10 * time.Millisecond // how long to wait for one of the kept before opening another
)

// pool hands out connections for reading. Callers normally wait a moment for one of the few that
// are kept. But a caller may read again while it reads, and so hold one and wait for another; when
// everybody does, nobody would ever return one. So a wait ends in a connection more.
type pool struct {
	engine engine
	schema *schema
	idle   chan *connection
	opened chan struct{} // a token for every open connection
	closed atomic.Bool
}

// newPool opens a first connection, so that a database that can't be read is found out at once.
func newPool(e engine, s *schema) (*pool, error) {
	p := &pool{engine: e, schema: s,
		idle: make(chan *connection, readers), opened: make(chan struct{}, readersLimit)}
	conn, err := p.open()
	if err != nil {
		return nil, err
	}
	p.put(conn)
	return p, nil
}

// use calls f with a connection of its own. What f has read counts only if the schema was the
// program's meanwhile: a view in a table's place answers anything. It is looked at afterwards,
// because it may have become another at any time before.
func (p *pool) use(f func(*connection) error) error {
	conn, err := p.take()
	if err != nil {
		return unavailable.Because(err)
	}
	defer p.put(conn)
	err = blame(p.engine, f(conn))
	moved, failure := p.schema.moved(conn)
	if failure == nil && moved {
		failure = p.schema.hold(conn)
	}
	if failure != nil {
		return unavailable.Because(errors.Join(failure, err))
	}
	return err
}

// take prefers a connection that is idle, then a new one up to the number kept, then a short wait.
func (p *pool) take() (*connection, error) {
	if p.closed.Load() {
		return nil, errClosed
	}
	select {
	case conn := <-p.idle:
		return conn, nil
	default:
	}
	if len(p.opened) < readers {
		return p.open()
	}
	wait := time.NewTimer(readersWait)
	defer wait.Stop()
	select {
	case conn := <-p.idle:
		return conn, nil
	case <-wait.C:
		return p.open()
	}
}

// open opens one more, or waits for one where the limit is reached.
func (p *pool) open() (*connection, error) {
	select {
	case conn := <-p.idle:
		return conn, nil
	case p.opened <- struct{}{}:
	}
	conn, err := newConnection(context.Background(), p.engine, reading)
	if err == nil {
		if err = p.schema.hold(conn); err != nil {
			err = errors.Join(err, conn.close())
		}
	}
	if err != nil {
		<-p.opened
		return nil, err
	}
	return conn, nil
}

// put keeps a connection, or closes it if enough are kept.
func (p *pool) put(conn *connection) {
	select {
	case p.idle <- conn:
	default:
		conn.close()
		<-p.opened
	}
}

// close lets nobody read any more, and closes every connection once its reader has returned it.
func (p *pool) close() error {
	p.closed.Store(true)
	var err error
	for len(p.opened) > 0 {
		select {
		case conn := <-p.idle:
			err = errors.Join(err, conn.close())
			<-p.opened
		case <-time.After(time.Millisecond): // it may have been closed for being one too many
		}
	}
	return err
}
