package servicetest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/alarms"
	"claviger/hsm/hsmtest"
	"claviger/internal/outbox"
	"claviger/service"
	"claviger/service/servicetest"
	"claviger/store/storetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/go-json-experiment/json/jsontext"
)

// neighbour is an account beside the one of the server.
const neighbour = "444455556666"

var example = regexp.MustCompile("(?ms)^### ([A-Z][A-Za-z ]+)$.*?^```json\n(.*?)\n```$")

// documentedEvents are the examples of docs/events.md by their headings.
func documentedEvents(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, m := range example.FindAllStringSubmatch(string(text), -1) {
		all[m[1]] = m[2]
	}
	return all
}

// form is what a document looks like: its names in their order, and the kinds of its values. Of a
// list it is that of the elements, each kind once.
func form(t *testing.T, text []byte) string {
	t.Helper()
	d := jsontext.NewDecoder(strings.NewReader(string(text)))
	var value func() string
	value = func() string {
		token, err := d.ReadToken()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var parts []string
		kind := token.Kind()
		for kind == '{' && d.PeekKind() != '}' {
			name := value()
			parts = append(parts, name+":"+value())
		}
		for kind == '[' && d.PeekKind() != ']' {
			if part := value(); !slices.Contains(parts, part) {
				parts = append(parts, part)
			}
		}
		if kind == '{' || kind == '[' {
			if _, err := d.ReadToken(); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return string(kind) + strings.Join(parts, ",") + "}"
		}
		if depth := d.StackDepth(); kind == '"' && depth > 0 {
			if of, n := d.StackIndex(depth); of == '{' && n%2 == 1 {
				return token.String()
			}
		}
		return string(kind)
	}
	return value()
}

// events returns the events that wait, by detail-type; the newest of each.
func events(t *testing.T, s *servicetest.Server) map[string][]byte {
	t.Helper()
	entries, err := outbox.After(s.Service().DB, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, e := range entries {
		var event struct {
			Type string `json:"detail-type"`
		}
		if err := json.Unmarshal(e.Event, &event); err != nil {
			t.Fatal(err)
		}
		all[event.Type] = e.Event
	}
	return all
}

// awaits waits for an event, which comes a moment after what it tells of.
func awaits(t *testing.T, s *servicetest.Server, detailType string) []byte {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if e := events(t, s)[detailType]; e != nil {
			return e
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("no event %s has come", detailType)
	return nil
}

// TestEvents_EachThatIsDocumented_LooksLikeItsExample: every event of the documentation is made by
// a running service, and no other.
func TestEvents_EachThatIsDocumented_LooksLikeItsExample(t *testing.T) {
	s := servicetest.Start(t, func(c *service.Config) { c.Alarms.Denied = 3 })
	ofServices(t, s)
	ofCallers(t, s)
	s.Clock.Advance(2 * time.Hour)
	s.RunDueJobs(t)
	s.Clock.Advance(week)
	s.RunDueJobs(t)
	ofParts(t, s)
	documented := documentedEvents(t)
	for name, text := range documented {
		got, want := form(t, awaits(t, s, name)), form(t, []byte(text))
		if got != want {
			t.Errorf("%s has the form\n%s\nand is documented as\n%s", name, got, want)
		}
	}
	for name, event := range events(t, s) {
		if documented[name] == "" {
			t.Errorf("%s is not documented: %s", name, event)
		}
	}
}

// ofServices does what KMS, Secrets Manager and Parameter Store tell of, at once or later.
func ofServices(t *testing.T, s *servicetest.Server) {
	t.Helper()
	k := s.KMS()
	key := createKey(t, k)
	must(k.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: key.KeyId}))(t)
	imported := external(t, k, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	material, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	in := newMaterial(t, k, imported, types.AlgorithmSpecRsaAesKeyWrapSha256, material)
	until := s.Clock.Now().Add(time.Hour).Truncate(time.Second)
	in.ExpirationModel, in.ValidTo = types.ExpirationModelTypeKeyMaterialExpires, &until
	must(k.ImportKeyMaterial(t.Context(), in))(t)
	createSecret(t, s.SecretsManager(), "mySecret", "x")
	must(s.ParameterStore().PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("foo"),
		Value: aws.String("x"), Type: "String", Tier: "Advanced",
		Description: aws.String("Sample Parameter"), Policies: aws.String(`[{"Type":` +
			`"NoChangeNotification","Version":"1.0","Attributes":{"After":"2","Unit":"Hours"}}]`)}))(t)
}

