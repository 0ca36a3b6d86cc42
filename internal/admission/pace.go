package admission

import (
	"math"
	"time"
)

// pace is how long it takes from one turn to the next while somebody waits: what was measured of
// late, the newest counting most. Time in which nobody waits says nothing of it, and only lets what
// was measured fade.
//
// It is a sum of turns over a sum of time, and not a mean of the times between turns: one turn that
// hangs for seconds would outweigh hundreds of others in such a mean, and here weighs no more than
// the time that it took.
type pace struct {
	turns, seconds float64   // those of late, each worth less with its age
	upTo           time.Time // is counted
}

const (
	// memory is the age in seconds at which a turn counts for a third. It is much less than what
	// callers wait for, so that a device that becomes slow is noticed in time.
	memory = 1

	// fewest is how many turns have to count before they say anything, and memorable how many are
	// remembered where they are further apart than memory.
	fewest     = 3
	memorable  = 32
	longestAge = 600
)

// advance counts the time up to now, in which somebody waited or nobody did.
func (p *pace) advance(now time.Time, waited bool) {
	passed := now.Sub(p.upTo).Seconds()
	if p.upTo.IsZero() || passed > longestAge {
		*p = pace{upTo: now}
		return
	}
	if passed <= 0 {
		return
	}
	p.upTo = now
	age := float64(memory)
	if p.turns > 0 {
		age = max(age, min(memorable*p.seconds/p.turns, longestAge))
	}
	fade := math.Exp(-passed / age)
	p.turns *= fade
	p.seconds *= fade
	if waited {
		p.seconds += age * (1 - fade) // what a constant stream of it comes to
	}
}

// turn counts a turn of somebody who waited. The time up to it must have been counted.
func (p *pace) turn() { p.turns++ }

// each returns the time from one turn to the next, and whether enough is known to say so. It is what
// the turns would be that come by chance a standard deviation too late, so that the fewer were
// measured the less they are believed to be slow.
func (p *pace) each() (time.Duration, bool) {
	if p.turns < fewest {
		return 0, false
	}
	seconds := p.seconds / (p.turns + math.Sqrt(p.turns))
	return time.Duration(seconds * float64(time.Second)), true
}
