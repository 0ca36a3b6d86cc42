package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"claviger/api/rest"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// MakeInput makes a thing, which may be asked for again by its token.
type MakeInput struct {
	Name  string  `shape:"Name,required"`
	Token *string `shape:"Text,idempotencyToken"`
	op.ByShape
}

// MakeOutput says what was made.
type MakeOutput struct{ Token string }

// ListInput asks for a page of a listing.
type ListInput struct {
	Limit     *int32  `shape:"Count"`
	NextToken *string `shape:"Name"`
	op.ByShape
}

// ListOutput has the token of the page behind the one that was asked for.
type ListOutput struct {
	NextToken string `json:",omitzero"`
}

// PlantInput makes a thing whose name begins with a slash.
type PlantInput struct {
	Name string `shape:"Name,required"`
	op.ByShape
}

// TagInput names a thing and one tag of it.
type TagInput struct {
	Name  string `shape:"Name,required"`
	Label string `shape:"Name,required"`
	op.ByShape
}

// resources are operations that are asked for by resource, as a true service's are.
func resources() []op.Operation {
	routes := domain.Routes{Service: query}
	rooted := domain.Routes{Service: query, Rooted: true}
	things := routes.Of("/v1/things", "Name")
	return []op.Operation{
		op.Read(routes.Post("Make", "/v1/things", "").Makes("/v1/things/{Name}"), open[MakeInput],
			func(_ *op.Call, in MakeInput, _ op.Open) (MakeOutput, error) {
				return MakeOutput{domain.Or(in.Token, "none")}, nil
			}),
		op.Read(routes.Get("List", "/v1/things", ""), open[ListInput],
			func(_ *op.Call, in ListInput, _ op.Open) (ListOutput, error) {
				if in.NextToken != nil {
					return ListOutput{}, nil
				}
				return ListOutput{"a+b/c="}, nil
			}),
		op.Read(routes.Get("See", "/v1/things/{Name...}", ""), open[EchoInput], echo),
		op.Read(things.Get("SeeParts", "parts", ""), open[EchoInput], echo),
		op.Read(things.Patch("ChangeParts", "parts", ""), open[EchoInput], echo),
		op.Read(routes.Delete("Untag", "/v1/things/{Name...}/tags/{Label}", ""), open[TagInput],
			func(_ *op.Call, in TagInput, _ op.Open) (TagInput, error) { return in, nil }),
		op.Read(routes.Post("Count", "/v1/things/count", ""), open[ListInput],
			func(*op.Call, ListInput, op.Open) (op.None, error) { return op.None{}, nil }),
		op.Read(routes.Post("Plant", "/v1/rooted", "").Makes("/v1/rooted/{Name}"), open[PlantInput],
			func(*op.Call, PlantInput, op.Open) (MakeOutput, error) { return MakeOutput{}, nil }),
		op.Read(rooted.Get("SeeRooted", "/v1/rooted/{Name...}", ""), open[EchoInput],
			echo),
		op.Read(rooted.Of("/v1/rooted", "Name").Get("SeeRootedParts", "parts", "").
			At("POST", "/v1/rooted/parts"), open[EchoInput], echo),
		op.Read(rooted.Delete("UntagRooted", "/v1/rooted/{Name...}/tags/{Label}", ""),
			open[TagInput],
			func(_ *op.Call, in TagInput, _ op.Open) (TagInput, error) { return in, nil }),
	}
}

func TestResource_PathThatFitsTwoPatterns_IsTheMoreExactOne(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ method, path, operation, name string }{
		{"GET", "/v1/things/a", "See", "a"},
		{"GET", "/v1/things/a/b/c", "See", "a/b/c"},
		{"GET", "/v1/things/parts/a/b", "SeeParts", "a/b"},
		{"GET", "/v1/things/a/b/parts", "SeeParts", "a/b"},
		{"GET", "/v1/things/parts/parts", "SeeParts", "parts"},
		{"GET", "/v1/things/parts", "See", "parts"},
		{"GET", "/v1/things/parts%2Fa", "See", "parts/a"},
		{"GET", "/v1/things/a%2Fparts", "See", "a/parts"},
		{"GET", "/v1/things/a%2fb/parts", "SeeParts", "a/b"},
		{"PATCH", "/v1/things/parts/a", "ChangeParts", "a"},
		{"DELETE", "/v1/things/a/b/tags/c", "Untag", "a/b"},
		{"DELETE", "/v1/things/tags/tags/tags", "Untag", "tags"},
	} {
		a := s.send(t, c.method, c.path, "")
		if name, _ := s.last(); a.status != 200 || name != c.operation || a.doc["Name"] != c.name {
			t.Errorf("%s %s: %s answered %d %s, want %s of %q", c.method, c.path, name, a.status,
				a.body, c.operation, c.name)
		}
	}
}

