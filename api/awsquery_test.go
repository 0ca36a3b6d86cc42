package api_test

import (
	"strings"
	"testing"
)

const asked = "Action=Echo&Version=1999-01-01&"

func TestAWSQuery_Request_IsTheSameAsInJSON(t *testing.T) {
	s := start(t)
	a := s.form(t, asked+"Name=a&Text=&Count=7&Flag=true&Blob=eA%3D%3D&List.member.1=b&Pairs.member.1.Key=k&Map.entry.1.key=m&Map.entry.1.value=n")
	const want = `<EchoResponse xmlns="urn:query">
  <EchoResult>
    <Name>a</Name>
    <Text></Text>
    <Count>7</Count>
    <Flag>true</Flag>
    <Blob>eA==</Blob>
    <List>
      <member>b</member>
    </List>
    <Pairs>
      <member>
        <Key>k</Key>
      </member>
    </Pairs>
    <Map>
      <entry>
        <key>m</key>
        <value>n</value>
      </entry>
    </Map>
  </EchoResult>
`
	if a.status != 200 || !strings.HasPrefix(a.body, want) ||
		!strings.Contains(a.header.Get("Cache-Control"), "no-store") {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	if name, code := s.last(); name != "Echo" || code != "" {
		t.Errorf("recorded %q %q", name, code)
	}
	if b := s.send(t, "GET", "/?"+asked+"Name=a", ""); b.status != 200 ||
		!strings.Contains(b.body, "<Name>a</Name>") {
		t.Errorf("a GET was answered %d %s", b.status, b.body)
	}
	if b := s.form(t, "Action=Fail&Version=1999-01-01&Name=nothing"); b.status != 200 ||
		strings.Contains(b.body, "FailResult") {
		t.Errorf("an operation without an answer answered %d %s", b.status, b.body)
	}
}

// Every request here is refused before the operation begins. recorded is the name of its event.
func TestAWSQuery_BadRequest_IsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		form     string
		headers  []string
		status   int
		code     string
		recorded string
	}{
		"no action": {form: "Version=1999-01-01", status: 400, code: "MissingAction",
			recorded: "UnknownOperation"},
		"an unknown action": {form: "Action=Shout&Version=1999-01-01", status: 400,
			code: "InvalidAction", recorded: "Shout"},
		"an unrouted one": {form: "Action=Unrouted&Version=1999-01-01", status: 400,
			code: "InvalidAction", recorded: "Unrouted"},
		"no version": {form: "Action=Echo&Name=a", status: 400, code: "InvalidAction",
			recorded: "Echo"},
		"a wrong type": {form: asked + "Name=a&Count=x", status: 400,
			code: "MalformedInput", recorded: "Echo"},
		"a gap": {form: asked + "Name=a&List.member.2=a", status: 400,
			code: "MalformedInput", recorded: "Echo"},
		"a missing member": {form: asked, status: 400, code: "ValidationError",
			recorded: "Echo"},
		"an empty member": {form: asked + "Name=", status: 400, code: "ValidationError",
			recorded: "Echo"},
		"a list of too much": {form: asked +
			"Name=a&List.member.1=a&List.member.2=a&List.member.3=a&List.member.4=a", status: 400,
			code: "ValidationError", recorded: "Echo"},
		"bad base64": {form: asked + "Name=a&Blob=x", status: 400, code: "MalformedInput",
			recorded: "Echo"},
		"one key twice": {form: asked +
			"Name=a&Map.entry.1.key=k&Map.entry.1.value=a&Map.entry.2.key=k&Map.entry.2.value=b",
			status: 400, code: "MalformedInput", recorded: "Echo"},
		"a bad escape": {form: asked + "Name=%z", status: 404, code: "MalformedQueryString",
			recorded: "UnknownOperation"},
		"too many parameters": {form: strings.Repeat("a&", 10000), status: 400,
			code: "MalformedInput", recorded: "UnknownOperation"},
		"a large body": {form: asked + "Name=" + strings.Repeat("a", 1<<20), status: 413,
			code: "RequestEntityTooLarge", recorded: "Authenticate"},
		"nobody": {form: asked + "Name=a", headers: []string{"Authorization", "no"},
			status: 403, code: "MissingAuthenticationToken", recorded: "Authenticate"},
		"nobody and no action": {form: "", headers: []string{"Authorization", "no"}, status: 403,
			code: "MissingAuthenticationToken", recorded: "Authenticate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			a := s.form(t, c.form, c.headers...)
			if a.status != c.status ||
				!strings.Contains(a.body, "\n    <Code>"+c.code+"</Code>\n") ||
				a.header.Get("Content-Type") != "text/xml" {
				t.Errorf("answered %d %s, want %d %s", a.status, a.body, c.status, c.code)
			}
			if name, code := s.last(); name != c.recorded || code != c.code {
				t.Errorf("recorded %q %q, want %q %q", name, code, c.recorded, c.code)
			}
		})
	}
}

func TestAWSQuery_Name_IsThatOfRESTToo(t *testing.T) {
	s := start(t)
	if a := s.send(t, "POST", "/v1/query/echo/a?Count=10", ""); a.status != 400 ||
		a.doc["code"] != "ValidationError" {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}
