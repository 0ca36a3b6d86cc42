package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
)

// tales returns the events of all rotations in order, as one text.
func (s *service) tales() (all string) {
	s.T.Helper()
	for _, names := range s.tale() {
		all += strings.Join(names, " ") + "; "
	}
	return strings.ReplaceAll(strings.TrimSuffix(all, "; "), "Rotation", "")
}

// misbehaviour is what a function does once in the place of a step. The next time it behaves.
type misbehaviour struct {
	name  string
	step  rotator.Step
	does  func(s *service, target *safe, e rotator.Event) error
	tells string // the events until it has gone well
	says  string // in what the operator is told after the first attempt; empty: nothing failed
}

func misbehaviours() []misbehaviour {
	nothing := func(*service, *safe, rotator.Event) error { return nil }
	const again = "Started Failed Started Succeeded"
	all := []misbehaviour{
		{"says done and has stored nothing", rotator.CreateSecret, nothing, again, "stored no value"},
		{"says done and has set nothing", rotator.SetSecret, nothing, again, "testSecret"},
		{"says done and has moved no label", rotator.FinishSecret, nothing, again, "AWSCURRENT"},
		{"stores a value before the target takes it", rotator.CreateSecret,
			func(s *service, _ *safe, e rotator.Event) error {
				_, err := s.Ask(context.Background(), "PutSecretValue", M{"SecretId": "db",
					"ClientRequestToken": e.ClientRequestToken,
					"SecretString":       `{"username":"u","password":"early"}`})
				return err
			}, "Started Succeeded", ""},
		{"makes the candidate current too early", rotator.SetSecret,
			func(s *service, target *safe, e rotator.Event) error {
				_, err := s.Ask(context.Background(), "UpdateSecretVersionStage", M{"SecretId": "db",
					"VersionStage": "AWSCURRENT", "MoveToVersionId": e.ClientRequestToken,
					"RemoveFromVersionId": s.get("db").VersionId})
				return errors.Join(err, s.client(target, func() {})(context.Background(), e))
			}, "Started Succeeded", ""},
	}
	for _, step := range []rotator.Step{rotator.CreateSecret, rotator.SetSecret, rotator.TestSecret,
		rotator.FinishSecret} {
		for name, does := range map[string]func(*service, *safe, rotator.Event) error{
			"panics": func(*service, *safe, rotator.Event) error { panic("hell") },
			"answers what nobody knows": func(*service, *safe, rotator.Event) error {
				return errors.New("\x00{]")
			},
			"is unreachable": func(*service, *safe, rotator.Event) error {
				return rotator.Errorf(rotator.Unreachable, "nobody listens")
			},
			"ends its deadline": func(*service, *safe, rotator.Event) error {
				return fmt.Errorf("hell: %w", context.DeadlineExceeded)
			},
			"does it and says that it failed": func(s *service, target *safe, e rotator.Event) error {
				if err := s.client(target, func() {})(context.Background(), e); err != nil {
					return err
				}
				return rotator.Errorf(rotator.Failed, "it lies")
			},
		} {
			all = append(all, misbehaviour{name, step, does, again, string(step)})
		}
	}
	return all
}

// TestRotation_FunctionFromHell_KeepsThePasswordAndHeals: whatever a function does at whichever
// step, the password in force is in a version, the trail and the operator are told, and once it
// behaves the same rotation goes well.
func TestRotation_FunctionFromHell_KeepsThePasswordAndHeals(t *testing.T) {
	for _, m := range misbehaviours() {
		t.Run(string(m.step)+" "+m.name, func(t *testing.T) {
			var s *service
			var target *safe
			behaves := false
			s, target = startRotating(t, func(ctx context.Context, e rotator.Event) error {
				if e.Step == m.step && !behaves {
					behaves = true
					return m.does(s, target, e)
				}
				return s.client(target, func() {})(ctx, e)
			})
			s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("own")})
			s.run()
			s.keeps(t, target)
			f := s.diagnose("db").Failure
			if (f == nil) != (m.says == "") ||
				f != nil && !strings.Contains(string(f.Step)+" "+f.Text, m.says) {
				t.Errorf("the operator is told %+v", f)
			}
			for range 3 {
				s.Clock.Pass(time.Minute)
				s.run()
			}
			s.rotated(t, target, 2)
			if got := s.tales(); got != m.tells {
				t.Errorf("the trail tells %s", got)
			}
		})
	}
}
