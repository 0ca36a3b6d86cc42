package secrets_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"claviger/secrets"
	"claviger/secrets/rotation/rotator"
)

// hand is what somebody does while the secret is rotated.
type hand struct {
	does func(s *service, target *safe)
	then func(s *service) // what brings things in order later; nil: nothing has to be
}

func hands() map[string]hand {
	const incomplete = "A previous rotation isn't complete. That rotation will be reattempted."
	ask := func(operation string, in M) hand {
		return hand{does: func(s *service, _ *safe) {
			in["SecretId"] = "db"
			_, _ = s.Ask(context.Background(), operation, in) // it may be over by then
		}}
	}
	value := func(operation string) hand {
		return hand{does: func(s *service, target *safe) {
			target.mu.Lock()
			text := rotator.Document{}.With("username", "u").With("password", target.password).Bytes()
			target.mu.Unlock()
			s.Do(operation, M{"SecretId": "db", "ClientRequestToken": token(), "SecretString": string(text)})
		}}
	}
	return map[string]hand{
		"nothing":           {does: func(*service, *safe) {}},
		"a value":           value("PutSecretValue"),
		"a value by update": value("UpdateSecret"),
		"AWSPENDING taken away": ask("UpdateSecretVersionStage", M{"VersionStage": "AWSPENDING",
			"RemoveFromVersionId": v(2)}),
		"AWSPENDING elsewhere": ask("UpdateSecretVersionStage", M{"VersionStage": "AWSPENDING",
			"RemoveFromVersionId": v(2), "MoveToVersionId": v(1)}),
		"another label": ask("UpdateSecretVersionStage", M{"VersionStage": "blue",
			"MoveToVersionId": v(2)}),
		"cancelled": ask("CancelRotateSecret", M{}),
		"the same request": {does: func(s *service, _ *safe) {
			s.rotate(M{"ClientRequestToken": v(2)})
		}},
		"another request": {does: func(s *service, _ *safe) {
			s.Refused("RotateSecret", M{"SecretId": "db", "ClientRequestToken": v(3)},
				"InvalidRequestException", incomplete)
		}},
		"another key": {does: func(s *service, _ *safe) {
			s.Do("UpdateSecret", M{"SecretId": "db", "KmsKeyId": s.key()})
		}},
		"marked for deletion": {ask("DeleteSecret", M{}).does, func(s *service) {
			s.Do("RestoreSecret", M{"SecretId": "db"})
		}},
		"key disabled": {
			func(s *service, _ *safe) {
				s.Do("kms:DisableKey", M{"KeyId": s.describe("db").KmsKeyId})
			},
			func(s *service) { s.Do("kms:EnableKey", M{"KeyId": s.describe("db").KmsKeyId}) },
		},
	}
}

// TestRotation_HandsAtEveryStep_LoseNoPassword: whatever somebody does at whichever moment, the
// password in force stays in a version, and a later rotation goes well.
func TestRotation_HandsAtEveryStep_LoseNoPassword(t *testing.T) {
	for _, by := range []string{"safe", "own"} {
		for name, h := range hands() {
			t.Run(by+" "+name, func(t *testing.T) {
				for at, reached := 1, true; reached; at++ {
					reached = layHands(t, by, h, at)
					if t.Failed() {
						t.Fatalf("at moment %d", at)
					}
				}
			})
		}
	}
}

// layHands lays hands on a secret at one moment of its rotation, and reports whether there was one.
func layHands(t *testing.T, by string, h hand, at int) bool {
	var s *service
	var target *safe
	moment := func() {
		if at--; at == 0 {
			h.does(s, target)
		}
	}
	s, target = startRotating(t, func(ctx context.Context, e rotator.Event) error {
		return s.client(target, moment)(ctx, e)
	})
	target.before, target.after = moment, moment
	s.Do("UpdateSecret", M{"SecretId": "db", "KmsKeyId": s.key()})
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda(by)})
	rest := func() {
		for range 3 {
			s.run()
			s.Clock.Pass(time.Minute)
		}
	}
	rest()
	reached := at <= 0
	at = 0
	if reached && h.then != nil {
		h.then(s)
		rest()
	}
	s.keeps(t, target)
	s.settle(t, target, by)
	s.rotate(M{"ClientRequestToken": v(9)})
	rest()
	d := s.describe("db")
	if !target.opens(s.text(M{"SecretId": "db"})) || fmt.Sprint(d.VersionIdsToStages[v(9)]) !=
		"[AWSCURRENT]" || d.LastRotatedDate == nil {
		t.Errorf("the next rotation: %+v, %+v", d, s.diagnose("db"))
	}
	return reached
}

// settle does what an operator is told to do before the next rotation: AWSPENDING is taken away
// where it was left, and, where a function couldn't know the version whose password is in force,
// that is made current.
func (s *service) settle(t *testing.T, target *safe, by string) {
	t.Helper()
	d := s.describe("db")
	pending, current := "", ""
	for id, labels := range d.VersionIdsToStages {
		for _, label := range labels {
			switch label {
			case "AWSPENDING":
				pending = id
			case "AWSCURRENT":
				current = id
			}
		}
	}
	if by == "own" && !target.opens(s.text(M{"SecretId": "db"})) {
		listed := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds",
			M{"SecretId": "db", "IncludeDeprecated": true})
		for _, v := range listed.Versions {
			if target.opens(s.text(M{"SecretId": "db", "VersionId": v.VersionId})) {
				s.Do("UpdateSecretVersionStage", M{"SecretId": "db", "VersionStage": "AWSCURRENT",
					"RemoveFromVersionId": current, "MoveToVersionId": v.VersionId})
				break
			}
		}
	}
	if pending != "" {
		s.Do("UpdateSecretVersionStage", M{"SecretId": "db", "VersionStage": "AWSPENDING",
			"RemoveFromVersionId": pending})
	}
}
