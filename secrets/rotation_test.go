package secrets_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/secrets"
	"claviger/secrets/rotation"
	"claviger/secrets/rotation/rotator"
)

// lambda is the ARN of the rotation function of a name.
func lambda(name string) string {
	return "arn:aws:lambda:" + region + ":" + account + ":function:" + name
}

// safe is a built-in target in memory: it takes passwords, and knows which one is in force.
type safe struct {
	mu       sync.Mutex
	password string
	sets     int
	fails    error // what Set and Test answer instead
	during   func()

	before, after func() // the target was changed
}

func (t *safe) Candidate(ctx context.Context, current rotator.Document,
	from rotator.Passwords) (rotator.Document, error) {
	if err := current.Required("username", "password"); err != nil {
		return rotator.Document{}, err
	}
	password, err := from.Password(ctx, rotator.Rules{})
	return current.With("password", password), err
}

func (t *safe) Set(_ context.Context, v rotator.Versions) error {
	if t.during != nil {
		t.during()
	}
	if t.before != nil {
		t.before()
		defer t.after()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fails != nil {
		return t.fails
	}
	known := append([]rotator.Document{v.Pending, v.Current}, v.Abandoned...)
	if v.Previous != nil {
		known = append(known, *v.Previous)
	}
	for _, d := range known {
		if d.Text("password") == t.password {
			t.password = v.Pending.Text("password")
			t.sets++
			return nil
		}
	}
	return rotator.Errorf(rotator.LoginRefused, "no password is right")
}

func (t *safe) Test(_ context.Context, pending rotator.Document) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.password != pending.Text("password") {
		return rotator.Errorf(rotator.LoginRefused, "the password is wrong")
	}
	return nil
}

func (t *safe) opens(value string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, err := rotator.Parse([]byte(value))
	return err == nil && d.Text("password") == t.password
}

// function is one of the site's own.
type function func(ctx context.Context, e rotator.Event) error

func (f function) Invoke(ctx context.Context, e rotator.Event, _ rotator.Secret) error {
	return f(ctx, e)
}

// startRotating is [start] with a built-in rotator called safe and a function called own.
func startRotating(t *testing.T, own function) (*service, *safe) {
	s, target := start(t), &safe{password: "first"}
	s.rotators = rotation.Rotators{
		{Name: "safe", Accounts: []string{account}, Target: target},
		{Name: "own", Accounts: []string{account}, Function: own},
	}
	s.Restart()
	must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "db", "ClientRequestToken": v(1),
		"SecretString": `{"username":"u","password":"first","team":7}`})
	return s, target
}

func (s *service) rotate(in M) rotation.RotateSecretOutput {
	s.T.Helper()
	in["SecretId"] = "db"
	return must[rotation.RotateSecretOutput](s, "RotateSecret", in)
}

func (s *service) run() { s.Jobs.RunDue(context.Background()) }

func TestRotateSecret_BuiltIn_ChangesTargetAndLabels(t *testing.T) {
	s, target := startRotating(t, nil)
	out := s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe"),
		"RotationRules": M{"AutomaticallyAfterDays": 30}})
	if out.VersionId != v(2) || out.Name != "db" {
		t.Errorf("%+v", out)
	}
	d := s.describe("db")
	if !*d.RotationEnabled || d.VersionIdsToStages[v(2)][0] != "AWSPENDING" ||
		d.LastRotatedDate != nil {
		t.Errorf("before: %+v", d)
	}
	s.Refused("GetSecretValue", M{"SecretId": "db", "VersionStage": "AWSPENDING"},
		"ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: AWSPENDING")
	s.Refused("GetSecretValue", M{"SecretId": "db", "VersionId": v(2)}, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for VersionId: "+v(2))
	s.run()
	value := s.text(M{"SecretId": "db"})
	if !target.opens(value) || !strings.HasSuffix(value, `,"team":7}`) {
		t.Errorf("the current value %s doesn't open", value)
	}
	d = s.describe("db")
	got, _ := json.Marshal(d.VersionIdsToStages)
	if string(got) != `{"`+v(1)+`":["AWSPREVIOUS"],"`+v(2)+`":["AWSCURRENT"]}` {
		t.Errorf("%s", got)
	}
	if !d.LastRotatedDate.Equal(s.Clock.Now()) || d.RotationLambdaARN != lambda("safe") ||
		*d.RotationRules.AutomaticallyAfterDays != 30 || d.NextRotationDate == nil {
		t.Errorf("%+v", d)
	}
	s.Clock.Pass(31 * day)
	s.run()
	if target.sets != 2 || !target.opens(s.text(M{"SecretId": "db"})) {
		t.Errorf("%d rotations", target.sets)
	}
}

