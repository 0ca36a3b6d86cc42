package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"claviger/service"

	"github.com/coreos/go-systemd/v22/daemon"
)

// drain is how long requests in progress get to end after SIGTERM.
const drain = 20 * time.Second

// ballast makes the collector think that more lives than does, so that a small heap is not
// collected forty times a second. It is never written to, so it costs addresses and no memory. GOGC
// in the environment goes first.
func ballast() []byte {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return make([]byte, 8<<20)
}

// serveUntil answers requests on l until ctx ends, lets those in progress end, and closes the
// service. ready is called once connections are taken.
func serveUntil(ctx context.Context, s *service.Service, l net.Listener, log *slog.Logger,
	ready func()) error {
	defer runtime.KeepAlive(ballast())
	server := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second, // of the body, too
		WriteTimeout:      90 * time.Second, // longer than the API takes for any answer
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	ready()
	notify(log, daemon.SdNotifyReady)
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		log.Info("draining: requests in progress end, new ones are not taken")
		notify(log, daemon.SdNotifyStopping)
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		err = server.Shutdown(ctx)
		cancel()
	}
	return errors.Join(err, s.Close())
}

// notify tells systemd, if it is there.
func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd could not be told", "state", state, "error", err)
	}
}

// listen opens the address. Where the port is taken the error says so.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, fs.ErrPermission) {
		return nil, configError("can't listen on %s: %v. Ports below 1024 are for processes with "+
			"CAP_NET_BIND_SERVICE; choose a higher one, or give it that", addr, errors.Unwrap(err))
	}
	if err != nil {
		return nil, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	return l, nil
}
