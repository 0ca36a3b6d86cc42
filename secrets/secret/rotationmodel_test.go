package secret

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
)

// world is a secret, its values and its target, with whoever rotates it. The value of a version is
// its id. Every action is what one commit does, or what happens at the target between two.
type world struct {
	s       Secret
	filled  string // the versions with a value, one letter each
	target  string // the version whose credentials are in force
	worker  step   // what the worker has done since it last read the row
	known   string // the versions that the worker read the values of
	run     string // the version that the worker is at work for
	spoiled bool   // somebody has set something by hand that the target doesn't have
	ended   bool   // somebody has cancelled or taken the label away, so that labels may lag behind

	tokens, puts, cancels, crashes, failures, labels int // that are left
}

// step is how far the worker is within the steps that it does without a commit.
type step string

const (
	idle  step = ""
	read  step = "read"  // it knows the values
	set   step = "set"   // the target has the candidate, as far as the worker knows
	moved step = "moved" // a function has moved the label
)

var instant = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func (w world) key() string {
	r := w.s.Rotation
	run := "-"
	if r.Run != nil {
		run = fmt.Sprint(r.Run.Version, r.Run.Step, r.Run.Test, r.Run.Touched, r.Run.Final,
			r.Run.Retry.IsZero())
	}
	return fmt.Sprint(w.s.Stages, run, r.Enabled, r.Empty, r.Abandoned, w.filled, w.target, w.worker,
		w.known, w.run, w.spoiled, w.ended, w.tokens, w.puts, w.cancels, w.crashes, w.failures,
		w.labels)
}

// copied returns a world that shares nothing that actions change in place.
func (w world) copied() world {
	w.s.Stages = maps.Clone(w.s.Stages)
	if w.s.Rotation.Run != nil {
		run := *w.s.Rotation.Run
		w.s.Rotation.Run = &run
	}
	return w
}

// action is something that may happen next. It is nil in a world where it can't.
type action struct {
	name string
	do   func(w *world) bool // false: it can't happen here
}

// next returns the letter of a version that there is none of yet.
func (w *world) next() string {
	for _, l := range "abcdefghij" {
		id := string(l)
		if !strings.Contains(w.filled, id) && w.s.Stages[Pending] != id && w.target != id &&
			w.run != id {
			return id
		}
	}
	panic("too few letters")
}

// outside are the actions of everybody but the worker.
func outside() []action {
	return []action{
		{"rotate", func(w *world) bool {
			if w.tokens == 0 || w.s.RotationPending() {
				return false
			}
			w.tokens--
			w.s.Rotation.Enabled = true
			w.s.BeginRotation(w.next(), "t", instant)
			return true
		}},
		{"test", func(w *world) bool {
			if w.tokens == 0 || w.s.RotationPending() {
				return false
			}
			w.tokens--
			w.s.Rotation.Enabled = true
			w.s.BeginTest(w.next(), "t", instant)
			return true
		}},
		{"retry is due", func(w *world) bool {
			if r := w.s.Rotation.Run; r == nil || r.Retry.IsZero() {
				return false
			}
			w.s.Resume()
			return true
		}},
		{"a new password by hand", func(w *world) bool { return w.put(true) }},
		{"a value by hand that the target doesn't have", func(w *world) bool { return w.put(false) }},
		{"AWSPENDING is removed", func(w *world) bool {
			p := w.s.Stages[Pending]
			if w.labels == 0 || p == "" {
				return false
			}
			w.labels--
			_, err := w.s.MoveLabel(Pending, p, "")
			w.ended = true
			return err == nil
		}},
		{"back to the version before", func(w *world) bool {
			p := w.s.Stages[Previous]
			if w.labels == 0 || p == "" || !strings.Contains(w.filled, p) {
				return false
			}
			w.labels--
			_, err := w.s.MoveLabel(Current, w.s.Stages[Current], p)
			w.spoiled = true
			return err == nil
		}},
		{"crash", func(w *world) bool {
			if w.crashes == 0 || w.worker == idle {
				return false
			}
			w.crashes--
			w.worker, w.known, w.run = idle, "", ""
			return true
		}},
	}
}

func (w *world) put(right bool) bool {
	if w.puts == 0 {
		return false
	}
	w.puts--
	id := w.next()
	if _, err := w.s.AttachLabels(id, instant, Current); err != nil {
		return false
	}
	w.filled += id
	if right {
		w.target = id
	} else {
		w.spoiled = true
	}
	w.ended = true
	return true
}

