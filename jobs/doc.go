// Package jobs does work that a commit put off until it is due. It knows no domain.
//
// # A job
//
// A job is a row that the deciding change leaves in its own transaction, by [Queue]. It names a
// kind, an account, a Region and a subject, and stands once for each of these four. The [Runner]
// leases the row, does the work and takes the row away. Work that fails stays and is tried later
// and later.
//
// # Leases
//
// A lease ends by itself, and with the process: only one may have the database, so the next one
// frees all leases before it does anything. What was cut off is no failed attempt and is done at
// once, unless the process died at that job more than three times in a row. While work runs its
// lease is renewed, so that work may take longer than a lease. The number of the lease fences the
// row: a worker that was thought dead can't end what another has begun. A crash between the work
// and the end of its row has the work done again, so work must be idempotent.
//
// # Several at once
//
// Each kind has slots of its own, and a look for due work only takes rows for slots that are free.
// So work that hangs holds the slots of its own kind and no other's, and the pool is as large as
// all the limits together. Two jobs on one subject of one kind never run at the same time.
//
// # The clock
//
// Work that destroys what nobody can bring back is declared so. While the clock is in doubt, as
// package clock says, none of it is begun: its rows stay as they are, and are due at once when the
// doubt has ended.
package jobs
