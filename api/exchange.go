package api

import (
	"context"
	"net/http"
	"time"

	"claviger/api/rest"
	"claviger/internal/fault"
	"claviger/internal/listener"
	"claviger/internal/op"

	"github.com/google/uuid"
)

// exchange is one request and its answer.
type exchange struct {
	*server
	*passage
	protocol Protocol
	http     *http.Request
	writer   http.ResponseWriter
	asked    op.Asked     // before the body is read
	named    op.Operation // once it is
	body     []byte       // once it is read
	input    any          // once it is decoded
	request  op.Request
	until    time.Time // when it has waited for long enough, once it waits
}

// recognise returns the protocol of a request, and what it is for.
func (s *server) recognise(r *http.Request) (Protocol, op.Asked) {
	last := len(s.protocols) - 1
	for _, p := range s.protocols[:last] {
		if asked, ok := p.Recognise(r); ok {
			return p, asked
		}
	}
	// Whatever no other protocol wants is answered in the words of the last one.
	asked, _ := s.protocols[last].Recognise(r)
	return s.protocols[last], asked
}

// serve takes a request in any protocol past the bounds and down the road, with a request id, a
// deadline, and an answer even for a panic.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	id := uuid.NewString()
	w.Header().Set("X-Amzn-Requestid", id)
	ctx, cancel := context.WithTimeout(r.Context(), maxTime)
	defer cancel()
	x := &exchange{server: s, passage: s.gates.passage(r), http: r.WithContext(ctx), writer: w}
	defer x.end()
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			s.Log.Error("panic outside the road", "requestId", id, "error", fault.Panic(p))
			plain(w, http.StatusInternalServerError, "internal error\n")
		}
	}()
	if !x.arrive(ctx) {
		s.turnAway(w, r, "strangers")
		return
	}
	x.protocol, x.asked = s.recognise(r)
	x.request = op.Request{HTTP: x.http, ID: id, Read: x.read, Name: x.name, Known: x.known,
		Decode: x.decode, Pause: x.pause, Condition: x.asked.Condition, Hold: x.hold}
	x.respond(x.run(ctx))
}

// run takes the request down the road.
func (x *exchange) run(ctx context.Context) (out any, err error) {
	if x.asked.Service == nil {
		x.Runner.Observe.Unknown("unknown", unknownOperation.Code)
		return nil, x.noService(x.http)
	}
	out, err = x.Runner.Serve(ctx, x.asked.Service, &x.request)
	if f := fault.Of(err); f != nil && f.Kind == fault.Unauthenticated {
		listener.SetKnown(ctx, "")
	}
	return out, err
}

// respond writes the answer, or the error in the protocol's words.
func (x *exchange) respond(out any, err error) {
	w := &timely{ResponseWriter: x.writer}
	if err == nil {
		err = x.answer(w, out)
	}
	if err != nil {
		if !x.place { // it holds nothing that bounds how many answers are on their way
			x.pause()
			end, ok := x.refusals.Lease(x.http.Context(), x.from)
			if !ok {
				x.turnAway(x.writer, x.http, "refusals")
				return
			}
			defer end()
		}
		x.protocol.Fault(w, x.http, x.asked.Service, told(err))
	}
	sent(w, x.http)
}

// known is called once the caller is known, with a context that says so.
func (x *exchange) known(ctx context.Context) error {
	if x.identified(ctx, len(x.body)) {
		return nil
	}
	x.Runner.Observe.Overload("callers")
	return tooMany
}

func (x *exchange) name() (op.Operation, string, error) {
	o, asked, err := x.protocol.Name(x.http, x.asked.Service, x.body)
	x.named = o
	if o != nil {
		x.asked.Service = o.Info().Service // of an unsigned request only the body may have told
	}
	return o, rest.Quoted(asked), err
}

func (x *exchange) decode(in any) (err error) {
	x.input = in
	x.request.Present, err = x.protocol.Decode(x.http, x.named, x.body, in)
	return err
}

func (x *exchange) answer(w http.ResponseWriter, out any) error {
	h := w.Header()
	if x.asked.Service.NoStore {
		noStore(h)
	}
	rest.Tell(h, x.asked.Condition)
	err := x.protocol.Answer(w, x.http, x.named, x.input, out)
	if err != nil {
		x.Log.Error("the answer could not be encoded", "operation", x.named.Info().Name,
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

// told returns what a caller may know of an error: never its cause, and of an internal one nothing.
func told(err error) *fault.Error {
	f := fault.Of(err)
	if f.Kind == fault.Internal {
		return fault.New(f.Kind, "", internalText)
	}
	return fault.New(f.Kind, f.Code, f.Message).With(f.Details)
}
