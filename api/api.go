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

// Config is what an API serves. All fields but Metrics and Ending must be set.
type Config struct {
	Runner     *op.Runner
	Operations []op.Operation
	Ready      func() error // nil when the service can do its work, else why it can't
	Metrics    http.Handler // nil: they are not shown here
	Log        *slog.Logger
	Version    string

	// Remark is what a service that is ready has to say to whoever watches it: a line, or nothing.
	// nil: it never has anything.
	Remark func() string
	// Ending is closed when the service is about to end: whoever waits for a change is answered.
	// nil: never.
	Ending <-chan struct{}
	// Certificate serves what messages of topics are verified by, to anybody. Its request has the
	// file's name as the path's value name. nil: there is none.
	Certificate http.HandlerFunc
}

// server holds what the handlers share.
type server struct {
	Config
	gates     *gates
	resources *rest.Protocol
	protocols []Protocol // in the order in which they are asked
}

// New returns the handler of the whole API. It panics if two operations claim one name or route:
// that is a mistake in the program.
func New(c Config) http.Handler {
	s := &server{Config: c, gates: newGates(), resources: rest.New(c.Operations)}
	s.protocols = []Protocol{s.resources, awsquery.New(c.Operations), awsjson.New(c.Operations)}
	root := chi.NewRouter()
	root.Use(asSent)
	s.mountWatch(root)
	root.HandleFunc("/v1/*", s.serveResource)
	root.Post("/", s.serve)
	root.Get("/", s.serveRoot)
	s.mountDocs(root)
	s.mountCertificate(root)
	s.mountNowhere(root)
	return root
}

// mountCertificate serves the certificate at the path that AWS has it at.
func (s *server) mountCertificate(r chi.Router) {
	if s.Certificate == nil {
		return
	}
	serve := s.shared(s.gates.documents, "documents", s.Certificate)
	seen(r, "/{name:SimpleNotificationService-[0-9a-f]{32}\\.pem}",
		func(w http.ResponseWriter, q *http.Request) {
			q.SetPathValue("name", chi.URLParam(q, "name"))
			serve(w, q)
		})
}

// Watch returns the handler of a listener for those who watch the service, and nobody else. Of c
// it needs what New needs but the operations.
func Watch(c Config) http.Handler {
	s := &server{Config: c, gates: newGates(), resources: rest.New(nil),
		protocols: []Protocol{awsjson.New(nil)}}
	root := chi.NewRouter()
	s.mountWatch(root)
	s.mountNowhere(root)
	return root
}

// mountWatch serves whoever watches the service, however busy it is.
func (s *server) mountWatch(r chi.Router) {
	seen(r, "/livez", s.health(func() error { return nil }, nil))
	seen(r, "/readyz", s.health(s.Ready, s.Remark))
	if s.Metrics != nil {
		seen(r, "/metrics", s.shared(s.gates.metrics, "metrics", s.Metrics.ServeHTTP))
	}
}

// seen mounts what can be looked at, and asked for its headers alone.
func seen(r chi.Router, path string, h http.HandlerFunc) {
	r.Get(path, h)
	r.Head(path, h)
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

// elsewhere serves requests in AWS's own protocols, and hands others to nowhere.
func (s *server) elsewhere(nowhere http.HandlerFunc) http.HandlerFunc {
	nowhere = s.document(nowhere)
	return func(w http.ResponseWriter, q *http.Request) {
		if s.ignoresPath(q) {
			s.serve(w, q)
			return
		}
		nowhere(w, q)
	}
}

// ignoresPath reports whether a request is in one of AWS's own protocols. AWS's endpoints read
// nothing from the path, and an SDK sends one if the endpoint it was given has one or ends with a
// slash. What is beneath REST's prefix is REST's: there the path says what is asked for.
func (s *server) ignoresPath(q *http.Request) bool {
	if q.Method != http.MethodPost && (q.Method != http.MethodGet || !awsquery.Asks(q)) {
		return false
	}
	for i, p := range s.protocols {
		if _, ok := p.Recognise(q); ok {
			return i > 0 // the first is REST
		}
	}
	return false
}

// health answers whether all is well. However many ask, each gets an answer: those that are too
// many get its status alone, which waits for nobody who doesn't read it.
func (s *server) health(ask func() error, remark func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, text := http.StatusOK, "ok\n"
		if err := ask(); err != nil {
			status, text = http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n"
		} else if remark != nil {
			text += remark()
		}
		from := source.Of(r.RemoteAddr)
		end, ok := s.gates.health.Lease(r.Context(), from)
		if !ok {
			s.Runner.Observe.Overload("health")
			w.Header()["Content-Length"] = []string{"0"}
			w.WriteHeader(status)
			return
		}
		defer end()
		plain(&timely{ResponseWriter: w}, status, text)
		sent(w, r)
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
