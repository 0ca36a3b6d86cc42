package served

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"

	"claviger/secrets/rotation"
	"claviger/secrets/rotation/rotator"
	"claviger/service"
)

// TestedPath answers how many values the rotator was asked to try.
const TestedPath = "/bench/tested"

// noop is a rotator that touches nothing, so that what is measured is the service's own part.
type noop struct{ tested atomic.Int64 }

// Candidate implements [rotator.Target].
func (*noop) Candidate(_ context.Context, current rotator.Document,
	_ rotator.Passwords) (rotator.Document, error) {
	return current, nil
}

// Set implements [rotator.Target].
func (*noop) Set(context.Context, rotator.Versions) error { return nil }

// Test implements [rotator.Target].
func (n *noop) Test(context.Context, rotator.Document) error {
	n.tested.Add(1)
	return nil
}

// Noop serves what dev has made in a directory, with a rotator that touches nothing: no
// configuration has one.
func Noop(dir string) error {
	device, err := devToken(dir)
	if err != nil {
		return err
	}
	by := new(noop)
	c, err := ReadCredentials(dir)
	if err != nil {
		return err
	}
	s, err := service.Open(context.Background(), service.Config{
		Database: filepath.Join(dir, "claviger.db"), HSM: device, Regions: []string{c.Region},
		Log: slog.New(slog.DiscardHandler), Rotators: []service.Rotator{{Rotator: rotation.Rotator{
			Name: "noop", Accounts: []string{Account}, Target: by}}}})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == TestedPath {
			fmt.Fprint(w, by.tested.Load())
			return
		}
		s.Handler.ServeHTTP(w, r)
	}))
}

var _ rotator.Target = (*noop)(nil)