func TestRotateSecret_Function_GetsTheFourSteps(t *testing.T) {
	var s *service
	var steps []string
	s, _ = startRotating(t, func(_ context.Context, e rotator.Event) error {
		steps = append(steps, string(e.Step))
		if e.SecretId != s.describe("db").ARN || e.ClientRequestToken != v(2) ||
			len(e.RotationToken) != 36 || !*s.describe("db").RotationEnabled {
			t.Errorf("%+v", e)
		}
		switch e.Step {
		case rotator.CreateSecret:
			s.Do("PutSecretValue", M{"SecretId": "db", "ClientRequestToken": e.ClientRequestToken,
				"SecretString": "new", "VersionStages": []string{"AWSPENDING"},
				"RotationToken": e.RotationToken})
		case rotator.FinishSecret:
			s.Do("UpdateSecretVersionStage", M{"SecretId": "db", "VersionStage": "AWSCURRENT",
				"MoveToVersionId": v(2), "RemoveFromVersionId": v(1)})
		}
		return nil
	})
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("own")})
	s.run()
	if got := strings.Join(steps, " "); got != "createSecret setSecret testSecret finishSecret" {
		t.Error(got)
	}
	if s.text(M{"SecretId": "db"}) != "new" || s.describe("db").LastRotatedDate == nil ||
		len(s.describe("db").VersionIdsToStages[v(2)]) != 1 {
		t.Errorf("%+v", s.describe("db"))
	}
	var names []string
	for _, r := range s.Records() {
		var record struct{ EventName, EventType, RequestID string }
		if err := json.Unmarshal([]byte(r), &record); err != nil {
			t.Fatal(err)
		}
		if record.EventType == "AwsServiceEvent" {
			names = append(names, record.EventName)
			if record.RequestID != "Rotation-"+s.describe("db").ARN+"-"+v(2) {
				t.Error(record.RequestID)
			}
		}
	}
	if got := strings.Join(names, " "); got != "RotationStarted RotationSucceeded" {
		t.Error(got)
	}
}

// TestRotateSecret_FailingTarget_KeepsTheWorkingPassword: it is tried again, later and later, and
// by the same request at once.
func TestRotateSecret_FailingTarget_KeepsTheWorkingPassword(t *testing.T) {
	s, target := startRotating(t, nil)
	target.fails = rotator.Errorf(rotator.ReadOnly, "the target takes no changes")
	in := M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe")}
	s.rotate(in)
	for range 5 {
		s.run()
		s.Clock.Pass(time.Minute)
	}
	if !target.opens(s.text(M{"SecretId": "db"})) || target.sets != 0 {
		t.Error("the password is lost")
	}
	s.Refused("RotateSecret", M{"SecretId": "db", "ClientRequestToken": v(3)},
		"InvalidRequestException",
		"A previous rotation isn't complete. That rotation will be reattempted.")
	target.fails = nil
	s.rotate(in)
	s.run()
	if target.sets != 1 || !target.opens(s.text(M{"SecretId": "db"})) {
		t.Errorf("%d sets", target.sets)
	}
}

func TestRotateSecret_NotImmediately_TestsAndLeavesNothing(t *testing.T) {
	s, target := startRotating(t, nil)
	out := s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe"),
		"RotateImmediately": false, "RotationRules": M{"AutomaticallyAfterDays": 1}})
	if out.VersionId != "" {
		t.Errorf("%+v", out)
	}
	s.run()
	d := s.describe("db")
	if target.sets != 0 || d.LastRotatedDate != nil || len(d.VersionIdsToStages) != 1 {
		t.Errorf("%+v", d)
	}
	versions := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds",
		M{"SecretId": "db", "IncludeDeprecated": true})
	if len(versions.Versions) != 1 {
		t.Errorf("%+v", versions)
	}
	s.Clock.Pass(2 * day)
	s.run()
	if target.sets != 1 {
		t.Errorf("%d sets", target.sets)
	}
}

