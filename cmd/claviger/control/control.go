// Package control is how commands reach the server that runs. It has the database for itself, so
// commands that change something ask it to, by a socket beside the database. Who may ask is said by
// the kernel: the user that the server runs as, and root. A command is a [Request], which is
// performed in the same way where no server runs.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"claviger/service"

	"golang.org/x/sys/unix"
)

// socket is the socket's.
func socket(database string) string { return database + ".control" }

// Serve answers commands until stop is called, which waits for those that go on until its context
// ends.
func Serve(s *service.Service, log *slog.Logger) (stop func(context.Context), err error) {
	path := socket(s.Database)
	// The database's lock is ours, so what is there is left from a process that is gone.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the socket for commands: %w", err)
	}
	var l *net.UnixListener
	err = fromDirectory(path, func(path string) (err error) {
		l, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the socket for commands: %w", err)
	}
	l.SetUnlinkOnClose(false) // by the name of fromDirectory there is nothing any more
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	server := &http.Server{Handler: handler(s), ConnContext: withPeer,
		ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends when it is closed
	}()
	return func(ctx context.Context) {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
		<-ended
		_ = os.Remove(path) // else the next server does
	}, nil
}

// fromDirectory calls f with a name for path that has room in a socket's address, however long path
// is: 108 bytes are all that there are.
func fromDirectory(path string, f func(string) error) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return f(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)))
}

// peer is the key under which a request has the user at the other end.
type peer struct{}

// withPeer asks the kernel who is at the other end.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return ctx
	}
	var who *unix.Ucred
	failed := raw.Control(func(fd uintptr) {
		who, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if failed != nil || err != nil {
		return ctx
	}
	return context.WithValue(ctx, peer{}, *who)
}

// mostAsked is how many bytes a command may have. Digests that name many files are the longest.
const mostAsked = 8 << 20

// handler performs one command a request.
func handler(s *service.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := r.Context().Value(peer{}).(unix.Ucred)
		if !ok || who.Uid != 0 && int(who.Uid) != os.Geteuid() {
			http.Error(w, "commands are taken from the user that the server runs as, and from root",
				http.StatusForbidden)
			return
		}
		var q Request
		if err := json.NewDecoder(io.LimitReader(r.Body, mostAsked)).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply, err := q.Perform(r.Context(), s, int(who.Uid))
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		_ = json.NewEncoder(w).Encode(reply) // who has hung up is told nothing
	})
}

// Request is one command, on its way to the server. One of its members is there.
type Request struct {
	Keys     *Keys
	Users    *Users
	Accounts *Accounts
	Reset    *Reset
	Revoke   *Revoke
	Secrets  *Secrets
	Backup   *Backup
	Clock    *Clock
	TrailKey *TrailKey
	Digests  *Digests

	Witnessed  *Witnessed
	Deliveries *Deliveries
}

// Perform does what is asked, for the user who asks: the records say who. A negative user is this
// process's own.
func (q Request) Perform(ctx context.Context, s *service.Service, uid int) (
	reply any, err error) {
	switch {
	case q.Keys != nil:
		return q.Keys.perform(ctx, s, uid)
	case q.Users != nil:
		return q.Users.perform(ctx, s, uid)
	case q.Accounts != nil:
		return q.Accounts.perform(ctx, s, uid)
	case q.Reset != nil:
		return nil, q.Reset.perform(ctx, s, uid)
	case q.Revoke != nil:
		return nil, q.Revoke.perform(ctx, s, uid)
	case q.Secrets != nil:
		return q.Secrets.perform(ctx, s, uid)
	case q.Backup != nil:
		return q.Backup.perform(ctx, s, uid)
	case q.Clock != nil:
		return q.Clock.perform(ctx, s, uid)
	case q.TrailKey != nil:
		return q.TrailKey.perform(ctx, s)
	case q.Digests != nil:
		return q.Digests.perform(ctx, s, uid)
	case q.Witnessed != nil:
		return q.Witnessed.perform(s)
	case q.Deliveries != nil:
		return q.Deliveries.perform(s)
	}
	return nil, errors.New("there is no such command")
}

// ErrNoServer says that nobody answers at the socket.
var ErrNoServer = errors.New("no server is running on this database")

// Ask has the server that runs on a database perform a command, and reads its reply.
func (q Request) Ask(ctx context.Context, database string, reply any) error {
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (c net.Conn, err error) {
			err = fromDirectory(socket(database), func(path string) (err error) {
				c, err = new(net.Dialer).DialContext(ctx, "unix", path)
				return err
			})
			return c, err
		}}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://claviger/",
		bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(r)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %s", ErrNoServer, database)
	case err != nil:
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return errors.New(strings.TrimSpace(string(text)))
	}
	return json.NewDecoder(resp.Body).Decode(reply)
}
