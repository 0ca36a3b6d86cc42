package admission

import (
	"math"
	"time"
)

// pace is how long it takes from one turn to the next while somebody waits: what was measured of
// late, the newest counting most. Time in which nobody waits says nothing of it, and only lets what
// was measured fade. Neither does the time until the first turn: where a thousand have places and
// each takes a second, a thousand turns come in the second after it.
//
// It is a sum of turns over a sum of time, and not a mean of the times between turns: one turn that
// hangs for seconds would outweigh hundreds of others in such a mean, and here weighs no more than
// the time that it took.
type pace struct {
	turns, seconds float64   // those of late, each worth less with its age
	upTo           time.Time // is counted
	begun          bool      // there was a turn since somebody waits
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
	p.begun = p.begun && waited
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
	if p.begun {
		p.seconds += age * (1 - fade) // what a constant stream of it comes to
	}
}

// turn counts a turn of somebody who waited. The time up to it must have been counted.
func (p *pace) turn() {
	if p.begun {
		p.turns++
	}
	p.begun = true
}

// least returns the time from one turn to the next, and whether enough is known to say so. It is
// what the turns would be that come by chance half a standard deviation too late, so that the fewer
// were measured the less they are believed to be slow.
func (p *pace) least() (time.Duration, bool) {
	return p.each(p.turns+math.Sqrt(p.turns)/2, fewest)
}

// mean is least without the benefit of doubt, once many are measured.
func (p *pace) mean() (time.Duration, bool) { return p.each(p.turns, memorable/2) }

func (p *pace) each(turns, enough float64) (time.Duration, bool) {
	if p.turns < enough {
		return 0, false
	}
	return time.Duration(p.seconds / turns * float64(time.Second)), true
}
