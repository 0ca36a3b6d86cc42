// Package api serves the operations of the registry: it routes a request, bounds what it may cost,
// and hands it to its [Protocol]. The protocols are the packages beneath: AWS JSON and AWS query on
// /, and the same operations as REST resources under /v1. Nothing here knows an operation by name:
// what the registry holds is what is served, documented and tested.
package api

import (
	"io"
	"log/slog"
	"net/http"

	"claviger/api/awsjson"
	"claviger/api/awsquery"
	"claviger/api/rest"
	"claviger/internal/op"
	"claviger/internal/source"

	"github.com/go-chi/chi/v5"
)

// Config is what an API serves. All fields but Metrics must be set.
type Config struct {
	Runner     *op.Runner
	Operations []op.Operation
	Ready      func() error // nil when the service can do its work, else why it can't
	Metrics    http.Handler // nil: they are not shown here
	Log        *slog.Logger
	Version    string
}

// server holds what the handlers share.
type server struct {
	Config
	gates     *gates
	protocols []Protocol // in the order in which they are asked
}

// New returns the handler of the whole API. It panics if two operations claim one name or route:
// that is a mistake in the program.
func New(c Config) http.Handler {
	s := &server{Config: c, gates: newGates(), protocols: []Protocol{rest.New(c.Operations),
		awsquery.New(c.Operations), awsjson.New(c.Operations)}}
	root := chi.NewRouter()
	root.Use(asSent)
	s.mountWatch(root)
	resources := root.With(uncached)
	for _, o := range c.Operations {
		if n := o.Info(); n.Method != "" {
			resources.MethodFunc(n.Method, rest.Pattern(n), s.serve)
		}
	}
	root.Post("/", s.serve)
	root.Get("/", s.serveRoot)
	s.mountDocs(root)
	s.mountNowhere(root)
	return root
}

// Watch returns the handler of a listener for those who watch the service, and nobody else. Of c
// it needs what New needs but the operations.
func Watch(c Config) http.Handler {
	s := &server{Config: c, gates: newGates(), protocols: []Protocol{awsjson.New(nil)}}
	root := chi.NewRouter()
	s.mountWatch(root)
	return root
}

// mountWatch serves whoever watches the service, however busy it is.
func (s *server) mountWatch(r chi.Router) {
	r.Get("/livez", s.health(func() error { return nil }))
	r.Get("/readyz", s.health(s.Ready))
	if s.Metrics != nil {
		r.Handle("/metrics", s.shared(&s.gates.metrics, "metrics", s.Metrics.ServeHTTP))
	}
}

// serveRoot tells a request in AWS query, which may be a GET, from somebody who looks around.
func (s *server) serveRoot(w http.ResponseWriter, r *http.Request) {
	if awsquery.Asks(r) {
		s.serve(w, r)
		return
	}
	s.toDocs()(w, r)
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
func (s *server) mountNowhere(r chi.Router) {
	code := unknownOperation.Code
	r.NotFound(s.document(func(w http.ResponseWriter, _ *http.Request) {
		rest.Send(w, http.StatusNotFound, code,
			"There is no such resource. /docs lists those that there are.")
	}))
	r.MethodNotAllowed(s.document(func(w http.ResponseWriter, q *http.Request) {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			if r.Match(chi.NewRouteContext(), method, q.URL.EscapedPath()) {
				w.Header().Add("Allow", method)
			}
		}
		rest.Send(w, http.StatusMethodNotAllowed, code,
			"The resource does not take "+q.Method+". /docs lists what it takes.")
	}))
}

// health answers whether all is well. However many ask, each gets an answer: those that are too
// many get its status alone, for which nobody ever waits.
func (s *server) health(ask func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, text := http.StatusOK, "ok\n"
		if err := ask(); err != nil {
			status, text = http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n"
		}
		from := source.Of(r.RemoteAddr)
		if !s.gates.health.Take(from, 1) {
			s.Runner.Observe.Overload("health")
			w.Header()["Content-Length"] = []string{"0"}
			w.WriteHeader(status)
			return
		}
		defer s.gates.health.Give(from, 1)
		plain(&timely{ResponseWriter: w}, status, text)
		sent(w, r)
	}
}

// uncached is around the REST routes: caches that know HTTP would keep what is answered to a GET.
func uncached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noStore(w.Header())
		next.ServeHTTP(w, r)
	})
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