func TestCancelRotateSecret_WhileFailing_EndsIt(t *testing.T) {
	s, target := startRotating(t, nil)
	s.Refused("CancelRotateSecret", M{"SecretId": "db"}, "InvalidRequestException", "")
	target.fails = errors.New("away")
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe")})
	target.fails = rotator.Errorf(rotator.Unreachable, "away")
	s.run()
	out := must[rotation.CancelRotateSecretOutput](s, "CancelRotateSecret", M{"SecretId": "db"})
	d := s.describe("db")
	if out.VersionId != v(2) || *d.RotationEnabled || d.VersionIdsToStages[v(2)] == nil {
		t.Errorf("%+v %+v", out, d)
	}
	target.fails = nil
	s.Clock.Pass(day)
	s.run()
	if target.sets != 0 {
		t.Error("it went on")
	}
}

// TestCancelRotateSecret_WhileSetting_EndsFirst: between the new password and its label nobody
// could log in.
func TestCancelRotateSecret_WhileSetting_EndsFirst(t *testing.T) {
	s, target := startRotating(t, nil)
	target.during = func() {
		target.during = nil
		s.Do("CancelRotateSecret", M{"SecretId": "db"})
	}
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe")})
	s.run()
	if !target.opens(s.text(M{"SecretId": "db"})) || *s.describe("db").RotationEnabled {
		t.Errorf("%+v", s.describe("db"))
	}
}

// TestCancelRotateSecret_WhileSettingAgain_EndsFirst is the same in a later attempt.
func TestCancelRotateSecret_WhileSettingAgain_EndsFirst(t *testing.T) {
	s, target := startRotating(t, nil)
	target.fails = rotator.Errorf(rotator.Unreachable, "away")
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe")})
	s.run()
	target.fails = nil
	target.during = func() {
		target.during = nil
		s.Do("CancelRotateSecret", M{"SecretId": "db"})
	}
	s.Clock.Pass(time.Minute)
	s.run()
	if !target.opens(s.text(M{"SecretId": "db"})) || *s.describe("db").RotationEnabled {
		t.Errorf("%+v", s.describe("db"))
	}
	var names []string
	for _, r := range s.Records() {
		if strings.Contains(r, "AwsServiceEvent") {
			_, rest, _ := strings.Cut(r, `"eventName":"`)
			name, _, _ := strings.Cut(rest, `"`)
			names = append(names, name)
		}
	}
	if got := strings.Join(names, " "); got !=
		"RotationStarted RotationFailed RotationStarted RotationSucceeded" {
		t.Error(got)
	}
}

// TestPutSecretValue_WhileRotating_AbandonsTheRotation, and the next one finds the password that
// was set all the same.
func TestPutSecretValue_WhileRotating_AbandonsTheRotation(t *testing.T) {
	s, target := startRotating(t, nil)
	target.during = func() {
		target.during = nil
		s.Do("PutSecretValue", M{"SecretId": "db", "ClientRequestToken": v(3),
			"SecretString": `{"username":"u","password":"by hand"}`})
	}
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe")})
	s.run()
	d := s.describe("db")
	if d.VersionIdsToStages[v(3)][0] != "AWSCURRENT" || d.VersionIdsToStages[v(2)] != nil {
		t.Errorf("%+v", d)
	}
	s.rotate(M{"ClientRequestToken": v(4)})
	s.run()
	if !target.opens(s.text(M{"SecretId": "db"})) {
		t.Error("the next rotation didn't find the password in force")
	}
}

// TestRotation_CutOff_GoesOn wherever: the job is there until the rotation is complete.
func TestRotation_CutOff_GoesOn(t *testing.T) {
	s, target := startRotating(t, nil)
	target.during = func() {
		target.during = nil
		panic("cut off")
	}
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe")})
	s.run()
	s.Clock.Pass(time.Minute)
	s.run()
	if d := s.describe("db"); !target.opens(s.text(M{"SecretId": "db"})) ||
		d.VersionIdsToStages[v(2)][0] != "AWSCURRENT" {
		t.Errorf("%+v", d)
	}
}

