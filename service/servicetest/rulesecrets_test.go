package servicetest_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/events/dispatch"
	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/secrets/rotation"
	"claviger/secrets/rotation/rotator"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const (
	functionARN = "arn:aws:lambda:" + servicetest.Region + ":" + servicetest.Account + ":function:own"
	ofOrders    = `{"source":["our.shop"]}`
)

// ruledSecrets is a server whose rules rotate secrets: by the vault, and by a function that asks as
// functions do. A log file may get events as well.
type ruledSecrets struct {
	*testing.T
	*servicetest.Server
	bridge *eventbridge.Client
	secret *secretsmanager.Client
	log    string
}

func startRuledSecrets(t *testing.T) *ruledSecrets {
	s := &ruledSecrets{T: t, log: filepath.Join(t.TempDir(), "events.log")}
	s.Server = servicetest.Start(t, func(c *service.Config) {
		c.Rotators = append(c.Rotators, service.Rotator{Rotator: rotation.Rotator{Name: "own",
			Accounts: []string{servicetest.Account}, Function: s}})
		c.EventTargets = []service.EventTarget{{Kind: rule.LogFile, Name: logGroup, File: s.log}}
	})
	s.bridge, s.secret = s.EventBridge(), s.SecretsManager()
	return s
}

// Invoke implements [rotator.Function].
func (s *ruledSecrets) Invoke(ctx context.Context, e rotator.Event, _ rotator.Secret) error {
	now, err := s.secret.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &e.SecretId})
	if err != nil {
		return err
	}
	switch e.Step {
	case rotator.CreateSecret:
		made, err := s.secret.GetRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{})
		if err != nil {
			return err
		}
		_, err = s.secret.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: &e.SecretId, ClientRequestToken: &e.ClientRequestToken,
			SecretString: made.RandomPassword, VersionStages: []string{"AWSPENDING"}})
		return err
	case rotator.FinishSecret:
		_, err = s.secret.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: &e.SecretId, VersionStage: aws.String("AWSCURRENT"),
			MoveToVersionId: &e.ClientRequestToken, RemoveFromVersionId: now.VersionId})
	}
	return err
}

// rotating makes a secret that is rotated by a function, and was once.
func (s *ruledSecrets) rotating(name, function string) (arn string) {
	s.Helper()
	made := createSecret(s.T, s.secret, name, `{"username":"`+name+`","password":"first"}`)
	mark := s.Mark(s.T)
	must(s.secret.RotateSecret(s.Context(), &secretsmanager.RotateSecretInput{SecretId: &name,
		RotationLambdaARN: &function}))(s.T)
	eventually(s.T, "it is rotated", func() bool {
		return len(s.told(mark, "RotationSucceeded", *made.ARN)) > 0
	})
	return *made.ARN
}

// rule makes one with targets.
func (s *ruledSecrets) rule(name, pattern string, state ebtypes.RuleState, arns ...string) string {
	s.Helper()
	made := must(s.bridge.PutRule(s.Context(), &eventbridge.PutRuleInput{Name: &name,
		EventPattern: &pattern, State: state}))(s.T)
	s.targets(name, arns...)
	return *made.RuleArn
}

func (s *ruledSecrets) targets(rule string, arns ...string) {
	s.Helper()
	var targets []ebtypes.Target
	for _, arn := range arns {
		targets = append(targets, ebtypes.Target{Id: aws.String(targetID(arn)), Arn: &arn})
	}
	put := must(s.bridge.PutTargets(s.Context(), &eventbridge.PutTargetsInput{Rule: &rule,
		Targets: targets}))(s.T)
	if put.FailedEntryCount != 0 {
		s.Fatalf("%+v", put)
	}
}

// targetID is what a target is called here.
func targetID(arn string) string { return arn[len(arn)-3:] }

// lets has the policy of a secret let a rule rotate it.
func (s *ruledSecrets) lets(secretARN, ruleName string) {
	s.Helper()
	must(s.secret.PutResourcePolicy(s.Context(), &secretsmanager.PutResourcePolicyInput{
		SecretId: &secretARN, BlockPublicPolicy: aws.Bool(true), ResourcePolicy: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":` +
				`"events.amazonaws.com"},"Action":"secretsmanager:RotateSecret","Resource":"*",` +
				`"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:` + servicetest.Region + `:` +
				servicetest.Account + `:rule/` + ruleName + `"}}}]}`)}))(s.T)
}

