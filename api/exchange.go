package api

import (
	"bytes"
	"errors"
	"net/http"

	"claviger/internal/fault"
	"claviger/internal/op"
)

// exchange is one request and its answer.
type exchange struct {
	*server
	protocol  Protocol
	http      *http.Request
	service   *op.Service
	operation op.Operation // once it is named
	body      []byte       // once it is read
	share     int64        // of what large bodies may take together
	request   op.Request
}

// recognise returns the protocol of a request, and the service asked, or nil.
func (s *server) recognise(r *http.Request) (Protocol, *op.Service) {
	last := len(s.protocols) - 1
	for _, p := range s.protocols[:last] {
		if service, ok := p.Recognise(r); ok {
			return p, service
		}
	}
	// Whatever no other protocol wants is answered in the words of the last one.
	service, _ := s.protocols[last].Recognise(r)
	return s.protocols[last], service
}

// serve takes a request in any protocol down the road.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	p, service := s.recognise(r)
	if service == nil {
		s.Runner.Observe.Unknown("unknown", unknownOperation.Code)
		p.Fault(w, r, nil, unknownOperation)
		return
	}
	x := &exchange{server: s, protocol: p, http: r, service: service}
	defer x.release()
	x.request = op.Request{HTTP: r, ID: w.Header().Get("X-Amzn-Requestid"),
		Read: x.read, Name: x.name, Decode: x.decode}
	out, err := s.Runner.Serve(r.Context(), service, &x.request)
	if err == nil {
		err = x.answer(w, out)
	}
	if err != nil {
		p.Fault(w, r, service, told(err))
	}
}

func (x *exchange) name() (op.Operation, string, error) {
	o, asked, err := x.protocol.Name(x.http, x.service, x.body)
	x.operation = o
	return o, clip(asked), err
}

// clip bounds a name that a client made up.
func clip(name string) string { return name[:min(len(name), 128)] }

func (x *exchange) decode(in any) (err error) {
	x.request.Present, err = x.protocol.Decode(x.http, x.operation, x.body, in)
	return err
}

func (x *exchange) answer(w http.ResponseWriter, out any) error {
	h := w.Header()
	if x.service.NoStore {
		noStore(h)
	}
	err := x.protocol.Answer(w, x.http, x.operation, out)
	if err != nil {
		x.Log.Error("the answer could not be encoded", "operation", x.operation.Info().Name,
			"requestId", x.request.ID, "error", err)
	}
	return err
}

// noStore forbids caches to keep an answer, in the words that KMS uses.
func noStore(h http.Header) {
	h["Cache-Control"] = []string{"no-cache, no-store, must-revalidate, private"}
	h["Expires"] = []string{"0"}
	h["Pragma"] = []string{"no-cache"}
}

// read takes in the whole body, up to the limit. A body of more than a usual size waits for
// nothing: if there is no room beside those of other requests, the caller is told to slow down.
func (x *exchange) read() ([]byte, error) {
	size := x.http.ContentLength
	if size > maxBody {
		return nil, tooLarge
	}
	if size < 0 {
		size = maxBody
	}
	if size > firstBuf {
		x.share = size
		if x.held.Add(size) > maxHeld {
			return nil, tooMany
		}
	}
	var buf bytes.Buffer
	buf.Grow(int(min(size, firstBuf)) + bytes.MinRead) // more is for those who send more
	_, err := buf.ReadFrom(http.MaxBytesReader(nil, x.http.Body, maxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge
	case err != nil:
		return nil, unread.Because(err)
	}
	x.body = buf.Bytes()
	return x.body, nil
}

// release gives the body's share back.
func (x *exchange) release() { x.held.Add(-x.share) }

// told returns what a caller may know of an error: never its cause, and of an internal one nothing.
func told(err error) *fault.Error {
	f := fault.Of(err)
	if f.Kind == fault.Internal {
		return fault.New(f.Kind, "", internalText)
	}
	return fault.New(f.Kind, f.Code, f.Message)
}