// TestRotation_EndedByHand_KeepsItsSchedule, whether it was being set then or about to fail.
func TestRotation_EndedByHand_KeepsItsSchedule(t *testing.T) {
	for name, fails := range map[string]error{"going well": nil,
		"failing": rotator.Errorf(rotator.Unreachable, "nobody answers")} {
		t.Run(name, func(t *testing.T) {
			s, target := startRotating(t, nil)
			target.fails = fails
			target.during = func() {
				target.during = nil
				s.Do("PutSecretValue", M{"SecretId": "db", "ClientRequestToken": v(3),
					"SecretString": `{"username":"u","password":"first"}`})
			}
			s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe"),
				"RotationRules": M{"AutomaticallyAfterDays": 30}})
			s.run()
			target.fails = nil
			s.Clock.Pass(32 * day)
			s.run()
			d := s.describe("db")
			if d.LastRotatedDate == nil || !target.opens(s.text(M{"SecretId": "db"})) {
				t.Errorf("its next window has passed: %+v", d)
			}
		})
	}
}

func TestRotateSecret_WrongRequests_StoreNothing(t *testing.T) {
	s, _ := startRotating(t, nil)
	const noFunction = "No Lambda rotation function ARN is associated with this secret."
	s.Refused("RotateSecret", M{"SecretId": "db", "ClientRequestToken": v(2)},
		"InvalidRequestException", noFunction)
	for _, arn := range []string{lambda("absent"), "safe", strings.Replace(lambda("safe"), region,
		"eu-west-9", 1)} {
		s.Refused("RotateSecret", M{"SecretId": "db", "ClientRequestToken": v(2),
			"RotationLambdaARN": arn}, "AccessDeniedException", "Secrets Manager cannot invoke the "+
			"specified Lambda function. Ensure that the function policy grants access to the "+
			"principal secretsmanager.amazonaws.com.")
	}
	s.Refused("RotateSecret", M{"SecretId": "db"}, "InvalidParameterException", "")
	s.Refused("RotateSecret", M{"SecretId": "db", "ClientRequestToken": v(1),
		"RotationLambdaARN": lambda("safe")}, "InvalidRequestException", "")
	if d := s.describe("db"); d.RotationEnabled != nil || d.RotationLambdaARN != "" {
		t.Errorf("something is stored: %+v", d)
	}
	s.Refused("RotateSecret", M{"SecretId": "db", "ClientRequestToken": v(2), "RotationRules": M{
		"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"}},
		"InvalidParameterException", "")
}

// TestCreateManagedSecret_OneCall_MakesAndRotates: the secret's value is the service's from
// then on.
func TestCreateManagedSecret_OneCall_MakesAndRotates(t *testing.T) {
	s, target := startRotating(t, nil)
	in := M{"Name": "managed", "ClientRequestToken": v(5), "RotationLambdaARN": lambda("safe"),
		"Engine": "postgres", "Host": "db", "Port": 5432, "Username": "u", "Password": "first"}
	out := must[secrets.CreateSecretOutput](s, "CreateManagedSecret", in)
	again := must[secrets.CreateSecretOutput](s, "CreateManagedSecret", in)
	if !reflect.DeepEqual(again, out) {
		t.Errorf("%+v, then %+v", out, again)
	}
	s.run()
	value := s.text(M{"SecretId": "managed"})
	if !target.opens(value) || !strings.HasPrefix(value,
		`{"engine":"postgres","host":"db","port":"5432","username":"u","password":`) {
		t.Error(value)
	}
	d := s.describe("managed")
	if d.OwningService != "claviger" || *d.RotationRules.AutomaticallyAfterDays != 7 ||
		d.LastRotatedDate == nil {
		t.Errorf("%+v", d)
	}
	const managed = "You can't change the secret's value because it's managed by the service " +
		"itself: it changes when the secret is rotated."
	s.Refused("PutSecretValue", M{"SecretId": "managed", "SecretString": "x",
		"ClientRequestToken": v(6)}, "InvalidRequestException", managed)
	s.Refused("UpdateSecret", M{"SecretId": "managed", "Description": "x"},
		"InvalidRequestException", managed)
	s.Refused("RotateSecret", M{"SecretId": "managed", "ClientRequestToken": v(6),
		"RotationLambdaARN": lambda("own")}, "InvalidRequestException", "")
	must[rotation.RotateSecretOutput](s, "RotateSecret", M{"SecretId": "managed",
		"ClientRequestToken": v(6), "RotationRules": M{"ScheduleExpression": "rate(10 days)"}})
	s.Refused("CreateManagedSecret", M{"Name": "other", "ClientRequestToken": v(7),
		"RotationLambdaARN": lambda("own"), "Engine": "postgres", "Host": "db", "Username": "u",
		"Password": "first"}, "AccessDeniedException", "")
	s.Do("DeleteSecret", M{"SecretId": "managed", "ForceDeleteWithoutRecovery": true})
}

