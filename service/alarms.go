package service

import (
	"cmp"
	"context"
	"errors"
	"time"

	"claviger/alarms"
	"claviger/alarms/records"
	"claviger/alarms/watch"
	"claviger/iam/entity"
	"claviger/internal/install"
	"claviger/internal/outbox"
	"claviger/store"
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
	m.Parts = []watch.Part{
		{Type: alarms.DeviceState, Good: alarms.Available, Bad: alarms.Unavailable,
			Works: func() bool { return s.Token.Ready() == nil }},
		{Type: alarms.DatabaseState, Good: alarms.Available, Bad: alarms.Unavailable,
			Works: func() bool { return s.DB.Ready() == nil }},
		{Type: alarms.ClockState, Good: alarms.Believed, Bad: alarms.Doubted,
			Works: func() bool { return s.clock.Doubt() == nil }},
		{Type: alarms.TrailState, Good: alarms.Intact, Bad: alarms.Broken,
			Works: func() bool { return !s.prover.Broken() }},
	}
	for i, copied := range s.trail.copies.Status() {
		m.Parts = append(m.Parts, watch.Part{Type: alarms.CopyState, Name: copied.Name,
			Good: alarms.Going, Bad: alarms.Failing,
			Works: func() bool { return s.trail.copies.Status()[i].Failing.IsZero() }})
	}
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
