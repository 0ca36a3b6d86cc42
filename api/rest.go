package api

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// mount adds an operation's REST route. The one member in the path is greedy: names may hold slashes.
func (s *server) mount(r chi.Router, o op.Operation) {
	n := o.Info()
	pattern, member := n.Path, ""
	if before, rest, ok := strings.Cut(n.Path, "{"); ok {
		pattern, member = before+"*", strings.TrimSuffix(rest, "...}")
		if _, known := n.In.FieldByName(member); !known {
			panic("api: " + n.Name + " has no member " + member)
		}
	}
	r.MethodFunc(n.Method, pattern, func(w http.ResponseWriter, r *http.Request) {
		out, err := s.serveREST(w, r, o, member)
		s.answerREST(w, r, n.Service, out, err)
	})
}

// serveREST lays the values of path and query over the JSON document of the body, by member name. From there on
// it is the same request as on POST /.
func (s *server) serveREST(w http.ResponseWriter, r *http.Request, o op.Operation, member string) (any, error) {
	b := &body{server: s, request: r}
	defer b.release()
	q := &op.Request{HTTP: r, Read: b.read, ID: w.Header().Get("X-Amzn-Requestid")}
	q.Decode = func(in any) (err error) {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return badQuery.Because(err) // Query would leave out what it can't read
		}
		if member != "" {
			name, err := identifier(chi.URLParam(r, "*"))
			if err != nil {
				return err
			}
			values[member] = []string{name}
		}
		doc, err := overlay(b.bytes, values, o.Info().In)
		if err != nil {
			return err
		}
		q.Present = wire.Presence(doc)
		return wire.Decode(doc, in)
	}
	return s.Runner.Serve(r.Context(), o, q)
}

// identifier reads the greedy part of a path: unescaped exactly once, and refused where two clients or proxies could
// take it for two different names. Such names go into the body or a query value.
func identifier(raw string) (string, error) {
	name, err := url.PathUnescape(raw)
	if err != nil || strings.Contains(name, "%") {
		return "", ambiguous
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", ambiguous
		}
	}
	return name, nil
}

var ambiguous = fault.New(fault.Invalid, "ValidationException",
	"The name in the path is ambiguous: it is empty, escaped twice, or holds an empty, '.' or '..' segment. Send it in the body or as a query value.")

var badQuery = fault.New(fault.Invalid, "ValidationException", "The query can't be read: a value is badly escaped, or has a ';' in it.")

// overlay puts values over the document, each in the JSON form of the member that it names. Values that name
// no member (a presigned URL's, a client's own) are left out.
func overlay(body []byte, values url.Values, in reflect.Type) ([]byte, error) {
	doc := map[string]jsontext.Value{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &doc); err != nil || doc == nil {
			return nil, notJSON.Because(err)
		}
	}
	for name, v := range values {
		f, ok := in.FieldByName(name)
		if !ok || f.Anonymous {
			continue
		}
		member, err := document(f.Type, v)
		if err != nil {
			return nil, notJSON.Because(err)
		}
		doc[name] = member
	}
	return json.Marshal(doc)
}

// document writes query values as JSON: text as a string, a list of strings from repeated values, anything
// else as the JSON it already is.
func document(t reflect.Type, values []string) (jsontext.Value, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.String, t == reflect.TypeFor[[]byte]():
		return jsontext.AppendQuote(nil, values[0])
	case t == reflect.TypeFor[[]string]():
		return json.Marshal(values)
	}
	v := jsontext.Value(values[0])
	if !v.IsValid() {
		return jsontext.AppendQuote(nil, values[0]) // the decoder refuses it with the right words
	}
	return v, nil
}

func (s *server) answerREST(w http.ResponseWriter, r *http.Request, service *op.Service, out any, err error) {
	noStore(w.Header())
	if err != nil {
		writeProblem(w, service, err)
		return
	}
	if _, none := out.(op.None); none {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	body, err := wire.Encode(out)
	if err != nil {
		s.Log.Error("the answer could not be encoded", "path", r.URL.Path, "error", err)
		writeProblem(w, service, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// problem is RFC 9457's problem document, with AWS's name of the error as code.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitzero"`
	Code      string `json:"code"`
	RequestID string `json:"requestId"`
}

func writeProblem(w http.ResponseWriter, service *op.Service, err error) {
	f := fault.Of(err)
	sendProblem(w, statuses[f.Kind].rest, service.Code(f), message(f))
}

func sendProblem(w http.ResponseWriter, status int, code, detail string) {
	body, _ := wire.Encode(problem{Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: detail, Code: code, RequestID: w.Header().Get("X-Amzn-Requestid")})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// mountNowhere answers for paths that are no resource, and for methods that a resource does not take (RFC 9110, 15.5.6).
func mountNowhere(r chi.Router) {
	code := unknownOperation.Code
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		sendProblem(w, http.StatusNotFound, code, "There is no such resource. /docs lists those that there are.")
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, q *http.Request) {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			if r.Match(chi.NewRouteContext(), method, q.URL.EscapedPath()) {
				w.Header().Add("Allow", method)
			}
		}
		sendProblem(w, http.StatusMethodNotAllowed, code, "The resource does not take "+q.Method+". /docs lists what it takes.")
	})
}
