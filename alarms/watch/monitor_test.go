package watch

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"claviger/alarms"
)

// monitored is a Monitor of a device that works or doesn't, at a time that passes as told.
type monitored struct {
	*Monitor
	b     *base
	works bool
	more  []Part
	now   time.Time
}

func monitor(b *base, works bool, now time.Time) *monitored {
	m := &monitored{b: b, works: works, now: now}
	device := Part{Type: alarms.DeviceState, Good: alarms.Available,
		State: Either(func() bool { return m.works }, alarms.Available, alarms.Unavailable)}
	m.Monitor = &Monitor{DB: b.DB, Home: aHome(), Log: slog.Default(),
		Now:   func() time.Time { return m.now },
		Parts: func() []Part { return append(m.more, device) }}
	if !m.begin() {
		b.t.Fatal("it can't begin")
	}
	return m
}

// after lets time pass, a second at a time.
func (m *monitored) after(d time.Duration) {
	for end := m.now.Add(d); m.now.Before(end); {
		m.now = m.now.Add(time.Second)
		m.look(m.b.t.Context())
	}
}

func (m *monitored) tells(what string, want ...string) {
	m.b.t.Helper()
	if got, _ := m.b.told(); !slices.Equal(got, want) {
		m.b.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

var morning = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

const (
	down = alarms.DeviceState + " " + alarms.Unavailable
	up   = alarms.DeviceState + " " + alarms.Available
)

func TestMonitor_DeviceThatGoesAndComes_IsToldOnceEach(t *testing.T) {
	m := monitor(open(t), true, morning)
	m.after(time.Minute)
	m.tells("a device that works")
	m.works = false
	m.after(3 * time.Second)
	m.works = true
	m.after(time.Minute)
	m.tells("a moment without")
	m.works = false
	m.after(time.Hour)
	m.tells("gone", down)
	m.works = true
	m.after(3 * time.Second)
	m.works = false
	m.after(time.Minute)
	m.tells("a moment with", down)
	m.works = true
	m.after(time.Minute)
	m.tells("back", down, up)
}

// What was told is known to the next process, which tells that the device has come back.
func TestMonitor_Restarted_TellsWhatHasChanged(t *testing.T) {
	b := open(t)
	m := monitor(b, false, morning)
	m.after(time.Minute)
	m.tells("gone", down)
	b.again()
	m = monitor(b, false, m.now)
	m.after(time.Minute)
	m.tells("still gone", down)
	b.again()
	m = monitor(b, true, m.now)
	m.after(time.Minute)
	m.tells("back", down, up)
}

// While the database takes nothing, what is to be told waits for it, in its order and with the
// times of then.
func TestMonitor_DatabaseThatIsAway_TellsWhenItIsBack(t *testing.T) {
	b := open(t)
	m := monitor(b, false, morning)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	m.after(10 * time.Second)
	m.works = true
	m.after(10 * time.Second)
	if len(m.waiting) != 2 {
		t.Fatalf("%+v", m.waiting)
	}
	b.again()
	m.DB = b.DB
	m.after(time.Second)
	m.tells("both", down, up)
	_, ids := b.told()
	m.after(time.Minute)
	if _, again := b.told(); !slices.Equal(again, ids) {
		t.Errorf("told again: %q, %q", ids, again)
	}
}

// TestMonitor_PartWithThreeStates_TellsEach: one that comes later, and goes from bad to worse.
func TestMonitor_PartWithThreeStates_TellsEach(t *testing.T) {
	m := monitor(open(t), true, morning)
	m.after(time.Minute)
	state := alarms.Held
	m.more = []Part{{Type: alarms.WitnessState, Name: "file:a", Good: alarms.Held,
		State: func() string { return state }}}
	m.after(time.Minute)
	m.tells("one that comes later")
	var want []string
	for _, state = range []string{alarms.Unreached, alarms.Contradicted, alarms.Held} {
		m.after(time.Minute)
		want = append(want, alarms.WitnessState+" "+state)
		m.tells(state, want...)
	}
	state = alarms.Unreached
	m.after(time.Minute)
	m.more = nil
	m.after(time.Minute)
	m.tells("gone", append(want, alarms.WitnessState+" "+alarms.Unreached)...)
}

func TestMonitor_EditedRows_AreToldOncePerTableAndAWhile(t *testing.T) {
	m := monitor(open(t), true, morning)
	for range 100 {
		m.Edited("secrets")
	}
	m.Edited("kms_keys")
	m.after(time.Second)
	m.Edited("secrets")
	m.after(time.Minute)
	got, _ := m.b.told()
	slices.Sort(got)
	want := []string{"Signature Mismatch kms_keys", "Signature Mismatch secrets"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	m.after(quiet)
	m.Edited("secrets")
	m.after(time.Second)
	if got, _ = m.b.told(); len(got) != 3 {
		t.Errorf("later: %q", got)
	}
}
