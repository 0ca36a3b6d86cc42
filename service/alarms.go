package service

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"claviger/alarms"
	"claviger/alarms/records"
	"claviger/alarms/watch"
	"claviger/iam/entity"
	"claviger/internal/install"
	"claviger/internal/outbox"
	"claviger/store"
	"claviger/trail/witnessed"
)

// Alarms is when the service tells of what it sees. What is zero is [Denied] in [Window].
type Alarms struct {
	Denied int           // requests of one principal that are refused within a window: a burst
	Window time.Duration // at least a second
}

// When something is told unless the configuration says otherwise.
const (
	Denied = 25
	Window = 5 * time.Minute
)

// watchers tell what nobody asks for: what the trail shows, and how the parts are.
type watchers struct {
	trail watch.Follower
	parts watch.Monitor
}

// watchRows has the rows watched from the first one on that is read.
func (s *Service) watchRows(c Config, in *install.Installation) {
	s.watchers.parts.Now = c.Clock.Now
	in.Rows.Tell(s.watchers.parts.Edited)
}

// watch has the trail and the parts watched, once there are all of them.
func (s *Service) watch(c Config) {
	home := homeOf(s.entities, s.region)
	limits := records.Limits{Denied: cmp.Or(c.Alarms.Denied, Denied),
		Window: cmp.Or(c.Alarms.Window, Window)}
	s.watchers.trail = watch.Follower{Feed: s.trail.feed, DB: s.DB, Home: home, Limits: limits,
		Log: c.Log}
	m := &s.watchers.parts
	m.DB, m.Home, m.Log = s.DB, home, c.Log
	m.Parts = s.parts()
}

// parts returns what is looked at: what the service is made of, and the places of witnesses that
// there were reports of.
func (s *Service) parts() func() []watch.Part {
	var fixed []watch.Part
	add := func(kind, name, good, bad string, works func() bool) {
		fixed = append(fixed, watch.Part{Type: kind, Name: name, Good: good,
			State: watch.Either(works, good, bad)})
	}
	add(alarms.DeviceState, "", alarms.Available, alarms.Unavailable,
		func() bool { return s.Token.Ready() == nil })
	add(alarms.DatabaseState, "", alarms.Available, alarms.Unavailable,
		func() bool { return s.DB.Ready() == nil })
	add(alarms.ClockState, "", alarms.Believed, alarms.Doubted,
		func() bool { return s.clock.Doubt() == nil })
	add(alarms.TrailState, "", alarms.Intact, alarms.Broken,
		func() bool { return !s.prover.Broken() })
	for i, copied := range s.trail.copies.Status() {
		add(alarms.CopyState, copied.Name, alarms.Going, alarms.Failing,
			func() bool { return s.trail.copies.Status()[i].Failing.IsZero() })
	}
	fixed = slices.Clip(fixed)
	return func() []watch.Part {
		all := fixed
		for _, place := range s.trail.witnessed.Places() {
			all = append(all, watch.Part{Type: alarms.WitnessState, Name: place.Place,
				Good: alarms.Held, State: func() string { return stateOf[place.State] }})
		}
		return all
	}
}

// stateOf is what events call the states of a witness's places.
var stateOf = map[string]string{
	witnessed.Held:         alarms.Held,
	witnessed.Unreached:    alarms.Unreached,
	witnessed.Contradicted: alarms.Contradicted,
}

// Witnessed takes what a witness reports of the places that hold the trail's checkpoints.
func (s *Service) Witnessed(reports []witnessed.Report) error {
	return s.trail.witnessed.Take(s.clock.source.Now(), reports)
}

// homeOf is where what concerns the installation is told.
func homeOf(entities *entity.Directory, region string) watch.Home {
	return watch.NewHome(region, func(ctx context.Context) (string, error) {
		first, err := entities.First(ctx)
		if first == nil {
			return "", err
		}
		return first.Number, err
	})
}

// keepRowSets is [store.DB.KeepRowSets]. That the service doesn't start is told too: it waits in
// the outbox for the start that comes when somebody has looked at it.
func (s *Service) keepRowSets(ctx context.Context, c Config, in *install.Installation) error {
	err := s.DB.KeepRowSets(in.RowSets)
	if !errors.Is(err, store.ErrRows) {
		return err
	}
	found, _ := s.DB.CompareRowSets(in.RowSets)
	var tables []string
	for _, set := range found {
		if set.Changed {
			tables = append(tables, set.Table)
		}
	}
	at, ok := homeOf(entity.New(s.DB, in.Rows), c.Regions[0]).Place(ctx)
	if !ok || c.Idle {
		return err
	}
	event := alarms.Wrong(at, c.Clock.Now(), alarms.RowSet, tables...)
	event.ID = alarms.IDOf(in.ID, err.Error()) // the same at each start that finds the same
	if lost := s.DB.Commit(outbox.Outbox{}.Put(event), nil); lost != nil {
		c.Log.Warn("that rows are not those that the service left can't be told", "error", lost)
	}
	return err
}
