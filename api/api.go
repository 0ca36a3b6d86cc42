// Package api speaks the protocols: AWS JSON 1.1 on POST /, and the same operations as REST resources under
// /v1. It knows no operation by name: what the registry holds is what is served, documented and tested.
package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

// Limits of one request and of all together.
const (
	firstBuf   = 64 << 10         // bytes set aside for a body before any of it has come
	maxBody    = 1 << 20          // bytes; the largest legal request is a secret of 65,536 bytes, every one escaped
	maxTime    = 75 * time.Second // from the first byte of the body to the answer; a device may take a minute to make an RSA key
	maxWaiting = 1024             // requests in progress at once; one more is told to slow down
	maxHeld    = 64 << 20         // bytes of large bodies in all requests at once
)

// Config is what an API serves. All fields but Metrics must be set.
type Config struct {
	Runner     *op.Runner
	Operations []op.Operation
	Ready      func() error // nil when the service can do its work, else why it can't
	Metrics    http.Handler
	Log        *slog.Logger
	Version    string
}

// server holds what the handlers share.
type server struct {
	Config
	byTarget map[string]op.Operation
	services map[string]*op.Service // by target prefix
	inside   atomic.Int64
	held     atomic.Int64 // bytes set aside for large bodies
}

// New returns the handler of the whole API. It panics if two operations claim one name or route: that is a
// mistake in the program.
func New(c Config) http.Handler {
	s := &server{Config: c, byTarget: map[string]op.Operation{}, services: map[string]*op.Service{}}
	root := chi.NewRouter()
	root.Use(asSent)
	root.Get("/livez", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	root.Get("/readyz", s.readyz)
	if c.Metrics != nil {
		root.Handle("/metrics", c.Metrics)
	}
	r := root.With(s.guard) // whoever watches the service sees it however busy it is
	for _, o := range c.Operations {
		n := o.Info()
		if n.Method == "" {
			continue
		}
		target := n.Service.Target + "." + n.Name
		if s.byTarget[target] != nil {
			panic("api: two operations are called " + target)
		}
		s.byTarget[target], s.services[n.Service.Target] = o, n.Service
		s.mount(r, o)
	}
	r.Post("/", s.serveJSON)
	s.mountDocs(r)
	mountNowhere(r)
	return root
}

// asSent has requests routed by the path as it was sent, or chi could not tell a%2Fb from a%252Fb.
func asSent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawPath == "" && r.URL.Path != "/" {
			r.URL.RawPath = r.URL.EscapedPath()
		}
		next.ServeHTTP(w, r)
	})
}

// guard is around every handler but those that watch: a request id, the limit on requests in progress, a deadline, and an answer even
// for a panic.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		w.Header().Set("X-Amzn-Requestid", id)
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				s.Log.Error("panic outside the road", "requestId", id, "error", fault.Panic(p))
				plain(w, http.StatusInternalServerError, "internal error\n")
			}
		}()
		if s.inside.Add(1) > maxWaiting {
			defer s.inside.Add(-1)
			s.Runner.Observe.Unknown("unknown", tooMany.Code)
			if strings.HasPrefix(r.URL.Path, "/v1/") {
				writeProblem(w, nil, tooMany)
			} else {
				writeJSONError(w, nil, tooMany)
			}
			return
		}
		defer s.inside.Add(-1)
		ctx, cancel := context.WithTimeout(r.Context(), maxTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	if err := s.Ready(); err != nil {
		plain(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
		return
	}
	plain(w, http.StatusOK, "ok\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// body is a request's body on its way into memory.
type body struct {
	*server
	request *http.Request
	bytes   []byte
	share   int64 // of what all bodies may take together
}

// read takes in the whole body, up to the limit. A body of more than a usual size waits for nothing: if there is no room
// beside those of other requests, the caller is told to slow down.
func (b *body) read() ([]byte, error) {
	size := b.request.ContentLength
	if size > maxBody {
		return nil, tooLarge
	}
	if size < 0 {
		size = maxBody
	}
	if size > firstBuf {
		b.share = size
		if b.held.Add(size) > maxHeld {
			return nil, tooMany
		}
	}
	var buf bytes.Buffer
	buf.Grow(int(min(size, firstBuf)) + bytes.MinRead) // more is for those who send more
	_, err := buf.ReadFrom(http.MaxBytesReader(nil, b.request.Body, maxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge
	case err != nil:
		return nil, unread.Because(err)
	}
	b.bytes = buf.Bytes()
	return b.bytes, nil
}

// release gives the body's share back.
func (b *body) release() { b.held.Add(-b.share) }
