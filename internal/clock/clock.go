// Package clock says whether the wall clock can be believed. What can't be undone, such as the
// deletion of a key whose window is over, is done at a time that it has settled, and at no other.
//
// # Two clocks
//
// The wall clock is what people and the network set, and it may be set wrongly. The machine's
// uptime is set by nobody. Between two looks both advance by the same; a wall clock that has
// advanced by more was set ahead, and one that has advanced by less was set back. A [Guard] keeps
// the time that is believed: what the wall clock showed once, and the uptime that has passed since.
//
// # Doubt
//
// A wall clock that is ahead of what is believed by more than [Slack] is in doubt. Nothing is
// destroyed then. The doubt ends when the clock comes back, when somebody accepts the time that it
// shows, or when it has kept pace with the uptime for [Agreement]: by then somebody would have
// noticed.
//
// A clock that was set back reaches no deadline early. But a deadline that is made then would come
// early once the clock is right again: [Guard.Latest] is what such a one counts from.
//
// # Starts
//
// What is believed rests in a signed row ([Load], [State.Change]), so that a restart accepts
// nothing. The uptime goes on over a restart of the process. Over a restart of the machine nobody
// knows how long it was off: a wall clock that shows more than Slack later than what was believed
// last is in doubt, also where the machine was off for just that long.
package clock

import (
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

const (
	// Slack is how far the wall clock may be ahead of what is believed: more than it is ever off
	// for a good reason, and little beside the shortest window after which something is destroyed,
	// which is a day.
	Slack = time.Hour

	// Agreement is how long a wall clock keeps pace with the uptime until it is believed.
	Agreement = 24 * time.Hour
)

// Source is where times come from. All fields must be set.
type Source struct {
	Now    func() time.Time     // the wall clock
	Uptime func() time.Duration // since the machine started, also while it was suspended
	Boot   string               // names that start: uptimes of different ones are not compared
}

// bootID is where Linux names the start of the machine (proc(5)).
const bootID = "/proc/sys/kernel/random/boot_id"

// System returns the clocks of the machine. Where they say less than they should, each process is a
// start of its own.
func System() Source {
	own := Source{Now: time.Now, Boot: uuid.NewString(), Uptime: sinceStart(time.Now())}
	boot, err := os.ReadFile(bootID)
	if err != nil {
		return own
	}
	if _, err := sinceBoot(); err != nil {
		return own
	}
	return Source{Now: time.Now, Boot: strings.TrimSpace(string(boot)), Uptime: func() time.Duration {
		uptime, _ := sinceBoot() // a clock that answered once answers always
		return uptime
	}}
}

// sinceBoot reads CLOCK_BOOTTIME, which goes on while the machine is suspended. Go's own monotonic
// clock does not.
func sinceBoot() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t)
	return time.Duration(t.Nano()), err
}

func sinceStart(start time.Time) func() time.Duration {
	return func() time.Duration { return time.Since(start) }
}
