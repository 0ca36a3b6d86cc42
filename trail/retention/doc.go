// Package retention removes the oldest records of the trail when the time is over for which it is
// kept.
//
// # What stays
//
// The numbers of those that are left, and all of the tree: its tiles and checkpoints have the
// hashes of what was removed, so that what is left is proved as before, and what somebody else has
// kept of the rest, too. The trail itself tells what was removed: a record says so, in the
// transaction that lets it be removed and before any of it is.
//
// # What waits
//
// Nothing is removed that isn't in the tree yet, that a required copy hasn't taken, or while the
// clock is in doubt. A batch goes when all before it are gone, so that what is left has no gap: one
// whose clock was ahead holds up those behind it until its time has come.
//
// # In small steps
//
// Removing is a change like any other, in transactions that others share. So each removes about a
// mebibyte, and leaves the disk to others for a while.
package retention
