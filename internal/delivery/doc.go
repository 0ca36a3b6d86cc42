// Package delivery is a queue of what has to reach receivers outside, in the database. It knows no
// receiver: those are registered by their kind, and what is in a message is between who puts it and
// them.
//
// # At least once
//
// A message is put in the transaction of what it tells of ([Queue.Put]), and its row goes in a
// transaction after the receiver has taken it. A crash between the two has it delivered again,
// under the same id. Nothing else has: what a receiver has taken is not tried again.
//
// # Order
//
// Messages to one receiver on one thing ([Message.Order]) reach it in the order in which they were
// put. The next one is begun when the end of the one before is durable: so what is sent twice is
// sent before what follows it. A receiver that was given up on may still have the request, and
// serve it when it comes to it: only the id tells that it is an old one. A message that fails holds
// up those behind it in its line, and no other.
//
// # Nobody waits for somebody else's receiver
//
// A receiver has a few attempts at once and no more, and receivers take turns. One that has failed
// several times in a row is sick: it is called once at a time and now and then, in slots that are
// for the sick. One that was never called has its first call in slots for such. So however many
// hang, they take no slot from those that are well.
//
// # Bounds
//
// What waits is bounded by receiver and by account. What is put beyond that fails with [ErrFull],
// or becomes a dead letter ([Queue.Offer]).
//
// # Dead letters
//
// What is refused for good, or was tried as often or as long as its [Policy] says, is kept with the
// reason, for two weeks and in a limited number, until somebody looks and has it tried again
// ([Queue.Redrive]).
//
// Rows are neither signed nor kept as a set, like those of the outbox, and for its reasons.
package delivery
