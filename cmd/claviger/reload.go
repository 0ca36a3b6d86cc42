package main

import (
	"context"
	"log/slog"
	"os"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
)

// reload brings what can change while the service runs up to the configuration's file, whenever
// SIGHUP asks: the log's level, and the TLS certificate and key. Everything else is what tokens,
// listeners and the database were opened by.
type reload struct {
	path     string // of the configuration
	asked    <-chan os.Signal
	running  config.Config // that the service runs by
	level    *slog.LevelVar
	identity *tlsIdentity // nil without TLS
	log      *slog.Logger
}

func (r *reload) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.asked:
			r.once()
		}
	}
}

// once reloads all or nothing. What is wrong with a file is said, and changes nothing: the service
// goes on by what it has.
func (r *reload) once() {
	next, err := config.Read(r.path)
	if err != nil {
		r.log.Error("the configuration can't be read again; nothing was changed", "error", err)
		return
	}
	level, err := command.LogLevel(next.Log.Level)
	if err != nil {
		r.log.Error("the configuration can't be read again; nothing was changed", "error", err)
		return
	}
	if r.identity != nil && next.TLS.Certificate != "" && next.TLS.KeyLabel == r.running.TLS.KeyLabel {
		if err := r.identity.Reload(next.TLS.Certificate, next.TLS.Key); err != nil {
			r.log.Error("the TLS certificate can't be read again; nothing was changed", "error", err)
			return
		}
		r.running.TLS = next.TLS
	}
	r.level.Set(level)
	r.running.Log.Level = next.Log.Level
	for _, name := range r.running.Differing(next) {
		r.log.Warn("this setting has changed and waits for a restart", "setting", name)
	}
	r.log.Info("read the configuration again", "level", level.String())
}