// A method that the resource does not take is never taken to another one that fits the path too.
func TestResource_OtherMethod_ReachesNoOtherResource(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ method, path, allow string }{
		{"DELETE", "/v1/things/parts/a", "GET, HEAD, PATCH, OPTIONS"},
		{"GET", "/v1/things/count", "POST, OPTIONS"},
		{"GET", "/v1/things/a/tags/b", "DELETE, OPTIONS"},
		{"PUT", "/v1/things/a", "GET, HEAD, OPTIONS"},
		{"BREW", "/v1/things/a", "GET, HEAD, OPTIONS"},
	} {
		a := s.send(t, c.method, c.path, "")
		if a.status != 405 || a.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: answered %d, Allow %q, want %q", c.method, c.path, a.status,
				a.header.Get("Allow"), c.allow)
		}
		if name, _ := s.last(); name != "" {
			t.Errorf("%s %s: %s was run", c.method, c.path, name)
		}
		if strings.Contains(a.body, "...}") {
			t.Errorf("%s %s: the router's own notation shows: %s", c.method, c.path, a.body)
		}
		if a = s.send(t, "OPTIONS", c.path, "", "Authorization", "no"); a.status != 204 ||
			a.header.Get("Allow") != c.allow || a.body != "" {
			t.Errorf("OPTIONS %s: answered %d %v", c.path, a.status, a.header)
		}
	}
}

// How to send a name is said only where a path holds one that may have slashes.
func TestResource_OtherMethod_SaysHowToSendANameWhereThereIsOne(t *testing.T) {
	s := start(t)
	for path, named := range map[string]bool{"/v1/things/a": true, "/v1/things/count": false,
		"/docs": false, "/readyz": false} {
		a := s.send(t, "PUT", path, "")
		if a.status != 405 || strings.Contains(a.body, "%2F") != named {
			t.Errorf("PUT %s: answered %d %s", path, a.status, a.body)
		}
	}
}

func TestResource_Head_IsGETWithoutItsBody(t *testing.T) {
	s := start(t)
	srv := newServer(t, s)
	for _, path := range []string{"/livez", "/readyz", "/v1/things/a", "/v1/things?Limit=5",
		"/v1/things/a?Nobody=1", "/docs", "/openapi.json", "/v1/nothing"} {
		var seen [2]http.Header
		var status [2]int
		for i, method := range []string{"GET", "HEAD"} {
			a := request(t, method, srv.URL+path)
			seen[i], status[i] = a.Header, a.StatusCode
			if method == "HEAD" && a.ContentLength == 0 && a.Header.Get("Content-Length") == "" {
				t.Errorf("HEAD %s: no Content-Length", path)
			}
		}
		for _, name := range []string{"Content-Type", "Link", "Cache-Control", "ETag"} {
			if seen[0].Get(name) != seen[1].Get(name) {
				t.Errorf("%s: %s is %q for GET and %q for HEAD", path, name, seen[0].Get(name),
					seen[1].Get(name))
			}
		}
		if status[0] != status[1] {
			t.Errorf("%s: GET is %d and HEAD %d", path, status[0], status[1])
		}
	}
}

func TestOptions_WhatIsNoResource_SaysWhatItTakes(t *testing.T) {
	s := start(t)
	for path, want := range map[string]string{"/livez": "GET, HEAD, OPTIONS",
		"/readyz": "GET, HEAD, OPTIONS", "/docs": "GET, HEAD, OPTIONS",
		"/openapi.json": "GET, HEAD, OPTIONS", "/": "GET, HEAD, POST, OPTIONS"} {
		if a := s.send(t, "OPTIONS", path, "", "Authorization", "no"); a.status != 204 ||
			a.header.Get("Allow") != want {
			t.Errorf("OPTIONS %s: answered %d, Allow %q, want %q", path, a.status,
				a.header.Get("Allow"), want)
		}
	}
}

