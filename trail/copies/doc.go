// Package copies sends the trail on, record by record, to where a site collects what its services
// tell: a directory, a receiver of syslog, a collector that speaks HTTP. The configuration declares
// them.
//
// # At least once
//
// Each copy has a place in the trail: the number of the record up to which its receiver has all. It
// rests in the database and moves on only when the receiver has confirmed, so that what was on its
// way when something broke is sent again. A receiver tells what comes twice by the eventID.
//
// # In nobody's way
//
// A copy follows the trail behind the committer ([claviger/internal/follow]) and has nothing in
// memory but the page at hand. A receiver that is slow, hangs or is away holds up its own copy
// alone: what it hasn't taken waits in the trail, for as long as the trail is kept, and for ever if
// the copy is required.
package copies
