package params

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"claviger/cmd/claviger/params/plan"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/terminal"
)

// outcome is what became of a step.
type outcome string

const (
	notDone   outcome = "not done"
	done      outcome = "done"
	failed    outcome = "failed"
	uncertain outcome = "uncertain" // it may have been done
)

const (
	parallel = 8                // requests at a time
	grace    = 10 * time.Second // for requests that have begun when it is interrupted
)

// performance is a plan while it is done. The first failure ends it: what failed once fails often.
type performance struct {
	c        *remote.Client
	tier     string
	steps    []*plan.Step
	progress *terminal.Progress

	mu       sync.Mutex
	outcomes map[*plan.Step]outcome
	why      map[*plan.Step]string
	stopped  bool
}

// perform does what a plan says: nothing is deleted before all the rest is done.
func perform(ctx context.Context, c *remote.Client, t *terminal.Terminal, p *plan.Plan,
	tier string) error {
	write := slices.Concat(p.Of(plan.Create), p.Of(plan.Change))
	remove := p.Of(plan.Delete)
	r := &performance{c: c, tier: tier, steps: slices.Concat(write, remove),
		outcomes: map[*plan.Step]outcome{}, why: map[*plan.Step]string{},
		progress: t.NewProgress("", int64(len(write)+len(remove)))}
	r.all(ctx, slices.Chunk(write, 1), func(ctx context.Context, steps []*plan.Step) error {
		return r.c.Put(ctx, steps[0], r.tier)
	})
	r.all(ctx, slices.Chunk(remove, remote.AtOnce), r.remove)
	r.progress.End()
	return r.report(ctx, t)
}

func (r *performance) remove(ctx context.Context, steps []*plan.Step) error {
	names := make([]string, 0, len(steps))
	for _, s := range steps {
		names = append(names, s.Name)
	}
	return r.c.Delete(ctx, names)
}

// all does batches of steps, some at a time, until one fails or ctx ends. What has begun then may
// end first, since its outcome could not be told otherwise.
func (r *performance) all(ctx context.Context, batches func(func([]*plan.Step) bool),
	do func(context.Context, []*plan.Step) error) {
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()
	var begun sync.WaitGroup
	places := make(chan struct{}, parallel)
	for batch := range batches {
		places <- struct{}{}
		if r.ended(ctx) {
			break
		}
		begun.Go(func() {
			defer func() { <-places }()
			r.note(batch, do(working, batch))
		})
	}
	begun.Wait()
}

func (r *performance) ended(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped || ctx.Err() != nil
}

// note keeps what became of steps.
func (r *performance) note(steps []*plan.Step, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := done
	switch {
	case err == nil:
		r.progress.Add(int64(len(steps)))
	case remote.Unclear(err):
		o, r.stopped = uncertain, true
	default:
		o, r.stopped = failed, true
	}
	for _, s := range steps {
		r.outcomes[s] = o
		if err != nil {
			r.why[s] = reason(s, err)
		}
	}
}

// shortest is the length of a value that is looked for in what a service says. A shorter one is in
// every other sentence, and is only left out if it is a secret.
const shortest = 4

// reason is why a step failed, with the value left out of it.
func reason(s *plan.Step, err error) string {
	text := remote.Said(err)
	if (s.Secret() || len(s.Value) >= shortest) && s.Value != "" && strings.Contains(text, s.Value) {
		return "refused, for a reason that has the value in it"
	}
	return text
}

// report says what became of all steps: numbers, and each by itself if it didn't end well.
func (r *performance) report(ctx context.Context, t *terminal.Terminal) error {
	counts := map[plan.Action]int{}
	for s, o := range r.outcomes {
		if o == done {
			counts[s.Action]++
		}
	}
	fmt.Fprintf(t.Out, "%d created, %d changed, %d deleted.\n", counts[plan.Create],
		counts[plan.Change], counts[plan.Delete])
	n := counts[plan.Create] + counts[plan.Change] + counts[plan.Delete]
	if n == len(r.steps) {
		return nil
	}
	w := tabwriter.NewWriter(t.Out, 0, 4, 2, ' ', 0)
	for _, s := range r.steps {
		o := r.outcomes[s]
		if o == "" {
			o = notDone
		}
		line := fmt.Sprintf("%s\t%s %s\t%s", o, s.Sign(), s.Name, r.why[s])
		fmt.Fprintln(w, strings.TrimRight(line, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	why := "it failed"
	if ctx.Err() != nil {
		why = "it was interrupted"
	}
	return fmt.Errorf("%s: %d of %d are done, as said above. The same command goes on from there",
		why, n, len(r.steps))
}
