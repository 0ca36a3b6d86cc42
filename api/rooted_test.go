package api_test

import (
	"strings"
	"testing"

	"claviger/api"
	"claviger/api/rest"
	"claviger/internal/domain"
	"claviger/internal/op"
)

func TestRooted_NameInPath_GetsItsFirstSlash(t *testing.T) {
	s := start(t)
	const arn = "arn:aws:query:us-east-1:111122223333:thing/a"
	for _, c := range []struct{ method, path, operation, name string }{
		{"GET", "/v1/rooted/a", "SeeRooted", "/a"},
		{"GET", "/v1/rooted/a/b/c", "SeeRooted", "/a/b/c"},
		{"GET", "/v1/rooted/a%2Fb", "SeeRooted", "/a/b"},
		{"GET", "/v1/rooted/a:3", "SeeRooted", "/a:3"},
		{"GET", "/v1/rooted/arn", "SeeRooted", "/arn"},
		{"GET", "/v1/rooted/arn:1", "SeeRooted", "/arn:1"},
		{"GET", "/v1/rooted/" + arn, "SeeRooted", arn},
		{"GET", "/v1/rooted/" + strings.ReplaceAll(arn, ":", "%3A"), "SeeRooted", arn},
		{"GET", "/v1/rooted/parts/a/b", "SeeRootedParts", "/a/b"},
		{"GET", "/v1/rooted/a/b/parts", "SeeRootedParts", "/a/b"},
		{"GET", "/v1/rooted/parts%2Fa", "SeeRooted", "/parts/a"},
		{"DELETE", "/v1/rooted/a/b/tags/c", "UntagRooted", "/a/b"},
	} {
		a := s.send(t, c.method, c.path, "")
		if name, _ := s.last(); a.status != 200 || name != c.operation || a.doc["Name"] != c.name {
			t.Errorf("%s %s: %s answered %d %s, want %s of %q", c.method, c.path, name, a.status,
				a.body, c.operation, c.name)
		}
		if label := a.doc["Label"]; c.operation == "UntagRooted" && label != "c" {
			t.Errorf("%s: the other member of the path is %q", c.path, label)
		}
	}
}

// In body and query a name is what it is.
func TestRooted_NameElsewhere_IsLeftAlone(t *testing.T) {
	s := start(t)
	for _, name := range []string{"a", "/a", "a/b", "//a"} {
		for _, sent := range []struct{ query, body string }{
			{"", `{"Name":"` + name + `"}`}, {"?Name=" + name, ""},
		} {
			a := s.send(t, "POST", "/v1/rooted/parts"+sent.query, sent.body)
			if a.status != 200 || a.doc["Name"] != name {
				t.Errorf("%+v: answered %d %s", sent, a.status, a.body)
			}
		}
	}
}

func TestRooted_AmbiguousName_IsRefusedAndToldHow(t *testing.T) {
	s := start(t)
	for _, path := range []string{"", "/", "/a", "%2Fa", "a/", "a//b", "..", "a%252Fb"} {
		a := s.send(t, "GET", "/v1/rooted/"+path, "")
		if a.status != 400 || a.doc["code"] != "ValidationError" ||
			!strings.Contains(a.body, "without its first slash") {
			t.Errorf("%q: answered %d %s", path, a.status, a.body)
		}
	}
}

func TestRooted_Made_IsFoundAtItsLocation(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ name, location, there string }{
		{"x", "/v1/rooted/x", "/x"},
		{"/x", "/v1/rooted/x", "/x"},
		{"/a/b", "/v1/rooted/a/b", "/a/b"},
		{"a/b", "/v1/rooted/a/b", "/a/b"},
		{"/a b", "/v1/rooted/a%20b", "/a b"},
		{"/parts/a", "/v1/rooted/parts%2Fa", "/parts/a"},
		{"/a/parts", "/v1/rooted/a%2Fparts", "/a/parts"},
		{"/a/tags/b", "/v1/rooted/a%2Ftags%2Fb", "/a/tags/b"},
		{"arn:a:b:c:d:e/f", "/v1/rooted/arn:a:b:c:d:e/f", "arn:a:b:c:d:e/f"},
		{"/arn:a:b:c:d:e/f", "", ""},
		{"/parts", "", ""}, {"/", "", ""}, {"//a", "", ""}, {"/a/../b", "", ""},
	} {
		a := s.send(t, "POST", "/v1/rooted", `{"Name":"`+c.name+`"}`)
		at := a.header.Get("Location")
		if a.status != 201 || at != c.location {
			t.Errorf("%s: answered %d, Location %q, want %q", c.name, a.status, at, c.location)
		}
		if at == "" {
			continue
		}
		if got := s.send(t, "GET", at, ""); got.doc["Name"] != c.there {
			t.Errorf("%s: at its location there is %s", c.name, got.body)
		}
	}
}

func TestRooted_Documents_SayIt(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		words int // how often it is said
	}{
		"OpenAPI":   {string(api.OpenAPI(resources(), "1")), 4},
		"reference": {string(api.Reference(resources())), 3},
	} {
		said := strings.Count(c.text, "Its first slash is left out") +
			strings.Count(c.text, "in the path without its first slash")
		if said != c.words {
			t.Errorf("%s says it %d times, want %d", name, said, c.words)
		}
	}
}

func TestRooted_RoutesThatDontAgree_Panic(t *testing.T) {
	routes := domain.Routes{Service: lower}
	rooted := domain.Routes{Service: lower, Rooted: true}
	look := func(n op.Info) op.Operation { return op.Read(n, open[EchoInput], echo) }
	for name, ops := range map[string][]op.Operation{
		"one rooted alone": {look(rooted.Get("A", "/v1/a/{Name...}", "")),
			look(routes.Put("B", "/v1/a/{Name...}", ""))},
		"one plain alone": {look(routes.Get("A", "/v1/a/{Name...}", "")),
			look(rooted.Put("B", "/v1/a/{Name...}", ""))},
		"no greedy member": {look(rooted.Get("A", "/v1/a/{Name}", ""))},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: was mounted", name)
				}
			}()
			rest.New(ops)
		}()
	}
}
