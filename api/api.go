// Package api serves the operations of the registry: it routes a request, bounds what it may cost,
// and hands it to its [Protocol]. The protocols are the packages beneath: AWS JSON and AWS query on
// /, and the same operations as REST resources under /v1. Nothing here knows an operation by name:
// what the registry holds is what is served, documented and tested.
package api

import (
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"claviger/api/awsjson"
	"claviger/api/awsquery"
	"claviger/api/rest"
	"claviger/internal/op"

	"github.com/go-chi/chi/v5"
)

// Limits of one request and of all together. The largest legal request is a secret of 65,536 bytes,
// every one escaped; a device may take a minute to make an RSA key.
const (
	firstBuf   = 64 << 10         // bytes reserved for a body before any of it has come
	maxBody    = 1 << 20          // bytes
	maxTime    = 75 * time.Second // from the first byte of the body to the answer
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
	protocols []Protocol // in the order in which they are asked
	inside    atomic.Int64
	held      atomic.Int64 // bytes reserved for large bodies
}

// New returns the handler of the whole API. It panics if two operations claim one name or route:
// that is a mistake in the program.
func New(c Config) http.Handler {
	s := &server{Config: c, protocols: []Protocol{rest.New(c.Operations),
		awsquery.New(c.Operations), awsjson.New(c.Operations)}}
	root := chi.NewRouter()
	root.Use(asSent)
	root.Get("/livez", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, "ok\n")
	})
	root.Get("/readyz", s.readyz)
	if c.Metrics != nil {
		root.Handle("/metrics", c.Metrics)
	}
	r := root.With(s.bounded) // whoever watches the service sees it however busy it is
	resources := r.With(uncached)
	for _, o := range c.Operations {
		if n := o.Info(); n.Method != "" {
			resources.MethodFunc(n.Method, rest.Pattern(n), s.serve)
		}
	}
	r.Post("/", s.serve)
	r.Get("/", s.serveRoot)
	s.mountDocs(r)
	mountNowhere(r)
	return root
}

// serveRoot tells a request in AWS query, which may be a GET, from somebody who looks around.
func (s *server) serveRoot(w http.ResponseWriter, r *http.Request) {
	if awsquery.Asks(r) {
		s.serve(w, r)
		return
	}
	toDocs(w, r)
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

// mountNowhere answers for paths that are no resource, and for methods that a resource does not
// take (RFC 9110, 15.5.6).
func mountNowhere(r chi.Router) {
	code := unknownOperation.Code
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		rest.Send(w, http.StatusNotFound, code,
			"There is no such resource. /docs lists those that there are.")
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, q *http.Request) {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			if r.Match(chi.NewRouteContext(), method, q.URL.EscapedPath()) {
				w.Header().Add("Allow", method)
			}
		}
		rest.Send(w, http.StatusMethodNotAllowed, code,
			"The resource does not take "+q.Method+". /docs lists what it takes.")
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
