package shim

import "sync/atomic"

// What the module's source says of the file that both map: keep them equal.
const (
	mostRules     = 32
	mostFunctions = 128
	pathBytes     = 1024
)

// The actions of a rule, as bits.
const (
	delay uint64 = 1 << iota
	hang
	before
	after
	flip
	zero
	repeat
	lose
	forget
	lengths
	oneSession
)

// region is struct steering of the module.
type region struct {
	sequence atomic.Uint64
	count    atomic.Uint64
	released atomic.Uint64
	lanes    atomic.Uint64
	sessions atomic.Uint64
	hanging  atomic.Uint64
	inside   atomic.Uint64
	open     atomic.Uint64
	calls    [mostFunctions]atomic.Uint64
	module   [pathBytes]byte
	rules    [mostRules]slot
}

// slot is struct rule of the module.
type slot struct {
	functions            [2]uint64
	actions              uint64
	session, upToSession uint64
	skip, every, times   uint64
	delay                uint64
	code                 uint64
	matched, applied     atomic.Uint64
	bound                atomic.Uint64
	_                    [3]uint64
}