// tells puts an event, and returns its id.
func (s *ruledSecrets) tells() string {
	s.Helper()
	return *must(s.bridge.PutEvents(s.Context(), &eventbridge.PutEventsInput{
		Entries: []ebtypes.PutEventsRequestEntry{{Source: aws.String("our.shop"),
			DetailType: aws.String("Order"), Detail: aws.String(`{}`)}}}))(s.T).Entries[0].EventId
}

// told are the records of a name that are about a secret.
func (s *ruledSecrets) told(m servicetest.Mark, name, secretARN string) (all []servicetest.Record) {
	s.Helper()
	for _, r := range s.Trail(s.T, m) {
		if r.EventName == name && strings.Contains(string(r.AdditionalEventData), secretARN) {
			all = append(all, r)
		}
	}
	return all
}

// begun are the tokens of rotations, in the order in which they began.
func (s *ruledSecrets) begun(m servicetest.Mark, secretARN string) (tokens []string) {
	s.Helper()
	for _, r := range s.told(m, "RotationStarted", secretARN) {
		tokens = append(tokens, strings.TrimPrefix(r.RequestID, "Rotation-"+secretARN+"-"))
	}
	return tokens
}

// rotationToken is that of the rotation that an event begins.
func rotationToken(ruleARN, secretARN, event string) string {
	return dispatch.RotationToken(delivery.Message{Receiver: secretARN, ID: event},
		dispatch.Context{RuleARN: ruleARN, TargetID: targetID(secretARN)})
}

// TestRuleWithASecret_Event_RotatesIt: by the road, as EventBridge and for the rule, over a restart
// too.
func TestRuleWithASecret_Event_RotatesIt(t *testing.T) {
	s := startRuledSecrets(t)
	db := s.rotating("db", servicetest.VaultARN)
	s.lets(db, "orders")
	made, mark := s.rule("orders", ofOrders, "", db), s.Mark(t)
	want := rotationToken(made, db, s.tells())
	eventually(t, "it is rotated", func() bool {
		return len(s.told(mark, "RotationSucceeded", db)) > 0
	})
	d := must(s.secret.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{
		SecretId: &db}))(t)
	if strings.Join(d.VersionIdsToStages[want], " ") != "AWSCURRENT" ||
		*d.RotationLambdaARN != servicetest.VaultARN || !*d.RotationEnabled {
		t.Errorf("%+v", d)
	}
	if !s.Vault.Opens(secretValue(t, s.secret, "db")) {
		t.Error("the value isn't the one that the target has")
	}
	r := s.told(mark, "RotateSecret", db)[0]
	var in struct{ SecretId, ClientRequestToken, SourceArn string }
	accepted(t, json.Unmarshal(r.RequestParameters, &in))
	if r.UserIdentity.Type != "AWSService" || r.UserIdentity.InvokedBy != "events.amazonaws.com" ||
		r.SourceIPAddress != "events.amazonaws.com" || r.ErrorCode != "" || in.SecretId != db ||
		in.ClientRequestToken != want || in.SourceArn != made {
		t.Errorf("the record is %s", r.Line)
	}
	s.Restart(t, nil)
	next := rotationToken(made, db, s.tells())
	eventually(t, "it is rotated again", func() bool {
		return len(s.told(mark, "RotationSucceeded", db)) > 1
	})
	if got := s.begun(mark, db); !slices.Equal(got, []string{want, next}) {
		t.Errorf("the rotations are %v", got)
	}
}

// TestRuleWithASecret_WhatDoesNotPass_IsADeadLetter at once, and may be tried again.
func TestRuleWithASecret_WhatDoesNotPass_IsADeadLetter(t *testing.T) {
	s := startRuledSecrets(t)
	db := s.rotating("db", servicetest.VaultARN)
	s.rule("orders", ofOrders, "", db)
	dies := func(code, text string) {
		t.Helper()
		s.tells()
		eventually(t, "there is a dead letter", func() bool {
			d := must(s.Service().Deliveries(letters))(t)
			if len(d.Letters) == 0 {
				return false
			}
			if l := d.Letters[0]; l.Code != code || !strings.Contains(l.Text, text) || l.Attempts != 1 {
				t.Errorf("the letter is %+v, want %s", l, code)
			}
			return true
		})
	}
	redriven := func() {
		t.Helper()
		mark := s.Mark(t)
		if n, err := s.Service().Redrive(letters); n != 1 || err != nil {
			t.Fatalf("%d are tried again: %v", n, err)
		}
		eventually(t, "it is rotated", func() bool {
			return len(s.told(mark, "RotationSucceeded", db)) > 0
		})
	}
	dies("NO_PERMISSIONS", "the secret's policy doesn't let events.amazonaws.com")
	s.lets(db, "orders")
	redriven()
	must(s.secret.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{
		SecretId: &db}))(t)
	dies("NO_RESOURCE", "turned off")
	must(s.secret.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &db,
		RotateImmediately: aws.Bool(false)}))(t)
	redriven()
	must(s.secret.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &db,
		ForceDeleteWithoutRecovery: aws.Bool(true)}))(t)
	dies("NO_RESOURCE", "there is no such secret")
}