func TestResource_Made_IsFoundAtItsLocation(t *testing.T) {
	s := start(t)
	for name, want := range map[string]string{
		"a": "/v1/things/a", "a/b": "/v1/things/a/b", "a b": "/v1/things/a%20b",
		"parts/a": "/v1/things/parts%2Fa", "a/parts": "/v1/things/a%2Fparts", "count": "",
		"..": "", "a%2Fb": "",
	} {
		a := s.send(t, "POST", "/v1/things", `{"Name":"`+name+`"}`)
		if a.status != 201 || a.header.Get("Location") != want {
			t.Errorf("%s: answered %d, Location %q, want %q", name, a.status,
				a.header.Get("Location"), want)
		}
		if want == "" {
			continue
		}
		if there := s.send(t, "GET", a.header.Get("Location"), ""); there.doc["Name"] != name {
			t.Errorf("%s: at its location there is %s", name, there.body)
		}
	}
}

func TestResource_NextPage_IsLinked(t *testing.T) {
	s := start(t)
	a := s.send(t, "GET", "/v1/things?Limit=5&X-Amz-Signature=s", "")
	link, found := strings.CutSuffix(a.header.Get("Link"), `>; rel="next"`)
	if !found || strings.Contains(link, "X-Amz") || !strings.Contains(link, "Limit=5") {
		t.Fatalf("Link is %q", a.header.Get("Link"))
	}
	if a = s.send(t, "GET", strings.TrimPrefix(link, "<"), ""); a.status != 200 ||
		a.header.Get("Link") != "" {
		t.Errorf("the last page answered %d %s, Link %q", a.status, a.body, a.header.Get("Link"))
	}
}

func TestIdempotencyKey_EachForm_NamesTheRequest(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ path, key, body, want string }{
		{"/v1/things", `"a key"`, `{"Name":"a"}`, "a key"},
		{"/v1/things", `a-key`, `{"Name":"a"}`, "a-key"},
		{"/v1/things", ``, `{"Name":"a","Token":"t"}`, "t"},
		{"/v1/things", `t`, `{"Name":"a","Token":"t"}`, "t"},
		{"/v1/things", `t`, `{"Name":"a","Token":null}`, "t"},
		{"/v1/things", `u`, `{"Name":"a","Token":"t"}`, ""},
	} {
		a := s.send(t, "POST", c.path, c.body, "Idempotency-Key", c.key)
		if token, _ := a.doc["Token"].(string); token != c.want || (a.status == 201) == (c.want == "") {
			t.Errorf("%q with %s: answered %d %s, want %q", c.key, c.body, a.status, a.body, c.want)
		}
	}
	made := map[any]bool{}
	for range 3 {
		a := s.send(t, "POST", "/v1/things", `{"Name":"a"}`)
		if token, _ := a.doc["Token"].(string); len(token) != 36 {
			t.Errorf("without a token it was made by %q", token)
		}
		made[a.doc["Token"]] = true
	}
	if len(made) != 3 {
		t.Errorf("three requests were named %v", made)
	}
}

// AWS JSON has no default: there the SDK makes it, and what none has sent is not made up.
func TestIdempotencyKey_AWSJSON_IsNotMadeUp(t *testing.T) {
	for _, o := range resources() {
		if n := o.Info(); n.Token != "" && n.Name != "Make" {
			t.Errorf("%s has the token %s", n.Name, n.Token)
		}
	}
	s := start(t)
	if a := s.form(t, "Action=Make&Version=1999-01-01&Name=a", "Accept", "application/json"); a.status != 200 ||
		!strings.Contains(a.body, "none") {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

func TestREST_MediaTypes_AreNegotiated(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		header, value, body string
		status              int
	}{
		{"Content-Type", "application/json", `{}`, 200},
		{"Content-Type", "application/json; charset=utf-8", `{}`, 200},
		{"Content-Type", "application/merge-patch+json", `{}`, 200},
		{"Content-Type", "application/x-amz-json-1.1", `{}`, 200},
		{"Content-Type", "application/x-www-form-urlencoded", ``, 200},
		{"Content-Type", "application/x-www-form-urlencoded", `{}`, 415},
		{"Content-Type", "text/xml", `{}`, 415},
		{"Content-Type", "nonsense;", `{}`, 415},
		{"Accept", "*/*", ``, 200},
		{"Accept", "text/html, application/*;q=0.5", ``, 200},
		{"Accept", "text/html,application/xml;q=0.9,*/*;q=0.8", ``, 200},
		{"Accept", "text/html", ``, 406},
		{"Accept", "application/json;q=0", ``, 406},
		{"Accept", "application/json;q=0, */*", ``, 406},
	} {
		a := s.send(t, "POST", "/v1/lower/echo/a", c.body, c.header, c.value)
		if a.status != c.status {
			t.Errorf("%s: %s with %q: answered %d %s, want %d", c.header, c.value, c.body, a.status,
				a.body, c.status)
		}
		if c.status != 200 && a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s: %v", c.header, c.value, a.header)
		}
	}
}

