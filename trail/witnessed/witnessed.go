// Package witnessed knows how the places stand that hold checkpoints of the trail. It is told by
// whoever hands them on: `claviger audit witness` is a process of its own, may run anywhere, and
// has neither metrics nor events.
package witnessed

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// The states of a place.
const (
	Held         = "HELD"         // it has taken the newest checkpoint
	Unreached    = "UNREACHED"    // it can't be asked, or takes nothing: nothing is said of the trail
	Contradicted = "CONTRADICTED" // the trail is not the one that it holds
)

// Database is the place that stands for the trail itself, which is held against its own newest
// checkpoint before that is handed on.
const Database = "database"

// Report says how a place has answered.
type Report struct {
	Place   string // as the command line has it
	State   string
	Records int64 // of the checkpoint that was handed to it
}

// Standing is what is known of a place.
type Standing struct {
	Report
	Took time.Time // when it took a checkpoint, or since when it is waited for that it does
}

// Board has the places that there were reports of since the process began. The zero value is ready,
// and safe for concurrent use.
type Board struct {
	mu     sync.Mutex
	places map[string]Standing
}

const (
	mostPlaces = 64  // each is a series of metrics
	mostNamed  = 256 // bytes
)

// ErrReport says that a report is none.
var ErrReport = errors.New("this is no report of a witness")

// Take takes reports of one moment.
func (b *Board) Take(now time.Time, reports []Report) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range reports {
		known := slices.Contains([]string{Held, Unreached, Contradicted}, r.State)
		if r.Place == "" || len(r.Place) > mostNamed || !known || r.Records < 0 {
			return ErrReport
		}
		s, ok := b.places[r.Place]
		switch {
		case !ok && len(b.places) == mostPlaces:
			return errors.New("there are reports of too many places since the server's start")
		case r.State != Held && ok:
			r.Records = s.Records // what it has is what it took
		case r.State != Held:
			s.Took, r.Records = now, 0
		default:
			s.Took = now
		}
		if b.places == nil {
			b.places = map[string]Standing{}
		}
		s.Report = r
		b.places[r.Place] = s
	}
	return nil
}

// Places are all of them, by their names.
func (b *Board) Places() (all []Standing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, place := range slices.Sorted(maps.Keys(b.places)) {
		all = append(all, b.places[place])
	}
	return all
}