// ofCallers does what callers should not do.
func ofCallers(t *testing.T, s *servicetest.Server) {
	t.Helper()
	k, sm := s.KMS(), s.SecretsManager()
	s.RootOf(t, neighbour)
	must(sm.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{
		SecretId: aws.String("mySecret"), ResourcePolicy: aws.String(`{"Version":"2012-10-17",` +
			`"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + neighbour +
			`:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`)}))(t)
	doomed := createKey(t, k)
	blob := encrypt(t, k, doomed.KeyId, "x", nil)
	must(k.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: doomed.KeyId,
		PendingWindowInDays: aws.Int32(7)}))(t)
	_, err := k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
	refused(t, err, "KMSInvalidStateException", "*")
	for range 3 {
		_, err := s.KMS(s.AsNobody()).ListKeys(t.Context(), &kms.ListKeysInput{})
		refused(t, err, "AccessDeniedException", "*")
	}
}

// ofParts brings parts of the service into trouble. What would take too much of a test is told by
// the same function as the service's.
func ofParts(t *testing.T, s *servicetest.Server) {
	t.Helper()
	now := s.Clock.Now()
	at := alarms.Place{Account: servicetest.Account, Region: servicetest.Region}
	back := alarms.Turn{State: alarms.Available, Previous: alarms.Unavailable, Since: now,
		Before: now.Add(-time.Minute), IsOver: true}
	device, database, trail, aCopy := back, back, back, back
	device.Type, database.Type = alarms.DeviceState, alarms.DatabaseState
	trail.Type, trail.IsOver = alarms.TrailState, false
	aCopy.Type, aCopy.Name = alarms.CopyState, "siem"
	for _, turn := range []alarms.Turn{device, database, trail, aCopy} {
		put := outbox.Outbox{}.Put(alarms.Changed(at, turn))
		if err := s.Service().DB.Commit(put, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Clock.Jump(3 * time.Hour)
	storetest.Edit(t, s.Database, `UPDATE secrets SET description = 'x'`)
	_, err := s.SecretsManager().UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{
		SecretId: aws.String("mySecret"), Description: aws.String("y")})
	refused(t, err, "InternalServiceError", "*")
}

// TestEvents_UsesOfASecretPendingDeletion_AreTold: and uses of its key through it.
func TestEvents_UsesOfASecretPendingDeletion_AreTold(t *testing.T) {
	s := servicetest.Start(t)
	sm := s.SecretsManager()
	arn := *createSecret(t, sm, "db", "x").ARN
	must(sm.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &arn}))(t)
	_, err := sm.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &arn})
	refused(t, err, "InvalidRequestException", "*")
	if e := string(awaits(t, s, alarms.PendingUse)); !strings.Contains(e,
		fmt.Sprintf(`"resources":[%q]`, arn)) {
		t.Errorf("%s", e)
	}
}

// TestEvents_TableThatLostARow_IsToldByTheStartThatFails: and waits for the one that doesn't.
func TestEvents_TableThatLostARow_IsToldByTheStartThatFails(t *testing.T) {
	s := servicetest.Start(t)
	createSecret(t, s.SecretsManager(), "db", "x")
	s.Restart(t, func() {
		storetest.Edit(t, s.Database, `DELETE FROM secret_versions`)
		for range 2 {
			if err := s.TryStart(t.Context(), s.Database); err == nil {
				t.Error("it starts")
			}
		}
		s.AcceptRows(t)
	})
	e := string(awaits(t, s, alarms.Mismatch))
	if !strings.Contains(e, `"kind":"ROW_SET","tables":["secret_versions"]`) {
		t.Errorf("%s", e)
	}
}