func TestREST_NoSignature_IsToldHowToSign(t *testing.T) {
	s := start(t)
	a := s.send(t, "GET", "/v1/things/a", "", "Authorization", "no")
	if a.status != 401 || a.header.Get("WWW-Authenticate") != `AWS4-HMAC-SHA256 realm="query"` {
		t.Errorf("answered %d, WWW-Authenticate %q", a.status, a.header.Get("WWW-Authenticate"))
	}
}

func TestUnknownOperation_EachProtocol_SaysWhatThereIs(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		a     answer
		words []string
	}{
		{s.call(t, "Lower.Ecko", `{}`), []string{`"Ecko"`, "Lower Case", "Echo", "/docs"}},
		{s.call(t, "Lower.echo", `{}`), []string{`"echo"`, "Echo"}},
		{s.call(t, "Lower."+strings.Repeat("x", 4000), `{}`), []string{"Lower Case", "/docs"}},
		{s.call(t, "Middle.Echo", `{}`), []string{`"Middle"`, "Lower (Lower Case)", "Upper"}},
		{s.call(t, "", `{}`), []string{"X-Amz-Target", "Action", "/v1"}},
		{s.call(t, "Lower.Echo", `{}`, "Content-Type", "text/plain"),
			[]string{`"text/plain"`, "application/x-amz-json-1.1"}},
		{s.send(t, "GET", "/v1/nothing", ""), []string{"/v1/nothing", "/v1/lower", "/docs"}},
		{s.send(t, "GET", "/v1/things/count", ""), []string{"/v1/things/count", "GET", "POST"}},
	} {
		if !strings.Contains(c.a.body, "UnknownOperationException") || len(c.a.body) > 1200 {
			t.Errorf("answered %s", c.a.body)
		}
		text, _ := c.a.doc["message"].(string)
		if text == "" {
			text, _ = c.a.doc["detail"].(string)
		}
		for _, w := range c.words {
			if !strings.Contains(text, w) {
				t.Errorf("told %q, which does not name %s", text, w)
			}
		}
	}
}

func TestRoutes_ThatNoPathCouldTellApart_Panic(t *testing.T) {
	routes := domain.Routes{Service: lower}
	look := func(n op.Info) op.Operation { return op.Read(n, open[EchoInput], echo) }
	for name, ops := range map[string][]op.Operation{
		"one route twice": {look(routes.Get("A", "/v1/a", "")), look(routes.Get("B", "/v1/a", ""))},
		"another name": {look(routes.Get("A", "/v1/a/{Name}", "")),
			look(routes.Put("B", "/v1/a/{Text}", ""))},
		"no member":          {look(routes.Get("A", "/v1/a/{Nobody}", ""))},
		"two greedy members": {look(routes.Get("A", "/v1/a/{Name...}/{Text...}", ""))},
		"no word":            {look(routes.Get("A", "/v1/A", ""))},
		"outside":            {look(routes.Get("A", "/a", ""))},
		"made nowhere":       {look(routes.Post("A", "/v1/a", "").Makes("/v1/a/{Name}"))},
		"made of nothing": {look(routes.Post("A", "/v1/a", "").Makes("/v1/a/{Nobody}")),
			look(routes.Get("B", "/v1/a/{Name}", ""))},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: was mounted", name)
				}
			}()
			rest.New(slices.Clone(ops))
		}()
	}
}
