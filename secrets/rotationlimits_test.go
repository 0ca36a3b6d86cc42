package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/secrets"
	"claviger/secrets/rotation"
	"claviger/secrets/rotation/rotator"
)

// TestRotation_HangingRotator_LeavesPlacesForOthers has more secrets rotated by a rotator that
// never ends than there are rotations at a time.
func TestRotation_HangingRotator_LeavesPlacesForOthers(t *testing.T) {
	end := make(chan struct{})
	s, target := startRotating(t, func(ctx context.Context, _ rotator.Event) error {
		<-end
		return errors.New("ended")
	})
	ctx, stop := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	defer ended.Wait()
	defer stop()
	defer close(end)
	ended.Go(func() { s.Jobs.Run(ctx) })
	for i := range 40 {
		name := fmt.Sprint("hangs", i)
		must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": name, "SecretString": "{}",
			"ClientRequestToken": v(1)})
		must[rotation.RotateSecretOutput](s, "RotateSecret", M{"SecretId": name,
			"ClientRequestToken": v(2), "RotationLambdaARN": lambda("own")})
	}
	s.Clock.Pass(time.Second) // they have come first
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe")})
	for began := time.Now(); !target.opens(s.text(M{"SecretId": "db"})) ||
		s.describe("db").LastRotatedDate == nil; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the secret of another is not rotated")
		}
		s.Clock.Pass(time.Second)
	}
}

// patient keeps the context that a target is called with.
type patient struct {
	safe
	deadline time.Time
}

func (p *patient) Set(ctx context.Context, v rotator.Versions) error {
	p.deadline, _ = ctx.Deadline()
	return rotator.Errorf(rotator.Failed, "%s", strings.Repeat("long ", 1<<16)).
		Because(errors.New(strings.Repeat("long ", 1<<16)))
}

func TestRotation_TargetWithoutEnd_IsLeftInTimeAndNotLogged(t *testing.T) {
	s, _ := startRotating(t, nil)
	slow := new(patient)
	s.rotators = rotation.Rotators{{Name: "slow", Accounts: []string{account}, Target: slow}}
	s.Restart()
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("slow")})
	s.run()
	if left := time.Until(slow.deadline); left < 0 || left > 15*time.Minute {
		t.Errorf("it may take %s", left)
	}
	if n := strings.Count(s.Log.String(), "long "); n == 0 || n > 1000 {
		t.Errorf("the log says it %d times", n)
	}
}
