package api_test

import (
	"strings"
	"testing"

	"claviger/internal/fault"
)

func TestAWSJSON_Answer_IsAWSs(t *testing.T) {
	s := start(t)
	a := s.call(t, "Lower.Echo", `{"Name":"a","Unknown":1}`, "Content-Type",
		"application/x-amz-json-1.1; charset=utf-8")
	if a.status != 200 || a.body != `{"Name":"a"}` ||
		a.header.Get("Content-Type") != "application/x-amz-json-1.1" {
		t.Errorf("answered %d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	if a.header.Get("X-Amzn-Requestid") == "" || a.header.Get("Content-Length") != "12" {
		t.Errorf("headers %v", a.header)
	}
	if got := a.header.Get("Cache-Control"); got != "no-cache, no-store, must-revalidate, private" {
		t.Errorf("Cache-Control: %q", got)
	}
	if name, code := s.last(); name != "Echo" || code != "" {
		t.Errorf("recorded %q %q", name, code)
	}
	a = s.call(t, "Upper.Fail", `{"Name":"nothing"}`)
	if a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "0" {
		t.Errorf("an operation without an answer answered %d %q", a.status, a.body)
	}
}

// Every request here is refused before the operation begins. recorded is the name of the event that
// it leaves.
func TestAWSJSON_BadRequest_IsRefused(t *testing.T) {
	deep := `{"Name":"a","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`
	large := `{"Name":"` + strings.Repeat("a", 1<<20) + `"}`
	for name, c := range map[string]struct {
		target, body string
		headers      []string
		status       int
		code         string
		recorded     string
	}{
		"no target": {target: "", body: `{}`, status: 400,
			code: "UnknownOperationException"},
		"an unknown service": {target: "Middle.Echo", body: `{}`, status: 400,
			code: "UnknownOperationException"},
		"an unknown operation": {target: "Lower.Shout", body: `{}`, status: 400,
			code: "UnknownOperationException", recorded: "Shout"},
		"another case": {target: "Lower.echo", body: `{}`, status: 400,
			code: "UnknownOperationException", recorded: "echo"},
		"an unrouted one": {target: "Lower.Unrouted", body: `{"Name":"a"}`,
			status: 400, code: "UnknownOperationException", recorded: "Unrouted"},
		"a long name": {target: "Lower." + strings.Repeat("x", 4096), body: `{}`,
			status: 400, code: "UnknownOperationException", recorded: strings.Repeat("x", 128)},
		"another content type": {target: "Lower.Echo", body: `{"Name":"a"}`,
			headers: []string{"Content-Type", "application/json"}, status: 400,
			code: "UnknownOperationException", recorded: "UnknownOperation"},
		"no content type": {target: "Lower.Echo", body: `{"Name":"a"}`,
			headers: []string{"Content-Type", ""}, status: 400, code: "UnknownOperationException",
			recorded: "UnknownOperation"},
		"an empty body": {target: "Lower.Echo", body: ``, status: 400,
			code: "SerializationException", recorded: "Echo"},
		"malformed JSON": {target: "Lower.Echo", body: `{"Name":`, status: 400,
			code: "SerializationException", recorded: "Echo"},
		"a list": {target: "Lower.Echo", body: `[]`, status: 400,
			code: "SerializationException", recorded: "Echo"},
		"trailing data": {target: "Lower.Echo", body: `{"Name":"a"}{}`, status: 400,
			code: "SerializationException", recorded: "Echo"},
		"duplicate members": {target: "Lower.Echo", body: `{"Name":"a","Name":"b"}`,
			status: 400, code: "SerializationException", recorded: "Echo"},
		"deep nesting": {target: "Lower.Echo", body: deep, status: 400,
			code: "SerializationException", recorded: "Echo"},
		"invalid UTF-8": {target: "Lower.Echo", body: "{\"Name\":\"\xff\"}",
			status: 400, code: "SerializationException", recorded: "Echo"},
		"a wrong type": {target: "Lower.Echo", body: `{"Name":7}`, status: 400,
			code: "SerializationException", recorded: "Echo"},
		"a broken constraint": {target: "Lower.Echo", body: `{"Name":""}`, status: 400,
			code: "ValidationException", recorded: "Echo"},
		"a large body": {target: "Lower.Echo", body: large, status: 413,
			code: "RequestEntityTooLargeException", recorded: "Authenticate"},
		"no signature": {target: "Lower.Echo", body: `{"Name":"a"}`,
			headers: []string{"Authorization", "no"}, status: 400,
			code: "MissingAuthenticationTokenException", recorded: "Authenticate"},
		"no signature and no operation": {target: "Lower.Shout", body: `{}`,
			headers: []string{"Authorization", "no"}, status: 400,
			code: "MissingAuthenticationTokenException", recorded: "Authenticate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			a := s.call(t, c.target, c.body, c.headers...)
			if a.status != c.status || a.doc["__type"] != c.code {
				t.Errorf("answered %d %s, want %d %s", a.status, a.body, c.status, c.code)
			}
			if a.header.Get("Content-Type") != "application/x-amz-json-1.1" ||
				a.header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("headers %v", a.header)
			}
			if name, code := s.last(); name != c.recorded || name != "" && code != c.code {
				t.Errorf("recorded %q %q, want %q %q", name, code, c.recorded, c.code)
			}
		})
	}
}

