package api

import (
	"net/http"
	"strconv"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"

	"github.com/go-json-experiment/json/jsontext"
)

const jsonType = "application/x-amz-json-1.1"

// serveJSON is AWS JSON 1.1: the operation is named by X-Amz-Target, the document is the body.
func (s *server) serveJSON(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	prefix, name, _ := strings.Cut(target, ".")
	service := s.services[prefix]
	b := &body{server: s, request: r}
	defer b.release()
	o := s.byTarget[target]
	q := &op.Request{HTTP: r, Read: b.read, ID: w.Header().Get("X-Amzn-Requestid")}
	q.Decode = func(in any) error {
		q.Present = wire.Presence(b.bytes)
		return wire.Decode(b.bytes, in)
	}
	switch {
	case service == nil:
		s.Runner.Observe.Unknown("unknown", unknownOperation.Code)
		writeJSONError(w, nil, unknownOperation)
	case mediaType(r) != jsonType:
		writeJSONError(w, service, s.Runner.Refuse(r.Context(), service, "UnknownOperation", q, unknownOperation))
	case o == nil:
		writeJSONError(w, service, s.Runner.Refuse(r.Context(), service, clip(name), q, unknownOperation))
	default:
		out, err := s.Runner.Serve(r.Context(), o, q)
		s.answerJSON(w, service, out, err)
	}
}

func mediaType(r *http.Request) string {
	t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.TrimSpace(t)
}

// clip bounds a name that a client made up.
func clip(name string) string { return name[:min(len(name), 128)] }

func (s *server) answerJSON(w http.ResponseWriter, service *op.Service, out any, err error) {
	if err != nil {
		writeJSONError(w, service, err)
		return
	}
	var body []byte
	if _, none := out.(op.None); !none {
		if body, err = wire.Encode(out); err != nil {
			s.Log.Error("the answer could not be encoded", "error", err)
			writeJSONError(w, service, fault.Of(err))
			return
		}
	}
	h := w.Header()
	h["Content-Type"] = jsonTypeHeader
	if service.NoStore {
		noStore(h)
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body)
}

var jsonTypeHeader = []string{jsonType}

// noStore forbids caches to keep an answer, in the words that KMS uses.
func noStore(h http.Header) {
	h["Cache-Control"] = []string{"no-cache, no-store, must-revalidate, private"}
	h["Expires"] = []string{"0"}
	h["Pragma"] = []string{"no-cache"}
}

// writeJSONError answers with the service's own spelling. The service may be unknown.
func writeJSONError(w http.ResponseWriter, service *op.Service, err error) {
	f := fault.Of(err)
	member, code := "message", f.Code
	if service != nil {
		member, code = service.Message, service.Code(f)
	} else if code == "" {
		code = "InternalFailure"
	}
	body, _ := jsontext.AppendQuote([]byte(`{"__type":`), code)
	if text := message(f); text != "" {
		body, _ = jsontext.AppendQuote(append(body, `,"`+member+`":`...), text)
	}
	body = append(body, '}')
	h := w.Header()
	h["Content-Type"] = jsonTypeHeader
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(statuses[f.Kind].json)
	_, _ = w.Write(body)
}

// message is what a caller is told. An internal error says nothing.
func message(f *fault.Error) string {
	if f.Kind == fault.Internal {
		return "The request failed because of an internal error. Try again; if it goes on, give the request ID to the operator."
	}
	return f.Message
}
