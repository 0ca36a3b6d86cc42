package audit_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"claviger/audit"

	"github.com/go-json-experiment/json/jsontext"
)

var at = time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.FixedZone("CET", 3600))

func whole() audit.Record {
	return audit.Record{
		Time: at, Source: "kms.amazonaws.com", Name: "Decrypt", Region: "us-east-1",
		SourceIP: "192.0.2.1", UserAgent: "aws-cli", RequestID: "r", EventID: "e",
		Account: "111122223333", ReadOnly: true,
		ErrorCode: "AccessDeniedException", ErrorMessage: "no",
		Identity: audit.Identity{Type: "Root", PrincipalID: "111122223333",
			ARN: "arn:aws:iam::111122223333:root", AccountID: "111122223333",
			AccessKeyID: "AKIA", InvokedBy: "secretsmanager.amazonaws.com"},
		Parameters: []byte(`{"keyId":"k"}`), Additional: []byte(`{"dataKeyCached":true}`),
		Resources: []audit.Resource{{ARN: "arn:1", AccountID: "111122223333", Type: "AWS::KMS::Key"},
			{ARN: "arn:2"}},
	}
}

func TestRecordAppend_WholeRecord_HasCloudTrailsShape(t *testing.T) {
	r := whole()
	want := `{"eventVersion":"1.11","userIdentity":{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root",` +
		`"accountId":"111122223333","accessKeyId":"AKIA","invokedBy":"secretsmanager.amazonaws.com"},"eventTime":"2026-03-01T08:30:00.123456Z",` +
		`"eventSource":"kms.amazonaws.com","eventName":"Decrypt","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli",` +
		`"errorCode":"AccessDeniedException","errorMessage":"no","requestParameters":{"keyId":"k"},"responseElements":null,` +
		`"additionalEventData":{"dataKeyCached":true},"requestID":"r","eventID":"e","readOnly":true,` +
		`"resources":[{"ARN":"arn:1","accountId":"111122223333","type":"AWS::KMS::Key"},{"ARN":"arn:2"}],` +
		`"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`
	if got := string(r.Append(nil)); got != want {
		t.Errorf("record\n%s\nwant\n%s", got, want)
	}
}

// TestRecordAppend_ServiceEvent_HasCloudTrailsShape, which the user guide of Secrets Manager shows
// of a rotation that failed: nobody asked, so that the identity has no type.
func TestRecordAppend_ServiceEvent_HasCloudTrailsShape(t *testing.T) {
	const service = "secretsmanager.amazonaws.com"
	r := audit.Record{
		Time: at, Source: service, Name: "RotationFailed", Region: "us-east-1", SourceIP: service,
		UserAgent: service, RequestID: "Rotation-arn:s-t", EventID: "e", Account: "111122223333",
		ErrorMessage: "no", ServiceEvent: true,
		Identity:   audit.Identity{Type: "AWSService", AccountID: "111122223333", InvokedBy: service},
		Additional: []byte(`{"SecretId":"arn:s"}`),
	}
	want := `{"eventVersion":"1.11","userIdentity":{"accountId":"111122223333","invokedBy":"secretsmanager.amazonaws.com"},` +
		`"eventTime":"2026-03-01T08:30:00.123456Z","eventSource":"secretsmanager.amazonaws.com","eventName":"RotationFailed",` +
		`"awsRegion":"us-east-1","sourceIPAddress":"secretsmanager.amazonaws.com","userAgent":"secretsmanager.amazonaws.com",` +
		`"errorMessage":"no","requestParameters":null,"responseElements":null,"additionalEventData":{"SecretId":"arn:s"},` +
		`"requestID":"Rotation-arn:s-t","eventID":"e","readOnly":false,` +
		`"eventType":"AwsServiceEvent","managementEvent":true,` +
		`"recipientAccountId":"111122223333","eventCategory":"Management"}`
	if got := string(r.Append(nil)); got != want {
		t.Errorf("record\n%s\nwant\n%s", got, want)
	}
}

// The room that a record needs is all that it costs, of both types.
func TestRecordAppend_EnoughRoom_AllocatesNothing(t *testing.T) {
	room := make([]byte, 0, 4096)
	for _, event := range []bool{false, true} {
		r := whole()
		r.ServiceEvent = event
		if n := testing.AllocsPerRun(100, func() { r.Append(room) }); n != 0 {
			t.Errorf("service event %v: %v allocations", event, n)
		}
	}
}

