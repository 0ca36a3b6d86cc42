package domain

import (
	"time"

	"claviger/internal/op"
)

// Job is one kind of work that a service puts off with a [Scheduler].
type Job struct {
	// Work does it. It runs as the service's own principal, may run twice, and checks for itself that
	// the work is still wanted. Its context ends with the process, and if the job was taken back or
	// its lease was lost.
	Work func(c *op.Call, subject string) error

	// AtOnce is how many of the kind are done at the same time; 0: four.
	AtOnce int

	// Destructive says that what it does can't be undone and is due by the clock: while that is in
	// doubt, nothing of the kind is begun. The work asks [op.Call.Settled] whether its time has come.
	Destructive bool

	// Order names kinds that never work on one subject at the same time: what undoes could else
	// overtake what does. Empty: the kind alone is such a group.
	Order string
}

// Later is what work ends with that isn't due yet: it is done again then, and has not failed.
type Later struct{ Due time.Time }

// Error implements error.
func (l Later) Error() string { return "it is due at " + l.Due.UTC().Format(time.RFC3339) }
