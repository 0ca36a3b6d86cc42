// Package store keeps rows, and makes what was acknowledged survive.
//
// # One committer
//
// Every change and every record of the trail goes through [DB.Commit]. One goroutine owns the one
// connection that writes. It puts what concurrent requests want committed into one transaction, a
// savepoint for each, so that one fsync serves them all; their records become one row of the trail
// in that same transaction. A Commit returns when the disk has it. Reads go to a small pool of
// other connections and never wait for a commit.
//
// # One bad request among many
//
// What shares a transaction must not share a fate. A change that fails is rolled back to its own
// savepoint. An error that takes the whole transaction with it (disk full, I/O, interrupt) sends
// every other request of the batch into a transaction of its own. No request's context reaches the
// committer's connection, because one cancelled statement would roll back everybody's work.
//
// # Queries
//
// SQL is written by hand where its rows are at home, declared once in a package-level variable, and
// is the same text for every engine. Times are integer microseconds since 1970 UTC.
//
// A declaration says how far its statement may reach. [SQL] is for tables whose key begins with
// (account, region), [AccountSQL] for those whose key begins with account alone, because AWS has no
// Region there (IAM), and [Wide], with its reason, for the rest. The checker of queries in package
// storetest refuses a statement that doesn't search by what its scope demands.
//
// # Engines
//
// SQLite is the engine. What it has of its own (pragmas, locks, error codes, DDL) stands
// behind one small interface in engine.go, so that another can follow without a change to
// this package's callers.
package store
