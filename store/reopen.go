package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// retryAfter is how long a database that failed is left alone before it is tried again.
const retryAfter = 250 * time.Millisecond

// begin opens a transaction, on a new connection if the last one had to be given up.
func (c *committer) begin() error {
	if c.conn == nil {
		if err := c.reopen(); err != nil {
			return err
		}
	}
	_, err := c.conn.exec(begin)
	if err != nil && c.engine.verdict(err) == failed {
		c.discard(err)
	}
	if err != nil {
		return err
	}
	return c.look()
}

// look refuses to change anything in a schema that isn't the program's. Nobody else can change it
// from here to the COMMIT.
func (c *committer) look() error {
	moved, err := c.schema.moved(c.conn)
	if err == nil && moved {
		err = c.schema.inspect(c.conn)
	}
	if err == nil {
		return nil
	}
	if _, undo := c.conn.exec(rollback); undo != nil {
		c.discard(undo)
	}
	return err
}

// abandon rolls back what is left of a transaction that failed before its COMMIT.
func (c *committer) abandon(cause error) (outcome, error) {
	if c.conn.alive() {
		if _, err := c.conn.exec(rollback); err != nil {
			c.discard(err)
			return down, errors.Join(cause, err)
		}
	}
	return lost, cause
}

// judge decides what an error of COMMIT means.
func (c *committer) judge(cause error) (outcome, error) {
	if v := c.engine.verdict(cause); v == refused || v == full {
		return c.abandon(cause)
	}
	c.discard(fmt.Errorf("the outcome of COMMIT is unknown: %w", cause))
	return unknown, c.broken
}

// discard gives the connection up. Nothing is committed until another one has proved that it can.
func (c *committer) discard(cause error) {
	c.log.Error("the database connection is given up", "error", cause)
	c.conn.close()
	c.conn, c.broken, c.retry = nil, cause, time.Now().Add(retryAfter)
}

// reopen connects again and commits a heartbeat. With SQLite this also settles an unknown
// outcome: the new frames lie over those of the transaction in question, so that no
// recovery finds it any more.
func (c *committer) reopen() error {
	if time.Now().Before(c.retry) {
		return c.broken
	}
	conn, err := newConnection(context.Background(), c.engine, writing)
	if err == nil {
		err = c.adopt(conn)
	}
	if err != nil {
		c.broken, c.retry = err, time.Now().Add(retryAfter)
	}
	return err
}

// adopt makes s the committer's connection once it has committed something.
func (c *committer) adopt(conn *connection) error {
	err := conn.transact(func() error {
		if err := c.schema.inspect(conn); err != nil {
			return err
		}
		return beat(conn)
	})
	if err == nil {
		err = c.sets.settle(conn)
	}
	if err == nil {
		var newest batchRow
		err = conn.row(newestBatch, nil, []any{&newest.batch, &newest.records})
		c.newest.Store(newest.last())
	}
	if err != nil {
		return errors.Join(err, conn.close())
	}
	c.conn, c.broken = conn, nil
	return nil
}
