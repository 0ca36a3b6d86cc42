package jobs

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/store"
)

const (
	period        = time.Second // how often due work is looked for
	defaultAtOnce = 4           // jobs of a kind at the same time: one that waits delays few others
)

// Runner does jobs when they are due, several at once. It must not be copied after first use.
type Runner struct {
	DB         *store.DB
	Operations *op.Runner            // makes the calls of the service's own that work is done with
	Kinds      map[string]domain.Job // by name, its service first: kms:DeleteKey
	Log        *slog.Logger
	Now        func() time.Time

	once   sync.Once
	active *pool
}

// job is a row as it was read. rev and lease say which state of it is meant.
type job struct {
	id, kind, account, region, subject string
	rev, lease, attempts               int64
}

const everyAccount = "the job runner works for every account"

var (
	qNextKind = store.Wide(`SELECT kind FROM jobs WHERE kind > $1 ORDER BY kind LIMIT 1`,
		everyAccount)
	qDueOfKind = store.Wide(`SELECT id, kind, account, region, subject, rev, lease, attempts FROM jobs
		WHERE kind = $1 AND due <= $2 AND expires <= $2 ORDER BY due LIMIT $3`, everyAccount)
	qDue = store.Wide(`SELECT id, kind, account, region, subject, rev, lease, attempts FROM jobs
		WHERE due <= $1 AND expires <= $1 ORDER BY due`, everyAccount)
)

// Run does jobs until ctx ends, and returns when those that it began have ended.
func (r *Runner) Run(ctx context.Context) {
	var begun sync.WaitGroup
	defer begun.Wait()
	again := make(chan struct{}, 1)
	again <- struct{}{} // what a crash cut off is gone on with at once
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-again:
		}
		if ctx.Err() != nil {
			return
		}
		if r.DB.Ready() != nil {
			continue // no job could be leased, and the log would say so of each
		}
		r.look(func(j job) {
			begun.Go(func() { r.do(ctx, j, again) })
		})
	}
}

// RunDue does all that is due now, one after another in the order of its time, and returns when it
// is done, and also what [Runner.Run] was doing. Tests move their clock and know by it that all is
// at rest.
func (r *Runner) RunDue(ctx context.Context) {
	waits := r.waits()
	due, err := r.read(qDue, r.Now().UnixMicro())
	if err != nil {
		r.Log.Error("due work can't be read", "error", err)
		return
	}
	for _, j := range due {
		if ctx.Err() != nil {
			return
		}
		if waits(j.kind) {
			continue
		}
		r.pool().enterWhenFree(j.kind, r.limit(j.kind), r.target(j))
		r.do(ctx, j, nil)
	}
	r.pool().wait()
}

// look calls begin for due jobs, each of which has a slot by then. It asks kind by kind, so that
// many rows of one kind hide no other's, and never waits for work.
func (r *Runner) look(begin func(job)) {
	kinds, err := r.kinds()
	if err != nil {
		r.Log.Error("the kinds of work can't be read", "error", err)
		return
	}
	waits := r.waits()
	for _, kind := range kinds {
		if waits(kind) {
			continue
		}
		limit := r.limit(kind)
		// Rows of work that runs, and others of its order, may stand among the due ones. They must
		// not fill the page.
		page := limit + r.pool().size()
		due, err := r.read(qDueOfKind, kind, r.Now().UnixMicro(), page)
		if err != nil {
			r.Log.Error("due work can't be read", "kind", kind, "error", err)
			continue
		}
		for _, j := range due {
			if r.pool().enter(kind, limit, r.target(j)) {
				begin(j)
			}
		}
	}
}

// waits returns what tells whether the work of a kind has to wait until the clock is believed.
func (r *Runner) waits() func(kind string) bool {
	doubt := r.Operations.Clock.Doubt() != nil
	return func(kind string) bool { return doubt && r.Kinds[kind].Destructive }
}

// kinds returns the kinds of all rows. An index answers each step at once,
// however many rows there are.
func (r *Runner) kinds() (all []string, err error) {
	kind := ""
	for {
		err = r.DB.Row(qNextKind, []any{kind}, &kind)
		if errors.Is(err, store.NoRow) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, kind)
	}
}

func (r *Runner) read(q *store.Query, args ...any) (all []job, err error) {
	err = r.DB.Rows(q, args, func(scan func(...any) error) error {
		var j job
		err := scan(&j.id, &j.kind, &j.account, &j.region, &j.subject, &j.rev, &j.lease, &j.attempts)
		all = append(all, j)
		return err
	})
	return all, err
}

// pool is made on first use, because a Runner is a literal.
func (r *Runner) pool() *pool {
	r.once.Do(func() { r.active = newPool() })
	return r.active
}

// limit is how many jobs of a kind run at once, those of unknown kinds too.
func (r *Runner) limit(kind string) int {
	if n := r.Kinds[kind].AtOnce; n > 0 {
		return n
	}
	return defaultAtOnce
}

func (r *Runner) target(j job) target {
	order := r.Kinds[j.kind].Order
	if order == "" {
		order = j.kind
	}
	return target{order: order, account: j.account, region: j.region, subject: j.subject}
}

// work returns what does a kind of job.
func (r *Runner) work(kind string) func(c *op.Call, subject string) error {
	if work := r.Kinds[kind].Work; work != nil {
		return work
	}
	return unknown
}

// unknown stands for work that only another version of the program knows. It fails as other work
// does, so that its job stays.
func unknown(*op.Call, string) error {
	return errors.New("no work of this kind is known: was the database used by a newer version?")
}

// service is the first part of a kind: kms of kms:DeleteKey.
func service(kind string) string {
	name, _, _ := strings.Cut(kind, ":")
	return name
}
