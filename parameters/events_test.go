package parameters_test

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"claviger/internal/outbox"
)

// told returns the newest event as it waits, and how many there are.
func (s *service) told() (event string, n int) {
	s.T.Helper()
	entries, err := outbox.After(s.DB, 0, 1_000_000)
	if err != nil {
		s.T.Fatal(err)
	}
	if len(entries) > 0 {
		event = string(entries[len(entries)-1].Event)
	}
	return event, len(entries)
}

// The members of each detail are those of AWS's samples and schemas, in their order.
func TestEvents_EachChange_HasThatOfAWS(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		operation string
		in        M
		want      []string // the details; none: nothing is told
	}{
		{"PutParameter", M{"Name": "foo", "Value": "v", "Type": "String",
			"Description": `Sample "Parameter"`},
			[]string{`{"operation":"Create","name":"foo","type":"String",` +
				`"description":"Sample \"Parameter\""}`}},
		{"PutParameter", M{"Name": "/foo", "Value": "w", "Type": "StringList", "Overwrite": true,
			"Description": ""}, []string{`{"operation":"Update","name":"foo","type":"StringList"}`}},
		{"LabelParameterVersion", M{"Name": "foo", "ParameterVersion": 1,
			"Labels": []string{"new", "1bad", "live"}}, []string{
			`{"operation":"LabelParameterVersion","name":"foo","type":"StringList","label":"live",` +
				`"toVersion":"1"}`,
			`{"operation":"LabelParameterVersion","name":"foo","type":"StringList","label":"new",` +
				`"toVersion":"1"}`}},
		{"LabelParameterVersion", M{"Name": "foo", "Labels": []string{"live"}}, []string{
			`{"operation":"LabelParameterVersion","name":"foo","type":"StringList","label":"live",` +
				`"fromVersion":"1","toVersion":"2"}`}},
		{"LabelParameterVersion", M{"Name": "foo", "Labels": []string{"live"}}, nil},
		{"UnlabelParameterVersion", M{"Name": "foo", "ParameterVersion": 2,
			"Labels": []string{"live"}}, nil},
		{"AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": "foo",
			"Tags": []M{{"Key": "a", "Value": "b"}}}, nil},
		{"RemoveTagsFromResource", M{"ResourceType": "Parameter", "ResourceId": "foo",
			"TagKeys": []string{"a"}}, nil},
		{"GetParameter", M{"Name": "foo"}, nil},
		{"DeleteParameter", M{"Name": "foo"},
			[]string{`{"operation":"Delete","name":"foo","type":"StringList"}`}},
	} {
		_, before := s.told()
		s.Do(c.operation, c.in)
		var got []string
		for _, e := range s.events(int64(before)) {
			got = append(got, string(e.Detail))
			e.Detail = nil
			if want := (event{DetailType: "Parameter Store Change", Source: "aws.ssm",
				Account: account, Region: region, Time: "2026-03-01T09:30:00Z",
				Resources: []string{prefix + "/foo"}}); !reflect.DeepEqual(e, want) {
				t.Errorf("%s: %+v", c.operation, e)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %v told %v, want %v", c.operation, c.in, got, c.want)
		}
	}
}

func TestEvents_PolicyAction_HasThatOfAWS(t *testing.T) {
	s := start(t)
	policy := ` { "Type" : "NoChangeNotification", "Version":"1.0",
		"Attributes":{"After":"2","Unit":"Hours"}}`
	s.with("foo", policy)
	s.pass(2 * hour)
	text, n := s.told()
	if n != 2 {
		t.Fatalf("%d events", n)
	}
	quoted, err := json.Marshal(strings.TrimSpace(policy))
	if err != nil {
		t.Fatal(err)
	}
	want := `"detail-type":"Parameter Store Policy Action","source":"aws.ssm","account":"` +
		account + `","time":"2026-03-01T11:30:00Z","region":"` + region +
		`","resources":["` + prefix + `/foo"],"detail":{"policy-type":"NoChangeNotification",` +
		`"parameter-name":"foo","parameter-type":"String","policy-content":` + string(quoted) +
		`,"action-status":"Success","action-reason":"The parameter has not been changed for 2 ` +
		`hours. This notification was generated based on the policy created at ` +
		`2026-03-01T09:30:00Z."}}`
	if !strings.HasSuffix(text, want) {
		t.Errorf("it is %s\nand should end in %s", text, want)
	}
}

func TestEvents_DeletedTogether_EachIsToldOf(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	s.put("/b", "1")
	at := s.hears(0, "Create /a", "Create /b")
	s.Do("DeleteParameters", M{"Names": []string{"/b", "/none", "/a", "/b"}})
	s.hears(at, "Delete /a", "Delete /b")
}

func TestEvents_RefusedChange_TellsNothing(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	at := s.hears(0, "Create /a")
	s.Refused("PutParameter", M{"Name": "/a", "Value": "2"}, "ParameterAlreadyExists", "")
	s.Refused("DeleteParameter", M{"Name": "/b"}, "ParameterNotFound", "")
	s.Refused("PutParameter", M{"Name": "/b", "Value": "v", "Type": "String", "DataType": "none"},
		"ValidationException", "")
	// AWS looks for the image later, and tells of it. Here the value's form is all that is looked at.
	s.Refused("PutParameter", M{"Name": "/b", "Value": "v", "Type": "String",
		"DataType": "aws:ec2:image"}, "ValidationException", "")
	s.Refused("PutParameter", M{"Name": "/b", "Value": "v", "Type": "String", "Tier": "Advanced",
		"Policies": "[" + stale(0, "Days") + "]"}, "InvalidPolicyAttributeException", "")
	s.hears(at)
}

// Whoever reads events needn't be allowed to read parameters.
func TestEvents_OfAnyType_HaveNoValue(t *testing.T) {
	s := start(t)
	const value = "hunter2hunter2"
	for _, kind := range []string{"String", "StringList", "SecureString"} {
		name := "/app/" + kind
		s.Do("PutParameter", M{"Name": name, "Value": value, "Type": kind, "Tier": "Advanced",
			"Policies": "[" + stale(1, "Hours") + "]"})
		s.Do("PutParameter", M{"Name": name, "Value": value, "Overwrite": true})
		s.Do("LabelParameterVersion", M{"Name": name, "Labels": []string{"live"}})
		s.pass(hour)
		s.Do("DeleteParameter", M{"Name": name})
	}
	entries, err := outbox.After(s.DB, 0, 100)
	if err != nil || len(entries) != 15 {
		t.Fatalf("%d events, %v", len(entries), err)
	}
	for _, e := range entries {
		for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value))} {
			if strings.Contains(string(e.Event), form) {
				t.Errorf("the value is in %s", e.Event)
			}
		}
	}
}
