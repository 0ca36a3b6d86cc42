// Package place is where commands that change an installation are performed: by the server that
// runs on its database, or here.
package place

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/control"
	"claviger/service"
	"claviger/store"
)

// Place is where a command is performed.
type Place struct {
	Config   *config.Config // nil: by the server that runs on the database, and nowhere else
	Log      *slog.Logger
	Database string
}

// Have has the server that runs perform a command, or performs it here where none is running.
func Have[R any](ctx context.Context, p Place, q control.Request) (reply R, err error) {
	ask := func() error { return q.Ask(ctx, p.Database, &reply) }
	if p.Config == nil {
		return reply, ask()
	}
	err = p.Perform(ctx, ask, func(s *service.Service) error {
		made, err := q.Perform(ctx, s, -1)
		if r, ok := made.(R); ok {
			reply = r
		}
		return err
	})
	return reply, err
}

// startTime is how long a server may have the database and not answer yet.
const startTime = 10 * time.Second

// Perform has the server that runs do something by ask, or does it here where none is running. Here
// nothing else is done meanwhile.
func (p Place) Perform(ctx context.Context, ask func() error,
	here func(*service.Service) error) error {
	c := p.Config
	clusters, err := c.ServiceClusters()
	if err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if err := ask(); !errors.Is(err, control.ErrNoServer) {
			return err
		}
		s, err := service.Open(ctx, service.Config{Database: c.Database, HSM: c.Device(),
			Clusters: clusters, Regions: c.Regions, Log: p.Log, Idle: true})
		if errors.Is(err, store.ErrLocked) && time.Since(began) < startTime {
			continue // it is about to answer, or about to end
		}
		if err != nil {
			return err
		}
		return errors.Join(here(s), s.Close())
	}
}
