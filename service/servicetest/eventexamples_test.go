package servicetest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/events/rule"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// statesOfParts are told when a part of the service is in trouble, and have one form:
// claviger/alarms/watch has their tests.
var statesOfParts = []string{"Device State Change", "Database State Change", "Trail State Change",
	"Trail Copy State Change", "Trail Witness State Change", "Signature Mismatch"}

// nowAndThen are members that not every event of a kind has.
var nowAndThen = []string{"description", "label", "fromVersion", "toVersion", "errorCode",
	"outageSeconds"}

// TestEvents_Documented_AreAsTheirExamples makes what docs/events.md shows, and compares members
// and their types.
func TestEvents_Documented_AreAsTheirExamples(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "events.log")
	s := &site{T: t, log: log, Server: servicetest.Start(t, func(c *service.Config) {
		c.EventTargets = []service.EventTarget{{Kind: rule.LogFile, Name: logGroup, File: log}}
		c.Alarms.Denied = 3
	})}
	s.asks("PutRule", "", map[string]any{"Name": "all", "EventPattern": `{"detail-type":` +
		`[{"anything-but":{"suffix":"via CloudTrail"}}]}`})
	s.asks("PutTargets", "", map[string]any{"Rule": "all", "Targets": []map[string]any{
		{"Id": "log", "Arn": "arn:aws:logs:" + servicetest.Region + ":" + servicetest.Account +
			":log-group:" + logGroup}}})
	makeEvents(t, s.Server)
	want := documentedEvents(t)
	for _, name := range statesOfParts {
		delete(want, name)
	}
	s.kinds(len(want) - 1)
	s.Clock.Jump(500 * 24 * time.Hour) // of a clock in doubt none of the others would come
	got := s.kinds(len(want))
	for name, example := range want {
		if got[name] == nil {
			t.Errorf("there was no %s", name)
			continue
		}
		if differ := differences("", example, got[name]); differ != nil {
			t.Errorf("%s differs from its example: %q", name, differ)
		}
	}
}

// makeEvents has everything happen that is told of, but for trouble in parts of the service.
func makeEvents(t *testing.T, s *servicetest.Server) {
	t.Helper()
	k, ctx := s.KMS(), t.Context()
	key := createKey(t, k)
	must(k.RotateKeyOnDemand(ctx, &kms.RotateKeyOnDemandInput{KeyId: key.KeyId}))(t)
	createSecret(t, s.SecretsManager(), "told", "x")
	must(s.SecretsManager().PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{
		SecretId: aws.String("told"), ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":` +
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},` +
			`"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`)}))(t)
	must(s.ParameterStore().PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("told"),
		Value: aws.String("x"), Type: "String"}))(t)
	d := newDoomed(t, s)
	_, err := k.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: d.blobs[0]})
	refused(t, err, "KMSInvalidStateException", "*")
	for range 3 {
		_, err := s.KMS(servicetest.As(s.Nobody)).ListKeys(ctx, &kms.ListKeysInput{})
		refused(t, err, "AccessDeniedException", "*")
	}
	s.Clock.Advance(week + time.Minute)
}

// kinds waits until events of so many kinds are in the log, a minute at most, and returns one of
// each.
func (s *site) kinds(n int) map[string]any {
	s.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		got := byDetailType(s.T, s.logged())
		if len(got) >= n || time.Now().After(end) {
			return got
		}
	}
}

var exampleOfEvent = regexp.MustCompile("(?m)^```json\n(.+)\n```$")

// documentedEvents are the examples by detail-type.
func documentedEvents(t *testing.T) map[string]any {
	t.Helper()
	text := must(os.ReadFile("../../docs/events.md"))(t)
	var lines []string
	for _, m := range exampleOfEvent.FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, m[1])
	}
	all := byDetailType(t, lines)
	if len(all) < 17 {
		t.Fatalf("only %d examples", len(all))
	}
	return all
}

// byDetailType has the first event of each type.
func byDetailType(t *testing.T, lines []string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, line := range lines {
		var e map[string]any
		if line == "" {
			continue
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if name := fmt.Sprint(e["detail-type"]); all[name] == nil {
			all[name] = e
		}
	}
	return all
}

// differences are the paths at which one document has members that the other lacks, or of another
// type. Who asked has other members for each kind of principal.
func differences(path string, want, got any) (all []string) {
	w, isObject := want.(map[string]any)
	g, same := got.(map[string]any)
	switch {
	case strings.HasSuffix(path, ".userIdentity"):
		return nil
	case isObject != same, fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got):
		return []string{path}
	}
	names := maps.Clone(w)
	maps.Copy(names, g)
	for name := range names {
		_, inWant := w[name]
		_, inGot := g[name]
		switch {
		case inWant && inGot:
			all = append(all, differences(path+"."+name, w[name], g[name])...)
		case !slices.Contains(nowAndThen, name):
			all = append(all, path+"."+name)
		}
	}
	return all
}
