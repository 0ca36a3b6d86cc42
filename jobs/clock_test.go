package jobs_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/jobs"
)

// TestRunner_ClockInDoubt_BeginsNothingDestructive: other work goes on, and what waits is as
// it was, without an attempt, and due at once when the clock is back.
func TestRunner_ClockInDoubt_BeginsNothingDestructive(t *testing.T) {
	const destroys = "kms:Destroys"
	for name, runs := range map[string]func(*jobs.Runner){
		"on demand": func(r *jobs.Runner) { r.RunDue(t.Context()) },
		"all the time": func(r *jobs.Runner) {
			ctx, stop := context.WithCancel(t.Context())
			time.AfterFunc(200*time.Millisecond, stop)
			r.Run(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			var mu sync.Mutex
			var done []string
			works := func(_ *op.Call, subject string) error {
				mu.Lock()
				defer mu.Unlock()
				done = append(done, subject)
				return nil
			}
			run := func(want ...string) {
				t.Helper()
				r := s.runner()
				r.Kinds = map[string]domain.Job{kind: {Work: works},
					destroys: {Work: works, Destructive: true}}
				done = nil
				runs(r)
				slices.Sort(done)
				if !slices.Equal(done, want) {
					t.Errorf("done are %v, want %v", done, want)
				}
			}
			s.schedule(destroys, "a", 7*24*time.Hour)
			s.schedule(kind, "b", 7*24*time.Hour)
			s.clock.Jump(8 * 24 * time.Hour)
			run("b")
			s.schedule(destroys, "c", -time.Hour)
			run()
			s.clock.Jump(-8 * 24 * time.Hour)
			run()
			s.pass(9 * 24 * time.Hour)
			run("a", "c")
			if log := s.log.String(); log != "" {
				t.Errorf("the log says %s", log)
			}
		})
	}
}
