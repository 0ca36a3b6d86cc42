package secrets_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/op"
	"claviger/secrets"
	"claviger/secrets/rotation/rotator"
	"claviger/store"
)

// mortal is a process that dies before a commit, after it, or at the target: what it would have
// done from there on isn't done, and nobody puts anything in order.
type mortal struct {
	op.Ledger
	mu   sync.Mutex
	off  bool // no moment is counted: it isn't what is tried
	left int  // moments until it dies; 0 or less: it lives
	died bool
}

// moment is one in which the process may die.
func (m *mortal) moment() {
	m.mu.Lock()
	if m.off {
		m.mu.Unlock()
		return
	}
	m.left--
	dies := m.left == 0
	m.died = m.died || dies
	m.mu.Unlock()
	if dies {
		runtime.Goexit()
	}
}

// Commit implements [op.Ledger].
func (m *mortal) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	m.moment()
	err := m.Ledger.Commit(apply, record)
	m.moment()
	return err
}

// dies has the process of the moment die after so many moments, and returns it.
func (s *service) dies(after int) *mortal {
	m := &mortal{Ledger: s.DB, left: after}
	s.Runner.Ledger = m
	return m
}

// survives does f as the process would, and reports whether that is still there after it. If not,
// the next one is started.
func (s *service) survives(m *mortal, f func()) bool {
	s.T.Helper()
	done := make(chan struct{})
	m.off = false
	defer func() { m.off = true }()
	go func() {
		defer close(done)
		f()
	}()
	<-done
	if !m.died {
		return true
	}
	s.nextProcess()
	return false
}

// nextProcess starts from what the last one has stored.
func (s *service) nextProcess() {
	s.T.Helper()
	s.Restart()
	if err := s.Jobs.FreeLeases(); err != nil {
		s.T.Fatal(err)
	}
}

// values returns the values of all versions of db that have one.
func (s *service) values() (all []string) {
	s.T.Helper()
	listed := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds",
		M{"SecretId": "db", "IncludeDeprecated": true})
	for _, v := range listed.Versions {
		if got, err := ask[secrets.GetSecretValueOutput](s, "GetSecretValue",
			M{"SecretId": "db", "VersionId": v.VersionId}); err == nil {
			all = append(all, *got.SecretString)
		}
	}
	return all
}

// keeps fails the test if the password in force is in no version.
func (s *service) keeps(t *testing.T, target *safe) {
	t.Helper()
	for _, value := range s.values() {
		if target.opens(value) {
			return
		}
	}
	t.Errorf("the password in force is in no version: %+v", s.describe("db"))
}

// rotated fails the test if what is read isn't what the target takes, or a rotation has left
// something behind.
func (s *service) rotated(t *testing.T, target *safe, versions int) {
	t.Helper()
	d := s.describe("db")
	if !target.opens(s.text(M{"SecretId": "db"})) {
		t.Errorf("what is read doesn't work: %+v", d)
	}
	if n := len(s.values()); n != versions || len(d.VersionIdsToStages) != 2 {
		t.Errorf("%d versions, want %d: %v", n, versions, d.VersionIdsToStages)
	}
	for id, labels := range d.VersionIdsToStages {
		if got := strings.Join(labels, " "); got != "AWSCURRENT" && got != "AWSPREVIOUS" {
			t.Errorf("%s has %s", id, got)
		}
	}
}

// tale returns the names of the service events about db, those of one version after another.
func (s *service) tale() map[string][]string {
	s.T.Helper()
	all := map[string][]string{}
	for _, line := range s.Records() {
		var r struct{ EventName, EventType, RequestID string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.T.Fatal(err)
		}
		if r.EventType == "AwsServiceEvent" && strings.HasPrefix(r.RequestID, "Rotation-") {
			version := r.RequestID[len(r.RequestID)-36:]
			all[version] = append(all[version], r.EventName)
		}
	}
	return all
}

// labelled returns the value with a label.
func (s *service) labelled(ctx context.Context, e rotator.Event, label string) (rotator.Document,
	error) {
	out, err := s.Ask(ctx, "GetSecretValue", M{"SecretId": e.SecretId, "VersionStage": label})
	if err != nil {
		return rotator.Document{}, err
	}
	return rotator.Parse([]byte(*out.(secrets.GetSecretValueOutput).SecretString))
}