// TestCreateManagedSecret_EveryMember_IsInTheSecret, in its value or in what is told of it.
func TestCreateManagedSecret_EveryMember_IsInTheSecret(t *testing.T) {
	s, _ := startRotating(t, nil)
	key := s.key()
	out := must[secrets.CreateSecretOutput](s, "CreateManagedSecret", M{"Name": "managed",
		"ClientRequestToken": v(5), "RotationLambdaARN": lambda("safe"), "Description": "d",
		"KmsKeyId": key, "Tags": []M{{"Key": "k", "Value": "v"}},
		"RotationRules": M{"ScheduleExpression": "rate(10 days)", "Duration": "2h"},
		"Engine":        "postgres", "Host": "db", "Port": 5432, "Username": "u",
		"Password": "first", "DbName": "app", "SuperuserArn": "arn:superuser"})
	d := s.describe("managed")
	if out.ARN != d.ARN || out.Name != "managed" || out.VersionId != v(5) ||
		out.ReplicationStatus != nil {
		t.Errorf("%+v", out)
	}
	if d.Description != "d" || d.KmsKeyId != key || len(d.Tags) != 1 || d.Tags[0].Value != "v" ||
		d.RotationLambdaARN != lambda("safe") ||
		*d.RotationRules.ScheduleExpression != "rate(10 days)" || *d.RotationRules.Duration != "2h" {
		t.Errorf("%+v", d)
	}
	value := documentOf(t, json.RawMessage(s.text(M{"SecretId": "managed"})))
	if !reflect.DeepEqual(value, M{"engine": "postgres", "host": "db", "port": "5432",
		"username": "u", "password": "first", "dbname": "app", "masterarn": "arn:superuser"}) {
		t.Errorf("%v", value)
	}
}

// TestCreateSecret_TypeOfARotator_IsRotatedByIt: a managed external secret names no function.
func TestCreateSecret_TypeOfARotator_IsRotatedByIt(t *testing.T) {
	s, target := startRotating(t, nil)
	s.rotators[0].Type = "JenkinsApiToken"
	s.Restart()
	s.Refused("CreateSecret", M{"Name": "ext", "ClientRequestToken": v(5), "Type": "Unknown"},
		"InvalidParameterException", "")
	s.Do("CreateSecret", M{"Name": "ext", "ClientRequestToken": v(5), "Type": "JenkinsApiToken",
		"SecretString": `{"username":"u","password":"first"}`})
	role := "arn:aws:iam::" + account + ":role/rotation"
	s.Do("RotateSecret", M{"SecretId": "ext", "ClientRequestToken": v(6),
		"ExternalSecretRotationRoleArn":  role,
		"ExternalSecretRotationMetadata": []M{{"Key": "k", "Value": "v"}}})
	s.run()
	d := s.describe("ext")
	if !target.opens(s.text(M{"SecretId": "ext"})) || d.Type != "JenkinsApiToken" ||
		d.ExternalSecretRotationRoleArn != role || len(d.ExternalSecretRotationMetadata) != 1 ||
		d.RotationLambdaARN != "" || !*d.RotationEnabled {
		t.Errorf("%+v", d)
	}
	s.Refused("UpdateSecret", M{"SecretId": "ext", "Type": "Unknown"},
		"InvalidParameterException", "")
	s.Do("UpdateSecret", M{"SecretId": "ext", "Type": ""})
	s.Refused("RotateSecret", M{"SecretId": "ext", "ClientRequestToken": v(8)},
		"InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
}
