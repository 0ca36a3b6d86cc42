package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"claviger/audit"

	"github.com/go-json-experiment/json/jsontext"
)

var at2026 = time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.FixedZone("CET", 3600))

func whole() audit.Record {
	return audit.Record{
		Time: at2026, Source: "kms.amazonaws.com", Name: "Decrypt", Region: "us-east-1",
		SourceIP: "192.0.2.1", UserAgent: "aws-cli", RequestID: "r", EventID: "e",
		Account: "111122223333", ReadOnly: true,
		ErrorCode: "AccessDeniedException", ErrorMessage: "no",
		Identity: audit.Identity{Type: "Root", PrincipalID: "111122223333",
			ARN: "arn:aws:iam::111122223333:root", AccountID: "111122223333",
			AccessKeyID: "AKIA", InvokedBy: "secretsmanager.amazonaws.com"},
		Parameters: []byte(`{"keyId":"k"}`), Additional: []byte(`{"dataKeyCached":true}`),
		Response: []byte(`{"keyId":"arn:1"}`), SharedID: "s",
		Resources: []audit.Resource{{ARN: "arn:1", AccountID: "111122223333", Type: "AWS::KMS::Key"},
			{ARN: "arn:2", AccountID: "444455556666"}},
		TLS: audit.TLS{Version: "TLSv1.3", CipherSuite: "TLS_AES_128_GCM_SHA256",
			KeyExchange: "X25519MLKEM768", Host: "kms.example.com"},
	}
}

func TestRecordAppend_WholeRecord_HasCloudTrailsShape(t *testing.T) {
	r := whole()
	want := `{"eventVersion":"1.11","userIdentity":{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root",` +
		`"accountId":"111122223333","accessKeyId":"AKIA","invokedBy":"secretsmanager.amazonaws.com"},"eventTime":"2026-03-01T08:30:00Z",` +
		`"eventSource":"kms.amazonaws.com","eventName":"Decrypt","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli",` +
		`"errorCode":"AccessDeniedException","errorMessage":"no","requestParameters":{"keyId":"k"},"responseElements":{"keyId":"arn:1"},` +
		`"additionalEventData":{"dataKeyCached":true},"requestID":"r","eventID":"e","readOnly":true,` +
		`"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:1"},` +
		`{"accountId":"444455556666","ARN":"arn:2"}],` +
		`"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","sharedEventID":"s",` +
		`"eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",` +
		`"clientProvidedHostHeader":"kms.example.com","keyExchange":"X25519MLKEM768"}}`
	if got := string(r.Append(nil)); got != want {
		t.Errorf("record\n%s\nwant\n%s", got, want)
	}
}