// client is a function of the site's own that does what AWS's do, at a target.
func (s *service) client(target *safe, moment func()) function {
	return func(ctx context.Context, e rotator.Event) error {
		moment()
		switch e.Step {
		case rotator.CreateSecret:
			in := M{"SecretId": e.SecretId, "VersionId": e.ClientRequestToken, "VersionStage": "AWSPENDING"}
			if _, err := s.Ask(ctx, "GetSecretValue", in); err == nil {
				return nil
			}
			_, err := s.Ask(ctx, "PutSecretValue", M{"SecretId": e.SecretId,
				"ClientRequestToken": e.ClientRequestToken, "VersionStages": []string{"AWSPENDING"},
				"SecretString":  `{"username":"u","password":"` + e.ClientRequestToken + `"}`,
				"RotationToken": e.RotationToken})
			return err
		case rotator.SetSecret:
			pending, err := s.labelled(ctx, e, "AWSPENDING")
			if err != nil {
				return err
			}
			current, err := s.labelled(ctx, e, "AWSCURRENT")
			if err != nil {
				return err
			}
			v := rotator.Versions{Pending: pending, Current: current}
			if previous, err := s.labelled(ctx, e, "AWSPREVIOUS"); err == nil {
				v.Previous = &previous
			}
			return target.Set(ctx, v)
		case rotator.TestSecret:
			pending, err := s.labelled(ctx, e, "AWSPENDING")
			if err != nil {
				return err
			}
			return target.Test(ctx, pending)
		}
		d, err := ask[secrets.DescribeSecretOutput](s, "DescribeSecret", M{"SecretId": e.SecretId})
		if err != nil {
			return err
		}
		for id, labels := range d.VersionIdsToStages {
			if labels[0] != "AWSCURRENT" || id == e.ClientRequestToken {
				continue
			}
			_, err := s.Ask(ctx, "UpdateSecretVersionStage", M{"SecretId": e.SecretId,
				"VersionStage": "AWSCURRENT", "MoveToVersionId": e.ClientRequestToken,
				"RemoveFromVersionId": id})
			return err
		}
		return nil
	}
}

// TestRotation_DeathAtEveryMoment_EndsInStep: wherever the process dies, before a commit or after
// it, before the target or behind it, the next one ends what it began, and nobody sees a
// difference.
func TestRotation_DeathAtEveryMoment_EndsInStep(t *testing.T) {
	for _, by := range []string{"safe", "own"} {
		for _, how := range []string{"by request", "by schedule"} {
			t.Run(by+" "+how, func(t *testing.T) { dieEverywhere(t, by, how == "by schedule") })
		}
	}
}

func dieEverywhere(t *testing.T, by string, scheduled bool) {
	var s *service
	var target *safe
	life := &mortal{}
	moment := func() { life.moment() }
	s, target = startRotating(t, func(ctx context.Context, e rotator.Event) error {
		return s.client(target, moment)(ctx, e)
	})
	target.before, target.after = moment, moment
	s.rotate(M{"ClientRequestToken": token(), "RotationLambdaARN": lambda(by),
		"RotationRules": M{"AutomaticallyAfterDays": 30}})
	s.run()
	s.rotated(t, target, 2)
	for at := 1; ; at++ {
		life = s.dies(at)
		version, told := token(), len(s.tale())
		begin := func() { s.rotate(M{"ClientRequestToken": version}) }
		if scheduled {
			begin = func() { s.Clock.Pass(31 * day) }
		}
		died := !s.survives(life, begin)
		if died {
			begin() // who has no answer asks again
		}
		died = !s.survives(life, s.run) || died
		s.keeps(t, target)
		for range 3 {
			s.Clock.Pass(time.Minute)
			s.run()
		}
		s.rotated(t, target, 2+at)
		all := s.tale()
		if len(all) != told+1 {
			t.Errorf("there are events of %d rotations more", len(all)-told)
		}
		for id, labels := range s.describe("db").VersionIdsToStages {
			if got := fmt.Sprint(all[id]); got != "[RotationStarted RotationSucceeded]" {
				t.Errorf("%s %v: %s", id, labels, got)
			}
		}
		if t.Failed() {
			t.Fatalf("it died at moment %d", at)
		}
		if !died {
			t.Logf("it died at %d moments", at-1)
			return
		}
	}
}
