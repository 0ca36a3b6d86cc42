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
	maxTime    = 30 * time.Second // from the first byte of the body to the answer
	maxWaiting = 1024             // requests in progress at once; one more is told to slow down
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
}

// New returns the handler of the whole API. It panics if two operations claim one name or route: that is a
// mistake in the program.
func New(c Config) http.Handler {
	s := &server{Config: c, byTarget: map[string]op.Operation{}, services: map[string]*op.Service{}}
	r := chi.NewRouter()
	r.Use(s.guard)
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
	r.Get("/livez", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	r.Get("/readyz", s.readyz)
	if c.Metrics != nil {
		r.Handle("/metrics", c.Metrics)
	}
	s.mountDocs(r)
	mountNowhere(r)
	return r
}

// guard is around every handler: a request id, the limit on requests in progress, a deadline, and an answer even
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
		if r.URL.RawPath == "" && r.URL.Path != "/" {
			r.URL.RawPath = r.URL.EscapedPath() // or chi could not tell a%2Fb from a%252Fb
		}
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

// read takes in the whole body, up to the limit.
func read(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, tooLarge
	}
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(min(r.ContentLength, firstBuf)) + bytes.MinRead) // more is for those who send more
	}
	_, err := b.ReadFrom(http.MaxBytesReader(nil, r.Body, maxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge
	case err != nil:
		return nil, unread.Because(err)
	}
	return b.Bytes(), nil
}
