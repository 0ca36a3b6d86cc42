package servicetest

import (
	"errors"
	"sync/atomic"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/store"
)

// cut stands between the road and the database and can be opened, so that nothing
// becomes durable any more.
type cut struct {
	open atomic.Bool
	left atomic.Int64 // commits that are let through before it opens by itself; 0: none is counted
}

var errCut = fault.New(fault.Unavailable, "",
	"").Because(errors.New("the ledger was cut by a test"))

func (c *cut) around(inner op.Ledger) op.Ledger { return &ledger{inner, c} }

// CutLedger makes every record and every change impossible to store, until RestoreLedger: a disk
// that is full.
func (s *Server) CutLedger() { s.ledger.open.Store(true) }

// CutLedgerAfter is CutLedger once n more requests, or parts of them that are committed by
// themselves, have been stored.
func (s *Server) CutLedgerAfter(n int64) { s.ledger.left.Store(n) }

// RestoreLedger ends what CutLedger began.
func (s *Server) RestoreLedger() { s.ledger.open.Store(false) }

// ledger is the database's, behind the cut.
type ledger struct {
	op.Ledger
	cut *cut
}

// Commit implements [op.Ledger].
func (l *ledger) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	if l.cut.open.Load() {
		return errCut
	}
	err := l.Ledger.Commit(apply, func(err error) []byte {
		records := record(err)
		note(records)
		return records
	})
	if l.cut.left.Load() > 0 && l.cut.left.Add(-1) == 0 {
		l.cut.open.Store(true)
	}
	return err
}
