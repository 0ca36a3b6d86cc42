package watch

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"claviger/alarms"
	"claviger/internal/domain"
	"claviger/internal/outbox"
	"claviger/store"

	"github.com/google/uuid"
)

const (
	lookEvery = time.Second
	// settled is how long a state lasts before it is told: what is over by then was no trouble.
	settled = 5 * time.Second
	// quiet is how long nothing more is told of rows of a table that don't fit their MACs.
	quiet = 5 * time.Minute
	// mostWaiting events wait while the database takes none; the oldest go first.
	mostWaiting = 128
)

// Part is something of which one state is good.
type Part struct {
	Type  string        // of its event
	Name  string        // where there are several of the type
	Good  string        // its state while nothing is wrong
	State func() string // the one it is in; costs nothing
}

// Either returns the state of something that works or doesn't.
func Either(works func() bool, good, bad string) func() string {
	return func() string {
		if works() {
			return good
		}
		return bad
	}
}

// standing is how a part was told to be.
type standing struct {
	State string    `json:"state"`
	Since time.Time `json:"since"`
}

// Monitor looks at parts, and tells when one stops to work and when it does again. All exported
// fields must be set.
type Monitor struct {
	DB    *store.DB
	Home  Home
	Parts func() []Part // those that there are by now; costs little
	Log   *slog.Logger
	Now   func() time.Time

	told    map[string]standing  // by type and name
	turned  map[string]time.Time // when a part was first seen otherwise than told
	waiting []outbox.Event

	mu     sync.Mutex
	edited map[string]time.Time // tables with a row that doesn't fit its MAC, and since when
	wrong  map[string]time.Time // those that were told of, and when
}

// Edited is told that a row of a table doesn't fit its MAC. It may be called from anywhere, and
// keeps nobody waiting.
func (m *Monitor) Edited(table string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.edited == nil {
		m.edited = map[string]time.Time{}
	}
	if _, ok := m.edited[table]; !ok {
		m.edited[table] = m.Now()
	}
}

// Run looks at the parts until ctx ends.
func (m *Monitor) Run(ctx context.Context) {
	for !m.begin() {
		if !wait(ctx, again) {
			return
		}
	}
	for wait(ctx, lookEvery) {
		m.look(ctx)
	}
}

// begin reads how the parts were when the process before ended: what has come back since is told.
func (m *Monitor) begin() bool {
	m.told, m.turned = map[string]standing{}, map[string]time.Time{}
	m.wrong = map[string]time.Time{}
	if _, err := load(m.DB, partsRow, &m.told); err != nil {
		m.Log.Warn("how the parts of the service were can't be read: it is tried again", "error", err)
		return false
	}
	return true
}

// look looks at everything once.
func (m *Monitor) look(ctx context.Context) {
	at, ok := m.Home.Place(ctx)
	if !ok {
		return // before there is an account there are no rules either
	}
	now := m.Now()
	for _, p := range m.Parts() {
		m.lookAt(p, at, now)
	}
	m.lookAtRows(at, now)
	m.store()
}

// lookAt notices that a part has turned, once that has lasted.
func (m *Monitor) lookAt(p Part, at alarms.Place, now time.Time) {
	key := strings.TrimSpace(p.Type + " " + p.Name)
	state := p.State()
	before, ok := m.told[key]
	if !ok {
		before = standing{State: p.Good}
	}
	if state == before.State {
		delete(m.turned, key)
		return
	}
	since, ok := m.turned[key]
	if !ok {
		since, m.turned[key] = now, now
	}
	if now.Sub(since) < settled {
		return
	}
	delete(m.turned, key)
	m.told[key] = standing{State: state, Since: since}
	m.tell(alarms.Changed(at, alarms.Turn{Type: p.Type, Name: p.Name, State: state,
		Previous: before.State, Since: since, Before: before.Since, IsOver: state == p.Good}))
}

func (m *Monitor) lookAtRows(at alarms.Place, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for table, seen := range m.edited {
		if told, ok := m.wrong[table]; !ok || now.Sub(told).Abs() >= quiet {
			m.wrong[table] = now
			m.tell(alarms.Wrong(at, seen, alarms.Row, table))
		}
	}
	clear(m.edited)
}

// tell has an event wait for the database. It is given its id at once, so that it keeps it.
func (m *Monitor) tell(e outbox.Event) {
	e.ID = uuid.NewString()
	m.waiting = append(m.waiting, e)
	if more := len(m.waiting) - mostWaiting; more > 0 {
		m.waiting = m.waiting[more:]
	}
}

// store stores what waits, with how the parts are by it. If it can't be stored it waits on.
func (m *Monitor) store() {
	if len(m.waiting) == 0 || m.DB.Ready() != nil {
		return
	}
	change := domain.InOrder(outbox.Outbox{}.Put(m.waiting...), keep(partsRow, 0, m.told))
	if err := m.DB.Commit(change, nil); err != nil {
		m.Log.Warn("events of the service can't be stored: it is tried again", "error", err)
		return
	}
	m.waiting = nil
}
