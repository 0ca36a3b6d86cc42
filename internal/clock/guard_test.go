package clock_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"claviger/internal/clock"
)

const day = 24 * time.Hour

var began = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// machine has two clocks and a Guard between them.
type machine struct {
	now    time.Time
	uptime time.Duration
	boot   string
	guard  *clock.Guard
}

func start() *machine {
	m := &machine{now: began, boot: "a"}
	m.restart(clock.State{})
	return m
}

func (m *machine) source() clock.Source {
	return clock.Source{Now: func() time.Time { return m.now },
		Uptime: func() time.Duration { return m.uptime }, Boot: m.boot}
}

// restart starts a process that goes on from what another one knew.
func (m *machine) restart(last clock.State) { m.guard = clock.NewGuard(m.source(), last) }

// reboot starts the machine anew after it was off for a while.
func (m *machine) reboot(off time.Duration) {
	last := m.guard.State()
	m.boot, m.now, m.uptime = m.boot+"a", m.now.Add(off), time.Minute
	m.restart(last)
}

// pass lets time pass, and somebody look every minute.
func (m *machine) pass(d time.Duration) {
	for ; d > 0; d -= time.Minute {
		step := min(d, time.Minute)
		m.now, m.uptime = m.now.Add(step), m.uptime+step
		m.guard.Doubt()
	}
}

func (m *machine) jump(d time.Duration) { m.now = m.now.Add(d) }

func (m *machine) doubted(t *testing.T, when string, want bool) {
	t.Helper()
	if got := m.guard.Doubt(); (got != nil) != want {
		t.Errorf("%s: the doubt is %v", when, got)
	}
	if settled := m.guard.Settle(m.now); settled.Reached(m.now) == want ||
		settled.At().IsZero() != want {
		t.Errorf("%s: settled is %v", when, settled)
	}
}

func TestGuard_ClockSetAhead_IsInDoubtUntilItComesBack(t *testing.T) {
	m := start()
	m.pass(3 * day)
	m.doubted(t, "at first", false)
	m.jump(clock.Slack)
	m.doubted(t, "within the slack", false)
	m.jump(time.Second)
	m.doubted(t, "ahead", true)
	if said := m.guard.Doubt().String(); !strings.Contains(said, "claviger clock accept") ||
		!strings.Contains(said, "1h0m0s ahead") || !strings.Contains(said, "24h0m0s more") {
		t.Errorf("it says %q", said)
	}
	early := m.now
	m.jump(-clock.Slack - time.Second)
	m.doubted(t, "back", false)
	if m.guard.Settle(early.Add(time.Minute)).Reached(began) {
		t.Error("a reading from before the clock came back settles something")
	}
}

func TestGuard_ClockKeepsPaceForADay_IsBelieved(t *testing.T) {
	m := start()
	m.jump(7 * day)
	m.doubted(t, "at once", true)
	m.pass(clock.Agreement - time.Minute)
	m.doubted(t, "after almost a day", true)
	m.jump(2 * clock.Slack)
	m.doubted(t, "set once more", true)
	m.pass(clock.Agreement - time.Minute)
	m.doubted(t, "and after almost a day", true)
	m.pass(time.Minute)
	m.doubted(t, "after a day", false)
	m.jump(2 * clock.Slack)
	m.doubted(t, "ahead of what is believed now", true)
}

func TestGuard_ClockAccepted_IsBelieved(t *testing.T) {
	m := start()
	m.jump(7 * day)
	accepted := m.guard.Accepted()
	m.doubted(t, "before that is stored", true)
	m.guard.Take(accepted)
	m.doubted(t, "accepted", false)
	m.restart(m.guard.State())
	m.doubted(t, "and after a restart", false)
}