func cancel(finishing bool) action {
	return action{"cancel", func(w *world) bool {
		if w.cancels == 0 || !w.s.Rotation.Enabled {
			return false
		}
		w.cancels--
		r := w.s.Rotation.Run
		finishes := finishing && r != nil && r.Touched && r.Retry.IsZero()
		w.s.CancelRotation(finishing)
		w.ended = w.ended || !finishes
		return true
	}}
}

// fill gives the candidate a value.
func (w *world) fill() bool {
	r := w.s.Rotation.Run
	if r == nil || !r.Retry.IsZero() || r.Step != rotator.CreateSecret {
		return false
	}
	if w.s.Rotation.Empty == r.Version {
		w.filled += r.Version
		if _, err := w.s.AttachLabels(r.Version, instant, Pending); err != nil {
			return false
		}
	}
	return true
}

// reads has the worker read the values that it will need, for a rotation that is to set them.
func (w *world) reads() bool {
	r := w.s.Rotation.Run
	if w.worker != idle || r == nil || !r.Retry.IsZero() || r.Test ||
		r.Step == rotator.CreateSecret {
		return false
	}
	w.worker, w.run = read, r.Version
	w.known = r.Version + w.s.Stages[Current] + w.s.Stages[Previous] +
		strings.Join(w.s.Rotation.Abandoned, "")
	return true
}

// sets logs in at the target by what it knows and sets the candidate.
func (w *world) sets() bool {
	if w.worker != read || !strings.Contains(w.known, w.target) {
		return false
	}
	w.worker, w.target = set, w.run
	return true
}

// fails gives the attempt up, wherever it is: nobody knows whether the target was reached.
func (w *world) fails() bool {
	r := w.s.Rotation.Run
	if w.failures == 0 || r == nil || !r.Retry.IsZero() {
		return false
	}
	w.failures--
	version := r.Version
	if w.worker != idle {
		version = w.run
	}
	w.ended = w.ended || r.Final // what it had begun may stay undone
	w.s.StepFailed(version, Failure{Step: r.Step, At: instant})
	w.worker, w.known, w.run = idle, "", ""
	return true
}

// builtIn are the actions of a worker with a built-in target.
func builtIn() []action {
	return []action{cancel(true),
		{"propose", func(w *world) bool {
			r := w.s.Rotation.Run
			return w.worker == idle && w.fill() &&
				w.s.StepDone(r.Version, rotator.CreateSecret, instant) != Undone
		}},
		{"a test ends", func(w *world) bool {
			r := w.s.Rotation.Run
			return r != nil && r.Test && r.Step == rotator.TestSecret &&
				w.s.StepDone(r.Version, rotator.TestSecret, instant) == Completed
		}},
		{"read", (*world).reads}, {"set", (*world).sets}, {"fail", (*world).fails},
		{"finish", func(w *world) bool {
			if w.worker != set {
				return false
			}
			w.s.Finish(w.run, instant)
			w.worker, w.known, w.run = idle, "", ""
			return true
		}},
	}
}

// byFunction are those of a function of the site's own, each step with its commit.
func byFunction() []action {
	done := func(s rotator.Step, holds func(w *world) bool) func(w *world) bool {
		return func(w *world) bool {
			r := w.s.Rotation.Run
			if r == nil || r.Step != s || !r.Retry.IsZero() || !holds(w) {
				return false
			}
			progress := w.s.StepDone(r.Version, s, instant)
			if progress == Completed {
				w.worker, w.known, w.run = idle, "", ""
			}
			return progress == Advanced || progress == Completed
		}
	}
	whatever := func(*world) bool { return true }
	return []action{cancel(false),
		{"store", (*world).fill},
		{"createSecret", done(rotator.CreateSecret, whatever)},
		{"read", (*world).reads}, {"set", (*world).sets}, {"fail", (*world).fails},
		{"setSecret", done(rotator.SetSecret, func(w *world) bool { return w.worker == set })},
		{"testSecret", done(rotator.TestSecret, func(w *world) bool {
			r := w.s.Rotation.Run
			return r.Test || w.target == r.Version
		})},
		{"move", func(w *world) bool {
			r := w.s.Rotation.Run
			if r == nil || r.Step != rotator.FinishSecret || !r.Retry.IsZero() ||
				w.s.Stages[Current] == r.Version {
				return false
			}
			_, err := w.s.MoveLabel(Current, w.s.Stages[Current], r.Version)
			return err == nil
		}},
		{"finishSecret", done(rotator.FinishSecret, whatever)},
	}
}