// TestRecordAppend_ServiceEvent_HasCloudTrailsShape, which the user guide of Secrets Manager shows
// of a rotation that failed: nobody asked, so that the identity has no type.
func TestRecordAppend_ServiceEvent_HasCloudTrailsShape(t *testing.T) {
	const service = "secretsmanager.amazonaws.com"
	r := audit.Record{
		Time: at2026, Source: service, Name: "RotationFailed", Region: "us-east-1", SourceIP: service,
		UserAgent: service, RequestID: "Rotation-arn:s-t", EventID: "e", Account: "111122223333",
		ErrorMessage: "no", ServiceEvent: true,
		Identity:   audit.Identity{AccountID: "111122223333", InvokedBy: service},
		Additional: []byte(`{"SecretId":"arn:s"}`), Details: []byte(`{"keyId":"k"}`),
	}
	want := `{"eventVersion":"1.11","userIdentity":{"accountId":"111122223333","invokedBy":"secretsmanager.amazonaws.com"},` +
		`"eventTime":"2026-03-01T08:30:00Z","eventSource":"secretsmanager.amazonaws.com","eventName":"RotationFailed",` +
		`"awsRegion":"us-east-1","sourceIPAddress":"secretsmanager.amazonaws.com","userAgent":"secretsmanager.amazonaws.com",` +
		`"errorMessage":"no","requestParameters":null,"responseElements":null,"additionalEventData":{"SecretId":"arn:s"},` +
		`"requestID":"Rotation-arn:s-t","eventID":"e","readOnly":false,` +
		`"eventType":"AwsServiceEvent","managementEvent":true,` +
		`"recipientAccountId":"111122223333","serviceEventDetails":{"keyId":"k"},"eventCategory":"Management"}`
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

// TestRecordAppend_EachIdentity_HasItsMembersAlone: those that CloudTrail has for its type.
func TestRecordAppend_EachIdentity_HasItsMembersAlone(t *testing.T) {
	whole := audit.Identity{PrincipalID: "p", ARN: "arn:p", AccountID: "111122223333",
		AccessKeyID: "AKIA", UserName: "u", Provider: "arn:idp", InvokedBy: "i",
		Session: audit.Session{Issued: at2026}}
	const session = `"sessionContext":{"attributes":{"creationDate":"2026-03-01T08:30:00Z",` +
		`"mfaAuthenticated":"false"}}`
	for kind, want := range map[string]string{
		"Root": `{"type":"Root","principalId":"p","arn":"arn:p","accountId":"111122223333",` +
			`"accessKeyId":"AKIA","userName":"u",` + session + `,"invokedBy":"i"}`,
		"WebIdentityUser": `{"type":"WebIdentityUser","principalId":"p","userName":"u",` +
			`"identityProvider":"arn:idp","invokedBy":"i"}`,
		"AWSService": `{"type":"AWSService","invokedBy":"i"}`,
		"":           `{"accountId":"111122223333","invokedBy":"i"}`,
		"another": `{"type":"AWSAccount","principalId":"p","accountId":"111122223333",` +
			`"invokedBy":"i"}`,
	} {
		r := audit.Record{Time: at2026, Identity: whole}
		r.Identity.Type = kind
		if kind == "another" {
			r.Identity = r.Identity.InAnotherAccount()
		}
		if got := string(r.Append(nil)); !strings.Contains(got, `"userIdentity":`+want+`,"eventTime"`) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

// Where there could be resources and are none, CloudTrail has an empty list.
func TestRecordAppend_NoResources_IsAnEmptyList(t *testing.T) {
	r := audit.Record{Time: at2026, NoResources: true}
	if got := string(r.Append(nil)); !strings.Contains(got, `,"resources":[],"eventType"`) {
		t.Error(got)
	}
}

// TestRecordAppend_LongFields_AreOmittedAsCloudTrailDoes, and the record stays one that EventBridge
// would take.
func TestRecordAppend_LongFields_AreOmittedAsCloudTrailDoes(t *testing.T) {
	object := func(n int) []byte {
		return []byte(`{"a":"` + strings.Repeat("x", n-8) + `"}`)
	}
	for _, c := range []struct {
		parameters, response, additional, details int // bytes
		omitted                                   []string
	}{
		{parameters: 100 << 10, response: 100 << 10, additional: 28 << 10},
		{parameters: 100<<10 + 1, omitted: []string{"requestParameters"}},
		{response: 100<<10 + 1, omitted: []string{"responseElements"}},
		{additional: 28<<10 + 1, omitted: []string{"additionalEventData"}},
		{details: 100<<10 + 1, omitted: []string{"serviceEventDetails"}},
		{parameters: 100 << 10, response: 100 << 10, additional: 28 << 10, details: 100 << 10,
			omitted: []string{"requestParameters", "responseElements"}},
	} {
		r := audit.Record{Time: at2026}
		given := map[string]int{"requestParameters": c.parameters, "responseElements": c.response,
			"additionalEventData": c.additional, "serviceEventDetails": c.details}
		for name, to := range map[string]*[]byte{"requestParameters": &r.Parameters,
			"responseElements": &r.Response, "additionalEventData": &r.Additional,
			"serviceEventDetails": &r.Details} {
			if given[name] > 0 {
				*to = object(given[name])
			}
		}
		line := r.Append(nil)
		if len(line) > 256<<10 {
			t.Errorf("%+v: %d bytes", c, len(line))
		}
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(line, &doc); err != nil {
			t.Fatal(err)
		}
		for name, n := range given {
			want := fmt.Sprintf(`{"reason":"%s too large","omitted":true,"originalSize":%d}`, name, n)
			if got := string(doc[name]); (got == want) != slices.Contains(c.omitted, name) {
				t.Errorf("%+v: %s is %.100s", c, name, got)
			}
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
		{audit.Session{Issued: at2026}, `"userName":"alice","sessionContext":{` + attributes + `}`},
		{audit.Session{Issued: at2026, SourceIdentity: "carol", Provider: "p", Issuer: audit.Issuer{
			Type: "Role", PrincipalID: "AROA", ARN: "arn:r", AccountID: "111122223333", UserName: "r"}},
			`"userName":"alice","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA",` +
				`"arn":"arn:r","accountId":"111122223333","userName":"r"},"webIdFederationData":{` +
				`"federatedProvider":"p","attributes":{}},` + attributes + `,"sourceIdentity":"carol"}`},
		{audit.Session{Issued: at2026, Federated: true, Issuer: audit.Issuer{Type: "IAMUser"}},
			`"userName":"alice","sessionContext":{"sessionIssuer":{"type":"IAMUser"},` +
				`"webIdFederationData":{},` + attributes + `}`},
	} {
		r := audit.Record{Time: at2026, Identity: audit.Identity{Type: "IAMUser", UserName: "alice",
			Session: c.session}}
		if got := string(r.Append(nil)); !strings.Contains(got, `{"type":"IAMUser",`+c.want+`},"event`) {
			t.Errorf("%s\nwant in it %s", got, c.want)
		}
	}
}

func TestRecordAppend_EmptyFields_AreLeftOut(t *testing.T) {
	r := audit.Record{Time: at2026}
	var doc map[string]any
	if err := json.Unmarshal(r.Append(nil), &doc); err != nil {
		t.Fatal(err)
	}
	// What CloudTrail's record contents reference calls required is there all the same.
	want := map[string]any{"eventVersion": "1.11", "userIdentity": map[string]any{"accountId": ""},
		"eventTime":         "2026-03-01T08:30:00Z",
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
	RecipientAccountID, SharedEventID                             string
	Resources                                                     []resource
	TLSDetails                                                    struct {
		CipherSuite, ClientProvidedHostHeader, KeyExchange string
	}
}

type resource struct{ ARN, AccountID, Type string }

// FuzzRecord puts any string anywhere: what comes out is one line of valid JSON
// that says the same again.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{"", `"`, `\`, "\n", "1234567\"", "12345678\\", "1234567\x1f", " 2345678\x7f",
		"1234567é", "\r\n", "\x00", "\xff\xfe", "</script>", "\u2028",
		`","errorCode":"`, "𝕏", "\ud7ff\ufffd", strings.Repeat("a", 2000)} {
		f.Add(s, "x")
		f.Add("x", s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		r := audit.Record{Time: at2026, Source: a, Name: b, Region: a, SourceIP: b, UserAgent: a,
			RequestID: b, EventID: a, Account: b, ErrorCode: a, ErrorMessage: b,
			Identity: audit.Identity{Type: "x" + a, PrincipalID: b, ARN: a, AccountID: b, AccessKeyID: a,
				InvokedBy: b},
			SharedID: a, TLS: audit.TLS{Version: "x", CipherSuite: a, Host: b, KeyExchange: a},
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
			d.Resources[0].ARN, d.Resources[0].AccountID, d.Resources[0].Type, d.Resources[1].ARN,
			d.SharedEventID, d.TLSDetails.CipherSuite, d.TLSDetails.ClientProvidedHostHeader,
			d.TLSDetails.KeyExchange}
		want := []string{x, y, x, y, x, y, x, y, x, y, "x" + x, y, x, y, x, y, x, y, x, y, x, x, y, x}
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

func BenchmarkRecordAppend(b *testing.B) {
	r, room := whole(), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		r.Append(room)
	}
}

// TestRecordAppend_EachByteAtEachPlace_IsEscapedAsJSONNeedsIt: what is looked at by eights.
func TestRecordAppend_EachByteAtEachPlace_IsEscapedAsJSONNeedsIt(t *testing.T) {
	for c := range 256 {
		for at := range 17 {
			text := strings.Repeat("~", at) + string([]byte{byte(c)}) + strings.Repeat(" ", 16-at)
			r := audit.Record{Time: at2026, UserAgent: text}
			want, _ := jsontext.AppendQuote(nil, text)
			if !bytes.Contains(r.Append(nil), append([]byte(`"userAgent":`), want...)) {
				t.Fatalf("%d at %d: %s", c, at, r.Append(nil))
			}
		}
	}
}

// TestRecordAppend_AnyTime_IsItsTextInUTC, years before 1000 and midnight included.
func TestRecordAppend_AnyTime_IsItsTextInUTC(t *testing.T) {
	for _, when := range []time.Time{{}, at2026, time.Unix(0, 999999999),
		time.Date(2024, 2, 29, 23, 59, 59, 0, time.FixedZone("", -3600)),
		time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		r := audit.Record{Time: when}
		want := `"eventTime":"` + when.UTC().Format("2006-01-02T15:04:05Z") + `"`
		if got := string(r.Append(nil)); !strings.Contains(got, want) {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