// TestNewGuard_Restart_AcceptsNothing: the process ends, or the machine does, before the jump is
// seen or after.
func TestNewGuard_Restart_AcceptsNothing(t *testing.T) {
	m := start()
	before := m.guard.State()
	m.pass(3 * day)
	m.restart(before)
	m.doubted(t, "a process that was away for days on a machine that was there", false)
	m.jump(7 * day)
	m.restart(before)
	m.doubted(t, "set ahead meanwhile", true)
	m.pass(clock.Agreement / 2)
	m.restart(m.guard.State())
	m.doubted(t, "a restart in the doubt", true)
	m.pass(clock.Agreement / 2)
	m.doubted(t, "half a day in each process", false)

	m.reboot(clock.Slack)
	m.doubted(t, "a machine that was off for a moment", false)
	m.reboot(7 * day)
	m.doubted(t, "a machine that was off for a week, or was set ahead", true)
	m.reboot(time.Minute)
	m.doubted(t, "and once more", true)
	m.jump(-7 * day)
	m.doubted(t, "back", false)

	m.restart(clock.State{Believed: m.now.Add(-2 * clock.Slack)})
	m.doubted(t, "long after the newest record of a trail", true)
	m.restart(clock.State{Believed: m.now.Add(2 * clock.Slack)})
	m.doubted(t, "before the newest record of a trail", false)
	m.jump(2 * clock.Slack)
	m.doubted(t, "set right then", false)
}

func TestLatest_ClockSetBack_IsWhatIsBelieved(t *testing.T) {
	m := start()
	m.pass(time.Hour)
	if got := m.guard.Latest(m.now); !got.Equal(m.now) {
		t.Errorf("%v at %v", got, m.now)
	}
	right := m.now
	m.jump(-7 * day)
	m.doubted(t, "back: it reaches nothing early", false)
	if got := m.guard.Latest(m.now); !got.Equal(right) {
		t.Errorf("%v, and it is %v", got, right)
	}
	m.jump(14 * day)
	if got := m.guard.Latest(m.now); !got.Equal(m.now) {
		t.Errorf("%v while the clock shows %v", got, m.now)
	}
	m.jump(-14 * day)
	m.pass(clock.Agreement + time.Minute)
	if got := m.guard.Latest(m.now); !got.Equal(m.now) {
		t.Errorf("%v though the clock shows %v since a day", got, m.now)
	}
}

// TestGuard_AnyJumpsWithinADay_ReachNoWeek: whatever the clock does, and however often the process
// or the machine starts, no window of a week is over on the day that it began.
func TestGuard_AnyJumpsWithinADay_ReachNoWeek(t *testing.T) {
	for seed := range uint64(2000) {
		r, m := rand.New(rand.NewPCG(seed, 0)), start()
		var deadlines []time.Time
		for range 20 {
			deadlines = append(deadlines, m.guard.Latest(m.now).Add(7*day))
			switch r.IntN(4) {
			case 0:
				m.jump(time.Duration(r.Int64N(int64(60*day))) - 30*day)
			case 1:
				m.restart(m.guard.State())
			case 2:
				m.reboot(time.Duration(r.Int64N(int64(30 * time.Minute))))
			}
			m.pass(time.Duration(r.Int64N(int64(time.Hour))))
			for _, deadline := range deadlines {
				if m.guard.Settle(m.now).Reached(deadline) {
					t.Fatalf("seed %d: %v is reached at %v", seed, deadline, m.now)
				}
			}
		}
	}
}

func TestSettled_Zero_ReachesNothing(t *testing.T) {
	var nobody *clock.Guard
	for _, s := range []clock.Settled{{}, nobody.Settle(began)} {
		if s.Reached(time.Time{}) || s.Reached(began.Add(-100*365*day)) || !s.At().IsZero() {
			t.Errorf("%v reaches a deadline", s)
		}
	}
	if nobody.Doubt() == nil || !nobody.Latest(began).Equal(began) {
		t.Error("without a guard the clock is believed")
	}
}

// TestSystem_Uptime_GoesOn over processes, by a name that stays.
func TestSystem_Uptime_GoesOn(t *testing.T) {
	a, b := clock.System(), clock.System()
	first := a.Uptime()
	if a.Boot == "" || a.Boot != b.Boot || first <= 0 || b.Uptime() < first {
		t.Errorf("%q at %v and %q at %v", a.Boot, first, b.Boot, b.Uptime())
	}
}
