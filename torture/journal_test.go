package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"claviger/store"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// check asks the service whether something is so.
type check func(ctx context.Context, s *server) error

// promise is a change that the service has acknowledged.
type promise struct {
	what    string
	request string       // its id, which is in the trail from then on
	made    int64        // where the disk's log was by then
	until   atomic.Int64 // where it was when somebody asked for what may undo the change
	check   check
}

// forever is where nothing undoes a promise.
const forever = math.MaxInt64

// holdsAt reports whether the promise must be kept by what is there at a position.
func (p *promise) holdsAt(position int64) bool {
	return p.made <= position && position < p.until.Load()
}

// refusal is an answer other than yes.
type refusal struct {
	service, operation string
	err                error
}

// name is the error's name, or empty where there was no answer at all.
func (r refusal) name() string {
	var e smithy.APIError
	if !errors.As(r.err, &e) {
		return ""
	}
	return e.ErrorCode()
}

// journal gathers what the service has said to those who write.
type journal struct {
	position func() int64 // of the disk's log; always 0 where there is none

	mu       sync.Mutex
	promises []*promise
	refusals []refusal
	names    atomic.Int64
}

// unrecorded is the position where nothing is recorded.
func unrecorded() int64 { return 0 }

func (j *journal) name(kind string) string { return fmt.Sprintf("%s-%06d", kind, j.names.Add(1)) }

// ask sends a request that ends some promises, whether it is answered or not, and keeps the promise
// that its answer makes.
func (j *journal) ask(service, operation string, ends []*promise,
	call func() (middleware.Metadata, check, error)) (*promise, bool) {
	for _, p := range ends {
		if p != nil {
			p.until.CompareAndSwap(forever, j.position()) // the first request counts
		}
	}
	m, check, err := call()
	if err != nil {
		j.refuse(refusal{service, operation, err})
		return nil, false
	}
	p := &promise{what: operation, made: j.position(), check: check}
	p.until.Store(forever)
	p.request, _ = awsmiddleware.GetRequestIDMetadata(m)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.promises = append(j.promises, p)
	return p, true
}

// refuse keeps a refusal, and its client takes a breath.
func (j *journal) refuse(r refusal) {
	j.mu.Lock()
	j.refusals = append(j.refusals, r)
	j.mu.Unlock()
	time.Sleep(5 * time.Millisecond)
}

// kept returns the promises from a number on.
func (j *journal) kept(from int) []*promise {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.promises[from:len(j.promises):len(j.promises)]
}

// refused returns the refusals since the last call.
func (j *journal) refused() []refusal {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := j.refusals
	j.refusals = nil
	return all
}

// verify checks those promises that hold at a position, several at once, and returns the first
// broken ones.
func verify(ctx context.Context, s *server, promises []*promise, position int64) error {
	var checks losses
	next := make(chan *promise)
	for range 8 {
		checks.all.Go(func() {
			for p := range next {
				// Those who write may be at work again, and end a promise under its check.
				if err := p.check(ctx, s); err != nil && p.holdsAt(position) {
					checks.add(fmt.Errorf("acknowledged and lost: %s: %w", p.what, err))
				}
			}
		})
	}
	for _, p := range promises {
		if p.holdsAt(position) && checks.count() < 10 {
			next <- p
		}
	}
	close(next)
	checks.all.Wait()
	return errors.Join(checks.errs...)
}

// losses gathers what several at once have found.
type losses struct {
	all  sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

func (g *losses) add(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.errs = append(g.errs, err)
}

func (g *losses) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.errs)
}

// some draws so many promises, or all if there are no more.
func some(promises []*promise, n int) []*promise {
	if len(promises) <= n {
		return promises
	}
	drawn := make([]*promise, n)
	for i, of := range rand.Perm(len(promises))[:n] {
		drawn[i] = promises[of]
	}
	return drawn
}

// recorded reads the trail: its batches follow one another without a gap, each line is a record,
// and every promise that was made by a position has one.
func recorded(db *store.DB, promises []*promise, position int64) error {
	known, newest := map[string]bool{}, int64(0)
	err := db.Trail(0, func(batch int64, _ time.Time, records []byte) error {
		if batch != newest+1 {
			return fmt.Errorf("batch %d of the trail follows record %d", batch, newest)
		}
		for line := range bytes.SplitSeq(records, []byte("\n")) {
			var r struct{ RequestID string }
			if err := json.Unmarshal(line, &r); err != nil {
				return fmt.Errorf("batch %d of the trail holds %q: %w", batch, line, err)
			}
			known[r.RequestID] = true
			newest++
		}
		return nil
	})
	if err != nil {
		return err
	}
	var missing []string
	for _, p := range promises {
		if p.made <= position && !known[p.request] {
			missing = append(missing, p.what+" "+p.request)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d acknowledged requests have no record: %v", len(missing),
			missing[:min(len(missing), 5)])
	}
	return nil
}
