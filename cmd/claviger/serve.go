package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"claviger/cmd/claviger/exit"
	"claviger/service"
)

func serve(ctx context.Context, e *env, args []string) error {
	f := e.flags("serve", "--config FILE",
		"Serves what `claviger init` has made. See docs/operating.md for the configuration.")
	path := f.String("config", "", "`file` of the configuration")
	if err := parse(f, args); err != nil {
		return err
	}
	c, log, err := e.begin(*path)
	if err != nil {
		return err
	}
	for _, addr := range c.addresses() {
		if c.TLS.Certificate == "" && !loopback(addr) {
			return exit.ConfigError("plain HTTP is served on loopback only, and %s is not: set "+
				"tls.certificate and tls.key", addr)
		}
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // from the start: one that comes too soon ends nothing
	defer signal.Stop(hangups)
	return c.serve(ctx, log, &reload{path: *path, asked: hangups, level: &e.level, log: log})
}

// begin is how the commands that work on an installation start: the configuration, its log, and a
// process that gives away no memory.
func (e *env) begin(path string) (*config, *slog.Logger, error) {
	c, err := readConfig(path)
	if err != nil {
		return nil, nil, err
	}
	log, err := e.newLog(c.Log.Format, c.Log.Level)
	if err != nil {
		return nil, nil, err
	}
	harden(log)
	return c, log, nil
}

func (c *config) serve(ctx context.Context, log *slog.Logger, again *reload) error {
	ports, err := c.ports()
	for _, p := range ports {
		defer p.Close()
	}
	if err != nil {
		return err
	}
	// The TLS identity comes first: where its key lives on the token, crypto11 must
	// be the one to load the module.
	id, err := c.identity(log, nil)
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
	clusters, err := c.clusters()
	if err != nil {
		return err
	}
	issuers, err := c.issuers()
	if err != nil {
		return err
	}
	s, err := service.Open(ctx,
		service.Config{Database: c.Database, HSM: c.device(), Clusters: clusters, Issuers: issuers,
			Regions: c.Regions, Log: log, Version: version, Commit: builtFrom(),
			Unmeasured: c.ListenMetrics != "", RefuseUnknownKeys: c.refusesUnknown()})
	if err != nil {
		return err
	}
	again.running, again.identity = *c, id
	return serveUntil(ctx, s, ports, log, func() {
		go again.watch(ctx)
		main := ports[0]
		log.Info("serving", "address", main.Addr().String(), "tls", id != nil, "regions", c.Regions,
			"connections", main.limits.total, "connections_per_source", main.limits.perSource)
		for _, p := range ports[1:] {
			log.Info("serving metrics", "address", p.Addr().String())
		}
	})
}

// addresses are where to listen: for everybody, and perhaps for those who watch.
func (c *config) addresses() []string {
	if c.ListenMetrics == "" {
		return []string{c.Listen}
	}
	return []string{c.Listen, c.ListenMetrics}
}

// ports listens on the addresses. What is open is returned with an error, too.
func (c *config) ports() (ports []port, err error) {
	bounds, err := c.limits()
	if err != nil {
		return nil, exit.Mark(err, exit.ErrConfig)
	}
	for _, addr := range c.addresses() {
		l, err := listen(addr)
		if err != nil {
			return ports, err
		}
		ports = append(ports, port{Listener: l, limits: bounds})
		if c.TLS.Certificate == "" && !bound(l.Addr()) {
			return ports, exit.ConfigError("plain HTTP is served on loopback only, and %s is %s here: set "+
				"tls.certificate and tls.key", addr, l.Addr())
		}
		bounds = limits{watchConnections, watchConnections / 2}
	}
	return ports, nil
}
