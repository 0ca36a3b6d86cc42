package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/internal/listener"
	"claviger/service"

	"github.com/coreos/go-systemd/v22/daemon"
)

// drain is how long requests in progress get to end after SIGTERM.
const drain = 20 * time.Second

// lastAnswers is how long they get to be answered once the service has let go of them.
const lastAnswers = time.Second

// streams is how many requests an HTTP/2 connection may have at once. SDKs open another connection
// when they need more.
const streams = 64

// watchConnections is how many connections those who watch may have, on a listener of their own.
const watchConnections = 64

// ballast makes the collector think that more lives than does, so that a small heap is not
// collected forty times a second. It is never written to, so it costs addresses and no memory. GOGC
// in the environment goes first.
func ballast() []byte {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return make([]byte, 8<<20)
}

// port is where somebody is listened to.
type port struct {
	net.Listener
	secure *tls.Config // nil: plain HTTP
	limits config.Limits
}

// open makes the server of a port and what it accepts connections from. Limits count what is
// accepted, before TLS begins.
func (p port) open(h http.Handler, observe listener.Observer, log *slog.Logger) (
	*http.Server, net.Listener) {
	l := listener.New(p.Listener, p.limits.Total, p.limits.PerSource, observe)
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second, // of the body, too, unless the API gives it less
		WriteTimeout:      90 * time.Second, // longer than the API takes for any answer
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnState:         l.ConnState,
		ConnContext:       l.ConnContext,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: streams, MaxReceiveBufferPerStream: 64 << 10,
			MaxReceiveBufferPerConnection: 256 << 10, SendPingTimeout: time.Minute,
			WriteByteTimeout: 20 * time.Second},
	}
	if p.secure == nil {
		return server, l
	}
	return server, tls.NewListener(l, p.secure)
}

// serveUntil answers requests on the first port, and those of whoever watches on another if there
// is one, until ctx ends, lets those in progress end, and closes the service. ready is called once
// connections are taken.
func serveUntil(ctx context.Context, s *service.Service, ports []port, log *slog.Logger,
	ready func()) error {
	defer runtime.KeepAlive(ballast())
	log.Info("starting", "version", version, "commit", builtFrom(), "go", runtime.Version())
	stop, err := control.Serve(s, log)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	failed := make(chan error, len(ports))
	var servers []*http.Server
	for i, p := range ports {
		server, l := p.open([]http.Handler{s.Handler, s.Watch}[i], s.Observe, log)
		go func() { failed <- server.Serve(l) }()
		servers = append(servers, server)
	}
	ready()
	notify(log, daemon.SdNotifyReady)
	select {
	case err = <-failed:
	case <-ctx.Done():
		log.Info("draining: requests in progress end, new ones are not taken")
		notify(log, daemon.SdNotifyStopping)
	}
	ending, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	s.Drain()
	for _, server := range servers { // whoever watches sees the others end
		if left := server.Shutdown(ending); left != nil {
			err = errors.Join(err, fmt.Errorf("requests were still in progress after %s: %w", drain, left))
		}
	}
	stop(ending)
	err = errors.Join(err, s.Close())
	last, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	for _, server := range servers {
		_ = server.Shutdown(last) // the service has told those that were left what it knows
	}
	return err
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
		return nil, exit.ConfigError("can't listen on %s: %v. Ports below 1024 are for processes with "+
			"CAP_NET_BIND_SERVICE; choose a higher one, or give it that", addr, errors.Unwrap(err))
	}
	if err != nil {
		return nil, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	return l, nil
}

// loopback reports whether addr looks like one that can be reached from this machine only. What
// localhost stands for is the resolver's to say, so that [bound] has the last word.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// bound reports whether what a listener is bound to can be reached from this machine only.
func bound(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