// reachable returns what is wrong with a world, or nothing.
func (w *world) wrong() string {
	s, r := &w.s, &w.s.Rotation
	p, c := s.Stages[Pending], s.Stages[Current]
	switch {
	case c == "" || !strings.Contains(w.filled, c):
		return "AWSCURRENT is nowhere, or on a version without a value"
	case s.Stages[Previous] == c:
		return "AWSPREVIOUS is on the current version"
	case r.Empty != "" && p != r.Empty:
		return "a version without a value has lost its label, and is remembered"
	case r.Empty != "" && strings.Contains(w.filled, r.Empty):
		return "a version with a value counts as one without"
	case p != "" && r.Empty != p && !strings.Contains(w.filled, p):
		return "AWSPENDING is on a version that isn't there"
	case r.Run != nil && p != r.Run.Version && c != r.Run.Version:
		return "a rotation is in progress whose version has no label"
	case r.Run == nil && !w.spoiled && !w.ended && w.target != c:
		return "nothing is in progress, and what is read doesn't work"
	}
	return ""
}

// findable reports whether the credentials in force are in a version that a rotation tries.
func (w *world) findable() bool {
	s := &w.s
	for _, id := range append(slices.Clone(s.Rotation.Abandoned), s.Stages[Current],
		s.Stages[Previous], s.Stages[Pending]) {
		if id == w.target && strings.Contains(w.filled, id) {
			return true
		}
	}
	return false
}

// TestRotation_EveryInterleaving_KeepsTheWorkingPassword goes through every world that a handful of
// rotations, values by hand, cancellations, moved labels, failures and crashes can lead to.
func TestRotation_EveryInterleaving_KeepsTheWorkingPassword(t *testing.T) {
	for name, worker := range map[string][]action{"built-in": builtIn(), "function": byFunction()} {
		t.Run(name, func(t *testing.T) { explore(t, append(outside(), worker...)) })
	}
}

func explore(t *testing.T, actions []action) {
	type place struct {
		world
		path string
	}
	begin := world{s: Secret{Stages: Stages{Current: "a"}}, filled: "a", target: "a", tokens: 2,
		puts: 2, cancels: 1, crashes: 1, failures: 1, labels: 1}
	seen := map[string]bool{begin.key(): true}
	queue := []place{{begin, ""}}
	for len(queue) > 0 {
		at := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, a := range actions {
			w := at.copied()
			if !a.do(&w) {
				continue
			}
			path := at.path + " -> " + a.name
			if why := w.wrong(); why != "" {
				t.Fatalf("%s:%s\n%s", why, path, w.key())
			}
			byHand := strings.Contains(a.name, "hand") || strings.HasPrefix(a.name, "back")
			if at.findable() && !w.findable() && !byHand {
				t.Fatalf("the credentials in force are lost:%s\n%s", path, w.key())
			}
			if k := w.key(); !seen[k] {
				seen[k] = true
				queue = append(queue, place{w, path})
			}
		}
		settles(t, at.world, at.path, actions)
	}
	t.Logf("%d worlds", len(seen))
}

// settles has the worker go on alone from a world where the credentials in force can be found: the
// rotation ends, and what is read is what works.
func settles(t *testing.T, w world, path string, actions []action) {
	t.Helper()
	r := w.s.Rotation.Run
	if r == nil || r.Test || !w.findable() {
		return
	}
	w = w.copied()
	w.worker, w.known, w.run = idle, "", ""
	w.tokens, w.puts, w.cancels, w.crashes, w.failures, w.labels = 0, 0, 0, 0, 0, 0
	for range 20 {
		for _, a := range actions {
			next := w.copied()
			if a.do(&next) {
				w = next
			}
		}
		if w.s.Rotation.Run == nil {
			break
		}
	}
	if w.s.Rotation.Run != nil || w.target != w.s.Stages[Current] {
		t.Fatalf("it doesn't end well:%s\n%s", path, w.key())
	}
}