// TestRuleWithASecret_ForEveryEvent_DoesNotFeedItself: neither by what a rotation tells of nor by
// what a function does for it, and two secrets don't rotate each other.
func TestRuleWithASecret_ForEveryEvent_DoesNotFeedItself(t *testing.T) {
	s := startRuledSecrets(t)
	a, b := s.rotating("a", servicetest.VaultARN), s.rotating("b", functionARN)
	s.lets(a, "every")
	s.lets(b, "every")
	logged := func(id string) bool {
		text, err := os.ReadFile(s.log)
		return err == nil && strings.Contains(string(text), id)
	}
	made := s.rule("every", `{"account":["`+servicetest.Account+`"]}`,
		"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", "arn:aws:logs:"+servicetest.Region+":"+
			servicetest.Account+":log-group:"+logGroup)
	before := s.Mark(t)
	first := s.tells()
	eventually(t, "what was before is dispatched", func() bool {
		return logged(first) && logged(s.Trail(t, before)[0].EventID)
	})
	mark := s.Mark(t)
	s.targets("every", a, b)
	causes := []string{s.tells()}
	for _, r := range s.Trail(t, mark) {
		if r.EventName == "PutTargets" || r.EventName == "PutEvents" {
			causes = append(causes, r.EventID)
		}
	}
	eventually(t, "all that the last rotations tell is dispatched", func() bool {
		for _, arn := range []string{a, b} {
			done := s.told(mark, "RotationSucceeded", arn)
			if len(done) < len(causes) || !logged(done[len(done)-1].EventID) {
				return false
			}
		}
		return must(s.Service().Deliveries(letters))(t).Waiting == 0
	})
	for _, arn := range []string{a, b} {
		var want []string
		for _, e := range causes {
			want = append(want, rotationToken(made, arn, e))
		}
		got := s.begun(mark, arn)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s is rotated for %v, want %v", arn, got, want)
		}
	}
	if d := must(s.Service().Deliveries(letters))(t); d.Dead != 0 {
		t.Errorf("dead are %+v", d.Letters)
	}
}

// TestRuleWithASecret_ThatWasRead_RotatesItOncePerRead, though the function reads it as well.
func TestRuleWithASecret_ThatWasRead_RotatesItOncePerRead(t *testing.T) {
	s := startRuledSecrets(t)
	db := s.rotating("db", functionARN)
	s.lets(db, "read")
	made := s.rule("read", `{"detail":{"eventName":["GetSecretValue"]}}`,
		"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", db)
	mark := s.Mark(t)
	var want []string
	for n := range 2 {
		s.Clock.Advance(2 * time.Second) // records have whole seconds
		before := s.Mark(t)
		secretValue(t, s.secret, "db")
		want = append(want, rotationToken(made, db, s.told(before, "GetSecretValue", db)[0].EventID))
		eventually(t, "it is rotated", func() bool {
			return len(s.told(mark, "RotationSucceeded", db)) > n &&
				must(s.Service().Deliveries(letters))(t).Waiting == 0
		})
	}
	if got := s.begun(mark, db); !slices.Equal(got, want) {
		t.Errorf("the rotations are %v, want %v", got, want)
	}
}

// TestRecipe_SecretThatWasRead_IsAnotherOne: the blocks of the recipe as they stand there, by the
// AWS CLI.
func TestRecipe_SecretThatWasRead_IsAnotherOne(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	s := startRuledSecrets(t)
	arn := s.rotating("emergency", functionARN)
	dir, mark := t.TempDir(), s.Mark(t)
	documents := recipe(t, "A secret that is another one once it was read", "json")
	for i, name := range []string{"secret-policy.json", "read.json"} {
		accepted(t, os.WriteFile(filepath.Join(dir, name), []byte(documents[i]), 0o600))
	}
	ofTopics{t, s.Server, s.SNS()}.shell(dir,
		recipe(t, "A secret that is another one once it was read", "sh")[0])
	s.Clock.Advance(2 * time.Second)
	read := secretValue(t, s.secret, "emergency")
	eventually(t, "it is rotated", func() bool {
		return len(s.told(mark, "RotationSucceeded", arn)) > 0
	})
	if secretValue(t, s.secret, "emergency") == read {
		t.Error("what was read is the value still")
	}
}
