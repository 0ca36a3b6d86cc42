package api

import (
	"net/http"
	"runtime"
	"time"

	"claviger/internal/admission"
	"claviger/internal/bodies"
	"claviger/internal/listener"
	"claviger/internal/source"
)

// Limits of one request. A device may take a minute to make an RSA key.
const (
	maxTime = 75 * time.Second // from the first byte of the body to the answer

	// maxBody is the most of any request, in bytes: a secret of 65,536 bytes, every one escaped. The
	// others need no more than usualBody: an encryption context, ten grant tokens, and the rest.
	maxBody   = 1 << 20
	usualBody = 128 << 10
	// A body has room for bodyStep bytes before any of it has come. Once they are there it has room
	// for bodyGrowth times as much, and so on.
	bodyStep   = 4 << 10
	bodyGrowth = 8
	// A body larger than this takes a place among the large ones while it is worked on.
	largeBody = 16 << 10

	// What a body has room for has bodyTime to come, and as much more as it takes at bodyRate bytes a
	// second. Who is slower than that of late loses its room if others need it.
	bodyTime = 10 * time.Second
	bodyRate = 64 << 10

	// Whoever takes longer to take an answer doesn't get the rest of it: it holds a place of others.
	answerTime = 20 * time.Second
)

// gates are what requests share. Each is taken for a short time, in this order, so that who is
// slow in one of them keeps nobody out of another.
type gates struct {
	// Work for somebody who isn't known yet, by source: reading headers, finding the access key,
	// verifying the signature. Connections that carried a request of a known caller before have their
	// own, by that caller, or strangers would keep them waiting.
	strangers, acquaintances *admission.Gate

	// Bytes of bodies, from before they are read until the answer, by source, and those of connections
	// of known callers by these. Anybody can name an access key, so that its name gives no claim: a
	// share for each key could be taken by those who don't have it.
	strangersBodies, acquaintancesBodies *bodies.Room

	// Answers to those who weren't identified or found no place, by source, from their turn until
	// they are written: whoever asks for many waits for its turn, and asks for less meanwhile.
	refusals *admission.Gate

	callers *admission.Gate // requests in progress, by caller
	large   *admission.Gate // those with large bodies, by caller

	watchers *admission.Gate // requests that wait for a change, by caller; they have no other place

	// What asks for no signature, by source.
	documents, metrics, health *admission.Gate
}

const (
	maxHeld    = 64 << 20 // bytes of bodies at once
	maxCallers = 1024     // requests in progress at once

	// maxOfCaller is of these one caller's. All that it has beyond what the device takes and what
	// fills the next commit only wants a processor, and whoever wants little waits behind that: it is
	// the share of a processor that can't be given out otherwise.
	maxOfCaller = 64

	// A request that waits costs a connection or a stream and some KiB, and no processor.
	maxWatchers = 4096
)

// newGates makes gates in which a source is given less than a quarter of one processor before it is
// known, whatever it asks for.
func newGates() *gates {
	processors := runtime.GOMAXPROCS(0)
	patient := func(places, share int) *admission.Gate {
		return &admission.Gate{Places: places, Share: share, Patience: 5 * time.Second,
			Waiting: 1024, WaitingAll: 4096}
	}
	paced := func(places, share int, least time.Duration) *admission.Gate {
		g := patient(places, share)
		g.Least = least
		return g
	}
	// These wait for what may be slow, the device above all, so that it is known how long that takes.
	forecasting := func(places, share int) *admission.Gate {
		g := patient(places, share)
		g.Patience, g.Forecasts = 10*time.Second, true
		return g
	}
	return &gates{
		strangers:           patient(4*processors, 4*processors),
		acquaintances:       patient(4*processors, 4*processors),
		strangersBodies:     roomOf(maxHeld / 8),
		acquaintancesBodies: roomOf(maxHeld / 2),
		refusals:            paced(64, 16, 50*time.Millisecond),
		callers:             forecasting(maxCallers, maxOfCaller),
		large:               forecasting(4*processors, max(1, processors/2)),
		watchers:            &admission.Gate{Places: maxWatchers, Share: maxWatchers / 4},
		documents:           paced(32, 8, 100*time.Millisecond),
		metrics:             patient(16, 4),
		health: &admission.Gate{Places: 64, Share: 16, Patience: time.Second / 2, Waiting: 1024,
			WaitingAll: 4096, Least: 10 * time.Millisecond},
	}
}

// roomOf makes room for bodies of which one source has a share.
func roomOf(share int) *bodies.Room {
	return &bodies.Room{Bytes: maxHeld, Share: share, Patience: 5 * time.Second, Rate: bodyRate}
}

// shared is around a handler that asks for no signature: so many at once of one source, and in all.
func (s *server) shared(gate *admission.Gate, where string, next http.HandlerFunc,
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := source.Of(r.RemoteAddr)
		end, ok := gate.Lease(r.Context(), from)
		if !ok {
			s.turnAway(w, r, where)
			return
		}
		defer end()
		next(&timely{ResponseWriter: w}, r)
		sent(w, r)
	}
}

// sent waits until the other end has taken what was written, as far as it takes anything. Over
// HTTP/2 net/http would do that once the handler has returned, and the place was somebody else's.
func sent(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 2 {
		_ = http.NewResponseController(w).Flush()
	}
}

// turnAway answers whoever finds no place. There is no body: it could have to wait for somebody who
// doesn't read it. A stranger would ask again at once. Over HTTP/1 it is let wait, which costs
// nothing that its connection doesn't; over HTTP/2, where a connection has many requests, it loses
// that.
func (s *server) turnAway(w http.ResponseWriter, r *http.Request, where string) {
	s.Runner.Observe.Overload(where)
	h := w.Header()
	h["Retry-After"] = []string{"1"}
	h["X-Amzn-Errortype"] = []string{tooMany.Code}
	h["Content-Length"] = []string{"0"}
	switch {
	case listener.Known(r.Context()) != "":
	case r.ProtoMajor == 2:
		h["Connection"] = []string{"close"}
	default:
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// timely gives an answer a deadline from the moment in which it begins.
type timely struct {
	http.ResponseWriter
	begun bool
}

func (t *timely) begin() {
	if !t.begun {
		t.begun = true
		// A writer in a test has no deadlines.
		_ = http.NewResponseController(t.ResponseWriter).SetWriteDeadline(time.Now().Add(answerTime))
	}
}

// WriteHeader implements [http.ResponseWriter].
func (t *timely) WriteHeader(status int) {
	t.begin()
	t.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (t *timely) Write(b []byte) (int, error) {
	t.begin()
	return t.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (t *timely) Unwrap() http.ResponseWriter { return t.ResponseWriter }