// TestRecordAppend_Sessions_SayWhoseTheyAre, as CloudTrail's do: a role's by its role, and who
// stands behind it.
func TestRecordAppend_Sessions_SayWhoseTheyAre(t *testing.T) {
	const attributes = `"attributes":{"creationDate":"2026-03-01T08:30:00Z","mfaAuthenticated":"false"}`
	for _, c := range []struct {
		session audit.Session
		want    string
	}{
		{audit.Session{}, `"userName":"alice"`},
		{audit.Session{Issued: at}, `"userName":"alice","sessionContext":{` + attributes + `}`},
		{audit.Session{Issued: at, SourceIdentity: "carol", Provider: "p", Issuer: audit.Issuer{
			Type: "Role", PrincipalID: "AROA", ARN: "arn:r", AccountID: "111122223333", UserName: "r"}},
			`"userName":"alice","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA",` +
				`"arn":"arn:r","accountId":"111122223333","userName":"r"},"webIdFederationData":{` +
				`"federatedProvider":"p","attributes":{}},` + attributes + `,"sourceIdentity":"carol"}`},
	} {
		r := audit.Record{Time: at, Identity: audit.Identity{Type: "IAMUser", UserName: "alice",
			Session: c.session}}
		if got := string(r.Append(nil)); !strings.Contains(got, `{"type":"IAMUser",`+c.want+`},"event`) {
			t.Errorf("%s\nwant in it %s", got, c.want)
		}
	}
}

func TestRecordAppend_EmptyFields_AreLeftOut(t *testing.T) {
	r := audit.Record{Time: at}
	var doc map[string]any
	if err := json.Unmarshal(r.Append(nil), &doc); err != nil {
		t.Fatal(err)
	}
	// What CloudTrail's record contents reference calls required is there all the same.
	want := map[string]any{"eventVersion": "1.11", "userIdentity": map[string]any{"type": ""},
		"eventTime":         "2026-03-01T08:30:00.123456Z",
		"requestParameters": nil, "responseElements": nil, "readOnly": false,
		"eventType": "AwsApiCall", "managementEvent": true, "eventCategory": "Management"}
	if !reflect.DeepEqual(doc, want) {
		t.Errorf("an empty record has %v", doc)
	}
}

func TestRecordAppend_BytesBefore_AreKept(t *testing.T) {
	r := whole()
	if got := r.Append([]byte("before\n")); !bytes.HasPrefix(got, []byte("before\n{")) {
		t.Errorf("%.20s", got)
	}
}

// decoded is a record as a reader of JSON sees it.
type decoded struct {
	UserIdentity struct {
		Type, PrincipalID, ARN, AccountID, AccessKeyID, InvokedBy string
	}
	EventSource, EventName, AWSRegion, SourceIPAddress, UserAgent string
	ErrorCode, ErrorMessage, RequestID, EventID                   string
	RecipientAccountID                                            string
	Resources                                                     []resource
}

type resource struct{ ARN, AccountID, Type string }

// FuzzRecord puts any string anywhere: what comes out is one line of valid JSON
// that says the same again.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{"", `"`, `\`, "\n", "\r\n", "\x00", "\xff\xfe", "</script>", "\u2028",
		`","errorCode":"`, "𝕏", "\ud7ff\ufffd", strings.Repeat("a", 2000)} {
		f.Add(s, "x")
		f.Add("x", s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		r := audit.Record{Time: at, Source: a, Name: b, Region: a, SourceIP: b, UserAgent: a,
			RequestID: b, EventID: a, Account: b, ErrorCode: a, ErrorMessage: b,
			Identity: audit.Identity{Type: a, PrincipalID: b, ARN: a, AccountID: b, AccessKeyID: a,
				InvokedBy: b},
			Resources: []audit.Resource{{ARN: a, AccountID: b, Type: a}, {ARN: b}}}
		line := r.Append(nil)
		if bytes.ContainsAny(line, "\n\r") || !utf8.Valid(line) {
			t.Fatalf("not one line of UTF-8: %q", line)
		}
		var d decoded
		decoder := json.NewDecoder(bytes.NewReader(line))
		if err := decoder.Decode(&d); err != nil || decoder.More() {
			t.Fatalf("%v: %s", err, line)
		}
		x, y := each(a), each(b)
		i := d.UserIdentity
		got := []string{d.EventSource, d.EventName, d.AWSRegion, d.SourceIPAddress, d.UserAgent,
			d.RequestID, d.EventID, d.RecipientAccountID, d.ErrorCode, d.ErrorMessage,
			i.Type, i.PrincipalID, i.ARN, i.AccountID, i.AccessKeyID, i.InvokedBy,
			d.Resources[0].ARN, d.Resources[0].AccountID, d.Resources[0].Type, d.Resources[1].ARN}
		want := []string{x, y, x, y, x, y, x, y, x, y, x, y, x, y, x, y, x, y, x, y}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nsays %q, want %q", line, got, want)
		}
		if !jsontext.Value(line).IsValid() {
			// strict: no name comes twice, or one value could stand in for another
			t.Errorf("not strict JSON: %s", line)
		}
	})
}

// each replaces every byte that is not UTF-8 by U+FFFD, as JSON does.
func each(s string) string { return string([]rune(s)) }
