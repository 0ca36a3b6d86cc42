package clock

import (
	"fmt"
	"sync"
	"time"
)

// State is what a [Guard] knows at a look. It is enough to go on with after a restart.
type State struct {
	Boot   string        // the start of the machine
	Uptime time.Duration // at the look

	Believed time.Time     // the time at the look; zero before anything is believed
	Shown    time.Time     // where the wall clock was expected that has kept pace for Agreed
	Agreed   time.Duration // at most [Agreement]
}

// look returns what is known once the wall clock shows a time at an uptime of the same start.
func (s State) look(wall time.Time, uptime time.Duration) State {
	passed := uptime - s.Uptime
	s.Uptime, s.Believed, s.Shown = uptime, s.Believed.Add(passed), s.Shown.Add(passed)
	s.Agreed = max(s.Agreed+passed, 0)
	if wall.Sub(s.Shown).Abs() > Slack {
		s.Shown, s.Agreed = wall, 0
	}
	if s.Agreed >= Agreement {
		return s.believe(wall)
	}
	return s
}

// believe returns what is known once the wall clock is believed.
func (s State) believe(wall time.Time) State {
	s.Believed, s.Shown, s.Agreed = wall, wall, 0
	return s
}

// isAhead reports whether a time is one that is not believed.
func (s State) isAhead(t time.Time) bool { return t.Sub(s.Believed) > Slack }

// Guard compares the clocks. [NewGuard] makes it. Its methods may be called from several
// goroutines. A nil Guard believes nothing, so that nothing is destroyed.
type Guard struct {
	source Source

	mu    sync.Mutex
	state State
}

// NewGuard returns a Guard that goes on from what was known last. If nothing was, the wall clock is
// believed.
func NewGuard(source Source, last State) *Guard {
	g := &Guard{source: source, state: last}
	wall, uptime := wallOf(source), source.Uptime()
	if !last.Believed.IsZero() && last.Boot == source.Boot && uptime >= last.Uptime {
		g.state = last.look(wall, uptime)
		return g
	}
	g.state = State{Boot: source.Boot, Uptime: uptime, Believed: last.Believed, Shown: wall}
	// A clock that is behind moves nothing back: it may still be set.
	if ahead := wall.Sub(last.Believed); last.Believed.IsZero() || ahead > 0 && ahead <= Slack {
		g.state = g.state.believe(wall)
	}
	return g
}

// wallOf reads the wall clock without the monotonic part that Go adds to it: differences shall be
// those that the wall clock shows.
func wallOf(source Source) time.Time { return source.Now().Round(0).UTC() }

// look compares the clocks as they are now.
func (g *Guard) look() (wall time.Time, s State) {
	g.mu.Lock()
	defer g.mu.Unlock()
	wall = wallOf(g.source)
	g.state = g.state.look(wall, g.source.Uptime())
	return wall, g.state
}

// State returns what is known now.
func (g *Guard) State() State {
	_, s := g.look()
	return s
}

// Settle says of a time that was read from the wall clock whether something may be destroyed by it:
// only if neither that reading nor the present one is in doubt.
func (g *Guard) Settle(at time.Time) Settled {
	if g == nil {
		return Settled{}
	}
	wall, s := g.look()
	if s.isAhead(wall) || s.isAhead(at.Round(0)) {
		return Settled{}
	}
	return Settled{at}
}

// Latest returns what a deadline counts from after which something is destroyed: a time that was
// read from the wall clock, or the one that is believed if the clock was set back since.
func (g *Guard) Latest(at time.Time) time.Time {
	if g == nil {
		return at
	}
	if _, s := g.look(); s.Believed.Sub(at.Round(0)) > Slack {
		return s.Believed.In(at.Location())
	}
	return at
}

// Ahead returns how far the wall clock is ahead of what is believed; negative: behind it.
func (g *Guard) Ahead() time.Duration {
	wall, s := g.look()
	return wall.Sub(s.Believed)
}

// Doubt is why nothing is destroyed.
type Doubt struct {
	Wall     time.Time     // what the clock shows
	Believed time.Time     // what the time is, as far as it is known
	Left     time.Duration // until the clock is believed if it keeps pace
}

// Doubt returns nil while the clock is believed.
func (g *Guard) Doubt() *Doubt {
	if g == nil {
		return &Doubt{Left: Agreement}
	}
	wall, s := g.look()
	if !s.isAhead(wall) {
		return nil
	}
	return &Doubt{Wall: wall, Believed: s.Believed, Left: Agreement - s.Agreed}
}

// String says it to whoever runs the service.
func (d *Doubt) String() string {
	return fmt.Sprintf("the clock shows %s, which is %s ahead of the time that is believed: nothing "+
		"is deleted because its time has come until `claviger clock accept`, or until the clock has "+
		"kept pace for %s more", d.Wall.Format(time.RFC3339),
		d.Wall.Sub(d.Believed).Round(time.Minute), d.Left.Round(time.Minute))
}

// Accepted returns what would be known if the wall clock were believed now, for [Guard.Take].
func (g *Guard) Accepted() State {
	wall, s := g.look()
	return s.believe(wall)
}

// Take goes on from a state of this Guard, such as one that was accepted and is on the disk.
func (g *Guard) Take(s State) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state = s
}
