// Package records makes events of the trail: who was denied again and again, who asked for what is
// pending deletion, what was opened to others, and where a root user was at work. It looks at each
// record once, behind the road that has written it, and knows no clock and no database.
//
// What is found within a window, a span of time as long as the configuration says, is remembered to
// its end, so that what happens a thousand times is told once. Windows go by the times at which
// batches were committed and all of them begin at multiples of their length, so that what is told
// depends on the trail alone. A [State] that is kept with the events goes on where it was.
package records

import (
	"bytes"
	"strings"
	"time"

	"claviger/alarms"
	"claviger/internal/follow"
	"claviger/internal/outbox"

	"github.com/go-json-experiment/json"
)

// Limits are when something is told.
type Limits struct {
	Denied int           // refusals of one principal within a window that are a burst
	Window time.Duration // of at least a second
}

// Bounds of what is remembered within a window.
const (
	mostParties = 1024 // that are counted one by one; the refusals of others are counted together
	mostTold    = 1024 // things; of more nothing is told until the window ends
)

// others are whose refusals are counted together.
const others = "others"

// State is what is remembered at a record.
type State struct {
	Window  int64           `json:"window"`  // its number since the epoch
	Seconds int64           `json:"seconds"` // its length
	Denied  map[string]int  `json:"denied"`  // refusals within the window, by party
	Bursts  map[string]bool `json:"bursts"`  // parties that were in a burst in the window before
	Told    map[string]bool `json:"told"`    // within the window
}

// Watcher looks at records. [New] makes it.
type Watcher struct {
	limits Limits
	state  State
	roots  map[string]bool // identities of root users of which this window has told
}

// New returns a Watcher that goes on from a state; the zero one has seen nothing.
func New(l Limits, s State) *Watcher {
	w := &Watcher{limits: l, state: s}
	if seconds := int64(l.Window / time.Second); s.Seconds != seconds || s.Denied == nil {
		w.state = State{Window: -1, Seconds: seconds}
		w.begin(-1)
	}
	w.roots = map[string]bool{}
	return w
}

// State is what is remembered now. The next look changes it.
func (w *Watcher) State() State { return w.state }

// begin begins a window. What was a burst in the one before may go on.
func (w *Watcher) begin(window int64) {
	bursts := map[string]bool{}
	if window == w.state.Window+1 {
		for party, n := range w.state.Denied {
			if n >= w.limits.Denied {
				bursts[party] = true
			}
		}
	}
	w.state = State{Window: window, Seconds: w.state.Seconds, Denied: map[string]int{},
		Bursts: bursts, Told: map[string]bool{}}
	w.roots = map[string]bool{}
}

// Look returns the events of a batch's records behind one of a number.
func (w *Watcher) Look(b follow.Batch, after int64) (all []outbox.Event) {
	if window := b.At.Unix() / w.state.Seconds; window != w.state.Window {
		w.begin(window)
	}
	for n, line := range b.Lines() {
		if n <= after || !w.isOfInterest(line) {
			continue
		}
		r, err := read(line)
		if err != nil {
			continue // none that package audit has written
		}
		all = append(all, w.look(r, b.At)...)
	}
	return all
}

var (
	rootIdentity = []byte(`"userIdentity":{"type":"Root"`)
	accessDenied = []byte("AccessDenied") // some services have it with Exception behind
	keyState     = []byte("KMSInvalidStateException")
	secretState  = []byte("InvalidRequestException")
)

// isOfInterest reports whether a record may make an event, by its text: nearly none does.
func (w *Watcher) isOfInterest(line []byte) bool {
	h, ok := headOf(line)
	if !ok {
		return true
	}
	switch {
	case bytes.Contains(h.identity, rootIdentity) && !w.roots[string(h.identity)]:
		if len(w.roots) < mostTold {
			w.roots[string(h.identity)] = true
		}
		return true
	case len(h.code) == 0:
		return grants[string(h.name)] != nil
	}
	return bytes.HasPrefix(h.code, accessDenied) || bytes.Equal(h.code, keyState) ||
		bytes.Equal(h.code, secretState)
}

// look returns the events of one record.
func (w *Watcher) look(r *record, committed time.Time) (all []outbox.Event) {
	at := r.time(committed)
	tell := func(place alarms.Place, detailType string, detail any, resources ...string) {
		e := alarms.Of(place, at, detailType, detail, resources...)
		e.ID = alarms.IDOf(r.EventID, detailType)
		all = append(all, e)
	}
	here := alarms.Place{Account: r.Recipient, Region: r.Region}
	who := r.party()
	if r.Identity.Type == "Root" && !r.isCopy() && w.isNew("root "+who+" "+r.Identity.AccessKey) {
		tell(here, alarms.RootActivity, alarms.Asked{Version: alarms.Version, Request: r.request()})
	}
	if arn := r.pending(); arn != "" && w.isNew("pending "+arn+" "+who) {
		tell(r.at(arn), alarms.PendingUse, alarms.Asked{Version: alarms.Version, Resource: arn,
			Request: r.request()}, arn)
	}
	if strings.HasPrefix(r.ErrorCode, "AccessDenied") && !r.isCopy() && w.isBurst(r) {
		tell(here, alarms.DeniedRequests, alarms.Burst{Version: alarms.Version,
			Count: w.limits.Denied, Window: w.state.Seconds,
			Began: alarms.Moment(time.Unix(w.state.Window*w.state.Seconds, 0)), Request: r.request()})
	}
	if r.ErrorCode == "" && grants[r.EventName] != nil {
		shared := r.SharedEventID != "" && !w.isNew("shared "+r.SharedEventID)
		if d, ok := r.opened(); ok && !shared {
			tell(r.at(d.Resource), alarms.AccessOpened, d, d.Resource)
		}
	}
	return all
}

// isNew reports whether this window has not told of something yet, and remembers it.
func (w *Watcher) isNew(what string) bool {
	if w.state.Told[what] || len(w.state.Told) >= mostTold {
		return false
	}
	w.state.Told[what] = true
	return true
}

// isBurst counts a refusal, and reports whether a burst begins with it. The service's own work is
// none of anybody's.
func (w *Watcher) isBurst(r *record) bool {
	if r.Identity.Account == "" && r.Identity.Provider == "" {
		return false
	}
	party := r.party()
	if _, ok := w.state.Denied[party]; !ok && len(w.state.Denied) >= mostParties {
		party = others
	}
	w.state.Denied[party]++
	return w.state.Denied[party] == w.limits.Denied && !w.state.Bursts[party]
}

// markedForDeletion is in what Secrets Manager answers to who uses a secret that is pending
// deletion.
const markedForDeletion = "marked for deletion"

// pending returns the ARN of what is pending deletion and was asked for, or nothing.
func (r *record) pending() string {
	switch {
	case r.Additional.PendingDeletionKeyUsed:
		for _, x := range r.Resources {
			if strings.Contains(r.ErrorMessage, x.ARN) {
				return x.ARN
			}
		}
		return r.key("")
	case r.ErrorCode == string(secretState) && strings.Contains(r.ErrorMessage, markedForDeletion) &&
		r.EventSource == "secretsmanager.amazonaws.com":
		return r.secret(r.parameters().Secret)
	}
	return ""
}

// parameters are the request's, as far as they could be read.
func (r *record) parameters() (in parameters) {
	_ = json.Unmarshal(r.Parameters, &in)
	return in
}