func TestAWSJSON_Version_IsTheServices(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		target, version string
		status          int
	}{{"Older_1.Echo", "1.0", 200}, {"Older_1.Echo", "1.1", 400}, {"Lower.Echo", "1.0", 400}} {
		a := s.call(t, c.target, `{"Name":"a"}`, "Content-Type",
			"application/x-amz-json-"+c.version)
		own := map[bool]string{true: "1.0", false: "1.1"}[strings.HasPrefix(c.target, "Older")]
		if a.status != c.status || a.header.Get("Content-Type") != "application/x-amz-json-"+own {
			t.Errorf("%s in %s: answered %d %s %s", c.target, c.version, a.status,
				a.header.Get("Content-Type"), a.body)
		}
	}
}

func TestAWSJSON_Message_IsSpelledAsTheServiceDoes(t *testing.T) {
	s := start(t)
	for prefix, member := range map[string]string{"Lower": "message", "Upper": "Message"} {
		for _, name := range []string{"not-found", "", "internal"} {
			a := s.call(t, prefix+".Fail", `{"Name":"`+name+`"}`)
			if text, ok := a.doc[member].(string); !ok || text == "" || len(a.doc) != 2 {
				t.Errorf("%s and %q: %s has no %s", prefix, name, a.body, member)
			}
		}
		if a := s.call(t, prefix+".Fail",
			`{"Name":"silent"}`); a.body != `{"__type":"InvalidCiphertextException"}` {
			t.Errorf("%s: %s, want no message", prefix, a.body)
		}
	}
	for name, member := range map[string]string{"not-found": "Message", "internal": "message"} {
		a := s.call(t, "Older_1.Fail", `{"Name":"`+name+`"}`, "Content-Type",
			"application/x-amz-json-1.0")
		if text, ok := a.doc[member].(string); !ok || text == "" || len(a.doc) != 2 {
			t.Errorf("%s, which has a spelling of its own: %s has no %s", name, a.body, member)
		}
	}
}

func TestAWSJSON_Failure_Is400Or500(t *testing.T) {
	s := start(t)
	for name, kind := range kinds {
		want, code := 400, "TestException"
		switch kind {
		case fault.Internal:
			want, code = 500, "LowerInternalException"
		case fault.Unavailable:
			want, code = 500, "LowerUnavailableException"
		case fault.Uncertain:
			want = 500
		case fault.TooLarge:
			want = 413
		}
		if a := s.call(t, "Lower.Fail", `{"Name":"`+name+`"}`); a.status != want ||
			a.doc["__type"] != code {
			t.Errorf("%s: answered %d %s, want %d %s", name, a.status, a.body, want, code)
		}
	}
}

func TestFailure_Cause_StaysInside(t *testing.T) {
	s := start(t)
	for _, name := range []string{"panic", "plain", "silent", "internal", "unavailable",
		"not-found"} {
		a := s.call(t, "Lower.Fail", `{"Name":"`+name+`"}`)
		b := s.send(t, "POST", "/v1/lower/fail/"+name, "")
		if a.status == 200 || b.status < 400 || strings.Contains(a.body+b.body, canary) {
			t.Errorf("%s: answered %d %s and %d %s", name, a.status, a.body, b.status, b.body)
		}
		for _, r := range s.records {
			if text, _ := r["errorMessage"].(string); strings.Contains(text, canary) {
				t.Errorf("%s: recorded %q", name, text)
			}
		}
	}
	if !strings.Contains(s.log.String(), canary) {
		t.Error("the operator is not told either")
	}
}

func TestFailure_NoRecord_NoAnswer(t *testing.T) {
	s := start(t)
	s.down = fault.New(fault.Unavailable, "", "The trail can't be written.")
	for _, body := range []string{`{"Name":"a"}`, `{"Name":7}`, `{"Name":""}`} {
		if a := s.call(t, "Lower.Echo", body); a.status != 500 ||
			a.doc["__type"] != "LowerUnavailableException" {
			t.Errorf("%s: answered %d %s", body, a.status, a.body)
		}
	}
}
