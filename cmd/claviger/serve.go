package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

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
	if c.TLS.Certificate == "" && !loopback(c.Listen) {
		return configError("plain HTTP is served on loopback only, and %s is not: set tls.certificate "+
			"and tls.key", c.Listen)
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
	l, err := listen(c.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	if c.TLS.Certificate == "" && !bound(l.Addr()) {
		return configError("plain HTTP is served on loopback only, and %s is %s here: set "+
			"tls.certificate and tls.key", c.Listen, l.Addr())
	}
	// The TLS identity comes first: where its key lives on the token, crypto11 must
	// be the one to load the module.
	id, err := c.identity(log)
	if err != nil {
		return err
	}
	if id != nil {
		defer id.Close()
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: id.certificate,
			NextProtos: []string{"h2", "http/1.1"}})
	}
	if _, err := os.Stat(c.Database); err != nil {
		return marked{fmt.Errorf("the database %s is not there: run `claviger init` first: %w",
			c.Database, err), errConfig}
	}
	clusters, err := c.clusters()
	if err != nil {
		return err
	}
	s, err := service.Open(ctx,
		service.Config{Database: c.Database, HSM: c.device(), Clusters: clusters, Regions: c.Regions,
			Log: log, Version: version})
	if err != nil {
		return err
	}
	again.running, again.identity = *c, id
	return serveUntil(ctx, s, l, log, func() {
		go again.watch(ctx)
		log.Info("serving", "address", l.Addr().String(), "tls", id != nil, "regions", c.Regions)
	})
}
