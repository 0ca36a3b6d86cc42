package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/service"
)

func serve(ctx context.Context, e *env, args []string) error {
	f := e.Flags("serve", "--config FILE",
		"Serves what `claviger init` has made. See docs/operating.md for the configuration.")
	path := f.String("config", "", "`file` of the configuration")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	c, log, err := e.Begin(*path)
	if err != nil {
		return err
	}
	for _, addr := range c.Addresses() {
		if c.TLS.Certificate == "" && !loopback(addr) {
			return exit.ConfigError("plain HTTP is served on loopback only, and %s is not: set "+
				"tls.certificate and tls.key", addr)
		}
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // from the start: one that comes too soon ends nothing
	defer signal.Stop(hangups)
	return start(ctx, c, log, &reload{path: *path, asked: hangups, level: &e.Level, log: log})
}

// start opens what the configuration names, and serves until ctx ends.
func start(ctx context.Context, c *config.Config, log *slog.Logger, again *reload) error {
	ports, err := openPorts(c)
	for _, p := range ports {
		defer p.Close()
	}
	if err != nil {
		return err
	}
	// The TLS identity comes first: where its key lives on the token, crypto11 must
	// be the one to load the module.
	id, err := openIdentity(c, log, nil)
	if err != nil {
		return err
	}
	if id != nil {
		defer id.Close()
		for i := range ports {
			ports[i].secure = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: id.Get,
				GetConfigForClient: paced(), NextProtos: []string{"h2", "http/1.1"}}
		}
	}
	if _, err := os.Stat(c.Database); err != nil {
		return exit.Mark(fmt.Errorf("the database %s is not there: run `claviger init` first: %w",
			c.Database, err), exit.ErrConfig)
	}
	made, err := c.Service()
	if err != nil {
		return err
	}
	made.Log, made.Version, made.Commit = log, version, builtFrom()
	s, err := open(ctx, made)
	if err != nil {
		return err
	}
	again.running, again.identity = *c, id
	return serveUntil(ctx, s, ports, log, func() {
		go again.watch(ctx)
		main := ports[0]
		log.Info("serving", "address", main.Addr().String(), "tls", id != nil, "regions", c.Regions,
			"connections", main.limits.Total, "connections_per_source", main.limits.PerSource)
		for _, p := range ports[1:] {
			log.Info("serving metrics", "address", p.Addr().String())
		}
	})
}

// giveUp is how long a start that is to end may take for that.
const giveUp = 5 * time.Second

// open opens the service. Once ctx has ended nobody waits for it any longer than giveUp: a disk or
// a device that hangs would hold up the end for as long as it likes.
func open(ctx context.Context, c service.Config) (s *service.Service, err error) {
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		s, err = service.Open(ctx, c)
	}()
	select {
	case <-opened:
		return s, err
	case <-ctx.Done():
	}
	select {
	case <-opened:
		return s, err
	case <-time.After(giveUp):
		return nil, errors.New("the start is given up: the disk or the device does not answer")
	}
}

// openPorts listens on the addresses. What is open is returned with an error, too.
func openPorts(c *config.Config) (ports []port, err error) {
	bounds, err := c.Limits()
	if err != nil {
		return nil, exit.Mark(err, exit.ErrConfig)
	}
	for _, addr := range c.Addresses() {
		l, err := listen(addr)
		if err != nil {
			return ports, err
		}
		ports = append(ports, port{Listener: l, limits: bounds})
		if c.TLS.Certificate == "" && !bound(l.Addr()) {
			return ports, exit.ConfigError("plain HTTP is served on loopback only, and %s is %s here: set "+
				"tls.certificate and tls.key", addr, l.Addr())
		}
		bounds = config.Limits{Total: watchConnections, PerSource: watchConnections / 2}
	}
	return ports, nil
}
