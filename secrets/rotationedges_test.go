package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"claviger/secrets/rotation"
	"claviger/secrets/rotation/rotator"
)

// TestRotation_SecretDeletedAtEveryStep_EndsQuietly: nothing is left of it, and a new secret of its
// name isn't touched.
func TestRotation_SecretDeletedAtEveryStep_EndsQuietly(t *testing.T) {
	for _, by := range []string{"safe", "own"} {
		for at, reached := 1, true; reached; at++ {
			var s *service
			var target *safe
			left := at
			moment := func() {
				if left--; left == 0 {
					s.Do("DeleteSecret", M{"SecretId": "db", "ForceDeleteWithoutRecovery": true})
					s.Do("CreateSecret", M{"Name": "db", "SecretString": "another",
						"ClientRequestToken": v(7)})
				}
			}
			s, target = startRotating(t, func(ctx context.Context, e rotator.Event) error {
				return s.client(target, moment)(ctx, e)
			})
			target.before, target.after = moment, moment
			s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda(by),
				"RotationRules": M{"AutomaticallyAfterDays": 1}})
			for range 3 {
				s.run()
				s.Clock.Pass(day)
			}
			if reached = left <= 0; !reached {
				continue
			}
			d := s.describe("db")
			if s.text(M{"SecretId": "db"}) != "another" || d.RotationEnabled != nil ||
				len(d.VersionIdsToStages) != 1 {
				t.Errorf("%s, moment %d: %+v", by, at, d)
			}
		}
	}
}

// TestRotation_RotatorTakenOut_FailsUntilItIsBack: the configuration has it no more.
func TestRotation_RotatorTakenOut_FailsUntilItIsBack(t *testing.T) {
	s, target := startRotating(t, nil)
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe"),
		"RotationRules": M{"AutomaticallyAfterDays": 30}})
	s.run()
	declared := s.rotators
	s.rotators = nil
	s.Restart()
	s.Refused("RotateSecret", M{"SecretId": "db", "ClientRequestToken": v(3)},
		"AccessDeniedException", "")
	s.Clock.Pass(31 * day)
	s.run()
	if f := s.diagnose("db").Failure; f == nil || f.Reason != rotator.NotAllowed {
		t.Errorf("%+v", f)
	}
	if !target.opens(s.text(M{"SecretId": "db"})) {
		t.Error("what is read doesn't work")
	}
	s.rotators = declared
	s.Restart()
	s.Clock.Pass(time.Minute)
	s.run()
	s.rotated(t, target, 3)
}

// TestRotation_PendingByHand_BlocksUntilItIsGone: the schedule passes over its windows, and says
// so.
func TestRotation_PendingByHand_BlocksUntilItIsGone(t *testing.T) {
	s, target := startRotating(t, nil)
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe"),
		"RotationRules": M{"AutomaticallyAfterDays": 1}})
	s.run()
	s.put("db", `{"username":"u","password":"mine"}`, "AWSPENDING")
	pending := s.describe("db").VersionIdsToStages
	s.Clock.Pass(2 * day)
	s.run()
	if f := s.diagnose("db").Failure; f == nil || f.Reason != rotator.Blocked || target.sets != 1 {
		t.Errorf("%+v", f)
	}
	for id, labels := range pending {
		if labels[0] == "AWSPENDING" {
			s.Do("UpdateSecretVersionStage", M{"SecretId": "db", "VersionStage": "AWSPENDING",
				"RemoveFromVersionId": id})
		}
	}
	s.Clock.Pass(2 * day)
	s.run()
	if target.sets != 2 {
		t.Errorf("%d sets", target.sets)
	}
	s.rotated(t, target, 4)
}

// TestRotation_DueWhileInProgress_IsThatOne: a window that opens while a rotation fails has no
// second one.
func TestRotation_DueWhileInProgress_IsThatOne(t *testing.T) {
	s, target := startRotating(t, nil)
	target.fails = rotator.Errorf(rotator.Unreachable, "away")
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe"),
		"RotationRules": M{"AutomaticallyAfterDays": 1}})
	for range 50 {
		s.Clock.Pass(time.Hour)
		s.run()
	}
	target.fails = nil
	s.Clock.Pass(time.Hour)
	s.run()
	s.rotated(t, target, 2)
	if s.describe("db").VersionIdsToStages[v(2)] == nil || len(s.tale()) != 1 {
		t.Errorf("%+v", s.tale())
	}
}

// TestRotation_ClockSetBack_RotatesNoSecondTime, and goes on once the time has come.
func TestRotation_ClockSetBack_RotatesNoSecondTime(t *testing.T) {
	s, target := startRotating(t, nil)
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe"),
		"RotationRules": M{"AutomaticallyAfterDays": 2}})
	s.Clock.Pass(5 * day)
	s.run()
	s.Clock.Pass(-5 * day)
	s.run()
	s.rotated(t, target, 2)
	s.Clock.Pass(5*day + 3*day)
	s.run()
	s.rotated(t, target, 3)
}

// TestCancelRotateSecret_HangingFunction_EndsIt though it would hang for ever.
func TestCancelRotateSecret_HangingFunction_EndsIt(t *testing.T) {
	hangs := make(chan struct{})
	s, target := startRotating(t, func(ctx context.Context, e rotator.Event) error {
		close(hangs)
		<-ctx.Done()
		return ctx.Err()
	})
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("own")})
	ended := make(chan struct{})
	go func() { defer close(ended); s.run() }()
	<-hangs
	s.Do("CancelRotateSecret", M{"SecretId": "db"})
	<-ended
	if d := s.diagnose("db"); d.Failure != nil || !target.opens(s.text(M{"SecretId": "db"})) {
		t.Errorf("%+v", d)
	}
}

// crowd is a target that counts how many are at it at once.
type crowd struct {
	safe
	inside, most, all atomic.Int64
}

func (c *crowd) Set(context.Context, rotator.Versions) error {
	n := c.inside.Add(1)
	defer c.inside.Add(-1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	time.Sleep(time.Millisecond)
	if c.all.Add(1)%7 == 0 {
		return errors.New("hell")
	}
	return nil
}

func (c *crowd) Test(context.Context, rotator.Document) error { return nil }

// TestRotation_ManyDueAtOnce_AreAllDoneAFewAtATime, though some fail at first.
func TestRotation_ManyDueAtOnce_AreAllDoneAFewAtATime(t *testing.T) {
	s, target := start(t), &crowd{}
	s.rotators = rotation.Rotators{{Name: "safe", Accounts: []string{account}, Target: target}}
	s.Restart()
	many := 200
	if os.Getenv("CLAVIGER_LONG") != "" {
		many = 1000
	}
	for i := range many {
		name := fmt.Sprint("s", i)
		s.Do("CreateSecret", M{"Name": name, "ClientRequestToken": v(1),
			"SecretString": `{"username":"u","password":"first"}`})
		s.Do("RotateSecret", M{"SecretId": name, "ClientRequestToken": v(2),
			"RotationLambdaARN": lambda("safe")})
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Jobs.Run(ctx) }()
	eventually(t, "all are rotated", func() bool {
		s.Clock.Pass(time.Second)
		return target.all.Load() >= int64(many+many/7)
	})
	stop()
	<-ended
	for range 9 {
		s.Clock.Pass(time.Hour)
		s.run()
	}
	for i := range many {
		if d := s.describe(fmt.Sprint("s", i)); d.LastRotatedDate == nil {
			t.Fatalf("%+v", d)
		}
	}
	if most := target.most.Load(); most > 32 {
		t.Errorf("%d at once", most)
	}
}
