package secrets_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/secrets/rotation"
	"claviger/secrets/rotation/rotator"
)

// rule is the ARN of the rule on whose behalf EventBridge has secrets rotated here.
const rule = "arn:aws:events:" + region + ":" + account + ":rule/r"

// byRule has a secret rotated as EventBridge.
func (s *service) byRule(arn, token, readAt string) error {
	return s.secrets.RotateFor(s.Runner.Own(context.Background(), account, region, "secretsmanager"),
		rotation.ForService{Service: "events", Account: account, Source: rule, SecretARN: arn,
			Token: token, ReadAt: readAt})
}

// letIn makes a policy by which EventBridge rotates the secret for one rule.
func (s *service) letIn(id, source string) {
	s.T.Helper()
	s.Do("PutResourcePolicy", M{"SecretId": id, "ResourcePolicy": `{"Version":"2012-10-17",` +
		`"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},` +
		`"Action":"secretsmanager:RotateSecret","Resource":"*","Condition":{"ArnEquals":` +
		`{"aws:SourceArn":"` + source + `"},"StringEquals":{"aws:SourceAccount":"` + account +
		`"}}}]}`})
}

// TestRotateFor_Service_IsLetInByThePolicyAlone: the account's own rules, too. What there is to
// rotate by, and whether that is wanted, is somebody else's to say.
func TestRotateFor_Service_IsLetInByThePolicyAlone(t *testing.T) {
	s, _ := startRotating(t, nil)
	arn, n := s.describe("db").ARN, 1
	ask := func(arn string) error { n++; return s.byRule(arn, v(n), "") }
	is := func(err error, kind fault.Kind) {
		t.Helper()
		if f := fault.Of(err); f == nil || f.Kind != kind || f == rotation.ErrIncomplete ||
			f == rotation.ErrNotInvokable {
			t.Errorf("it is %v", err)
		}
	}
	is(ask(strings.Replace(arn, ":db-", ":other-", 1)), fault.NotFound)
	is(ask(strings.Replace(arn, account, otherAccount, 1)), fault.Denied)
	is(ask(arn), fault.Denied)
	s.letIn("db", rule+"x")
	is(ask(arn), fault.Denied)
	s.letIn("db", rule)
	is(ask(arn), fault.State) // it never was turned on
	s.rotate(M{"ClientRequestToken": token(), "RotationLambdaARN": lambda("safe"),
		"RotationRules": M{"AutomaticallyAfterDays": 30}})
	s.run()
	if err := ask(arn); err != nil {
		t.Fatal(err)
	}
	if err := ask(arn); fault.Of(err) != rotation.ErrIncomplete {
		t.Errorf("while one is in progress it is %v", err)
	}
	s.run()
	d := s.describe("db")
	if d.VersionIdsToStages[v(n-1)][0] != "AWSCURRENT" || d.RotationLambdaARN != lambda("safe") ||
		*d.RotationRules.AutomaticallyAfterDays != 30 {
		t.Errorf("%+v", d)
	}
	s.rotators = nil
	s.Restart()
	if err := ask(arn); fault.Of(err) != rotation.ErrNotInvokable {
		t.Errorf("without the rotator it is %v", err)
	}
	s.Do("CancelRotateSecret", M{"SecretId": "db"})
	is(ask(arn), fault.State)
	s.Do("DeleteSecret", M{"SecretId": "db"})
	is(ask(arn), fault.State)
}

// TestRotateFor_SameToken_RotatesOnce, whenever it comes again.
func TestRotateFor_SameToken_RotatesOnce(t *testing.T) {
	s, target := startRotating(t, nil)
	arn := s.describe("db").ARN
	s.letIn("db", rule)
	s.rotate(M{"ClientRequestToken": token(), "RotationLambdaARN": lambda("safe")})
	s.run()
	again := func() {
		t.Helper()
		if err := s.byRule(arn, v(2), ""); err != nil {
			t.Error(err)
		}
	}
	again()
	again()
	s.run()
	again()
	s.run()
	s.rotate(M{"ClientRequestToken": token()})
	again()
	s.run()
	again()
	s.run()
	if target.sets != 3 {
		t.Errorf("it was rotated %d times", target.sets)
	}
}

// TestRotateFor_Read_RotatesWhatItHasSeen: not what a rotation has replaced since, nor what is
// being replaced. The function reads the secret too.
func TestRotateFor_Read_RotatesWhatItHasSeen(t *testing.T) {
	var s *service
	var arn, during string
	var failing bool
	s, _ = startRotating(t, func(ctx context.Context, e rotator.Event) error {
		switch e.Step {
		case rotator.CreateSecret:
			s.Clock.Pass(2 * time.Second)
			during = s.Clock.Now().UTC().Format(time.RFC3339)
			if err := s.byRule(arn, token(), during); err != nil {
				t.Error(err)
			}
			if failing {
				return rotator.Errorf(rotator.Failed, "it fails")
			}
			s.Do("PutSecretValue", M{"SecretId": "db", "ClientRequestToken": e.ClientRequestToken,
				"SecretString": "new", "VersionStages": []string{"AWSPENDING"}})
			s.Clock.Pass(2 * time.Second)
		case rotator.FinishSecret:
			s.Do("UpdateSecretVersionStage", M{"SecretId": "db", "VersionStage": "AWSCURRENT",
				"MoveToVersionId":     e.ClientRequestToken,
				"RemoveFromVersionId": s.get("db").VersionId})
		}
		return nil
	})
	arn = s.describe("db").ARN
	s.letIn("db", rule)
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("own")})
	s.run()
	rotates := func(readAt, want string) {
		t.Helper()
		if err := s.byRule(arn, token(), readAt); err != nil {
			t.Error(err)
		}
		s.run()
		if now := s.get("db").VersionId; (now == v(2)) != (want == v(2)) {
			t.Errorf("the version is %s", now)
		}
	}
	rotates(during, v(2))
	s.Clock.Pass(2 * time.Second)
	failing = true
	readAt := s.Clock.Now().UTC().Format(time.RFC3339)
	rotates(readAt, v(2))
	failing = false
	s.Clock.Pass(time.Hour)
	s.run()
	rotates(readAt, "another")
}
