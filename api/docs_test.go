package api

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"claviger/iam"
	"claviger/iam/entity"
	"claviger/internal/domain"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/internal/shape"
	"claviger/internal/wire"
	"claviger/keystore"
	"claviger/parameters"
	"claviger/secrets"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// registry is what a true server serves.
func registry() []op.Operation {
	in := &install.Installation{}
	return slices.Concat(keystore.New(keystore.Config{Installation: in}).Operations(),
		secrets.New(secrets.Config{Installation: in}).Operations(),
		parameters.New(parameters.Config{Installation: in}).Operations(),
		iam.New(entity.New(nil, nil), nil, nil, domain.UnknownKeys{}).Operations())
}

// An example that the service would refuse teaches the wrong thing.
func TestExamples_Each_IsValid(t *testing.T) {
	for _, d := range describe(registry(), map[string]*shape.Schema{}) {
		doc := d.Request("")
		in := reflect.New(d.Info.In)
		if err := wire.Decode(doc, in.Interface()); err != nil {
			t.Errorf("%s: %v: %s", d.ID, err, doc)
		}
		present := func(pointer string) bool { return wire.Present(doc, pointer) }
		if err := d.Service.Shapes.Compile(d.Info.In, d.Service.Words).Validate(in.Elem().Interface(),
			present); err != nil {
			t.Errorf("%s: %v: %s", d.ID, err, doc)
		}
		if err := in.Elem().Interface().(op.Input).Validate(); err != nil {
			t.Errorf("%s: %v: %s", d.ID, err, doc)
		}
		if strings.Contains(d.URL(), "{") || !strings.HasPrefix(d.URL(), "/v1/") {
			t.Errorf("%s: the example asks %s", d.ID, d.URL())
		}
		if d.Answer == nil {
			continue
		}
		if err := json.Unmarshal(d.Response(), reflect.New(d.Out).Interface()); err != nil {
			t.Errorf("%s: its answer is no %s: %v", d.ID, d.Out, err)
		}
	}
}

func TestExamples_Each_IsUsed(t *testing.T) {
	known, parts := map[string]bool{}, map[string]*shape.Schema{}
	all := describe(registry(), parts)
	for _, d := range all {
		for _, m := range d.Members {
			known[d.ID+"."+m.Name] = true
		}
		if d.Answer != nil {
			parts[d.ID] = d.Answer
		}
	}
	for _, s := range parts {
		for _, p := range s.Properties {
			known[s.Go.Name()+"."+p.Name] = true
		}
	}
	for id, members := range specimens.Optional {
		for _, m := range members {
			if !known[id+"."+m] {
				t.Errorf("docs/examples.json: there is no %s.%s", id, m)
			}
		}
	}
}

// idle makes a server whose operations can't be run.
func idle() http.Handler { return New(Config{Operations: registry(), Version: "1.2.3"}) }

var oneIdle = sync.OnceValue(idle)

// served asks one idle server, the same for all tests.
func served(t *testing.T, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return servedBy(t, oneIdle(), method, target, headers...)
}

func servedBy(t *testing.T, h http.Handler, method, target string,
	headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestDocs_FirstReaders_GetTheSame: the documents are made while several ask for them, and are what
// another start makes of them.
func TestDocs_FirstReaders_GetTheSame(t *testing.T) {
	fresh := idle()
	for _, path := range []string{"/openapi.json", "/docs"} {
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				w, other := servedBy(t, fresh, "GET", path), served(t, "GET", path)
				if w.Code != 200 || w.Body.String() != other.Body.String() ||
					w.Header().Get("ETag") != other.Header().Get("ETag") {
					t.Errorf("%s answered %d, %v, and by another server %v", path, w.Code, w.Header(),
						other.Header())
				}
			})
		}
		readers.Wait()
	}
}

func TestDocs_AskedAgain_AreKeptByClients(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		if w := served(t, method, "/"); w.Code != 303 || w.Header().Get("Location") != "/docs" {
			t.Errorf("%s / answered %d %s", method, w.Code, w.Header().Get("Location"))
		}
	}
	for path, mediaType := range map[string]string{"/openapi.json": "application/json",
		"/docs": "text/html; charset=utf-8"} {
		w := served(t, "GET", path)
		tag := w.Header().Get("ETag")
		if w.Code != 200 || w.Header().Get("Content-Type") != mediaType || tag == "" ||
			w.Body.Len() == 0 {
			t.Errorf("%s answered %d %v", path, w.Code, w.Header())
		}
		if again := served(t, "GET", path, "If-None-Match", tag); again.Code != 304 ||
			again.Body.Len() != 0 {
			t.Errorf("%s asked again with its tag answered %d", path, again.Code)
		}
		if head := served(t, "HEAD", path); head.Code != 200 || head.Body.Len() != 0 ||
			head.Header().Get("ETag") != tag {
			t.Errorf("HEAD %s answered %d with %d bytes", path, head.Code, head.Body.Len())
		}
	}
	if got := served(t, "GET",
		"/openapi.json").Body.String(); got != string(OpenAPI(registry(), "1.2.3")) {
		t.Error("what is served is not what OpenAPI returns")
	}
}

func TestPage_AsServed_NeedsNothingElse(t *testing.T) {
	w := served(t, "GET", "/docs")
	html := w.Body.String()
	for _, loads := range []string{`<script .`, `<link`, `<img`, `<iframe`, `<object`, `<form`,
		` src=`, `@import`, `url\(`, ` on\w+=`, ` style=`, `href="//`, `href="https?:`} {
		if found := regexp.MustCompile(loads).FindString(html); found != "" {
			t.Errorf("the page has %s", found)
		}
	}
	css := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(html)
	if css == nil {
		t.Fatal("the page has no style")
	}
	scripts := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(html, -1)
	if len(scripts) != 1 {
		t.Fatalf("the page has %d scripts", len(scripts))
	}
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src " + sha(css[1]) + ";",
		"script-src " + sha(scripts[0][1]) + ";", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("Content-Security-Policy: %s, want %s", policy, want)
		}
	}
	if !strings.Contains(css[1], "prefers-color-scheme: dark") {
		t.Error("the page is light only")
	}
}

// whole is the page without the places where its names may break.
func whole(w *httptest.ResponseRecorder) string {
	return strings.ReplaceAll(w.Body.String(), "<wbr>", "")
}

// sha is a text as a Content-Security-Policy names it.
func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func TestDocs_Gzip_IsTheSameInFewerBytes(t *testing.T) {
	for _, path := range []string{"/docs", "/openapi.json"} {
		plain := served(t, "GET", path)
		for accept, zipped := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "*": true,
			"GZIP": true, "": false, "identity": false, "gzip;q=0": false, "gzip; q=0.0, *": false,
			"br": false, "*;q=0": false} {
			w := served(t, "GET", path, "Accept-Encoding", accept)
			h := w.Header()
			if (h.Get("Content-Encoding") == "gzip") != zipped || h.Get("Vary") != "Accept-Encoding" ||
				(h.Get("ETag") == plain.Header().Get("ETag")) == zipped ||
				h.Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
				t.Errorf("%s with %q: %v", path, accept, h)
			}
			if again := served(t, "GET", path, "Accept-Encoding", accept, "If-None-Match",
				h.Get("ETag")); again.Code != 304 || again.Body.Len() != 0 {
				t.Errorf("%s with %q asked again: %d", path, accept, again.Code)
			}
			if !zipped {
				continue
			}
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(z)
			if err != nil || string(got) != plain.Body.String() {
				t.Errorf("%s: unzipped it is something else: %v", path, err)
			}
			if part := served(t, "GET", path, "Accept-Encoding", accept, "Range",
				"bytes=0-9"); part.Code != 200 {
				t.Errorf("%s: a range of it answered %d", path, part.Code)
			}
		}
	}
}

func TestPage_WhatIsAlwaysRefused_IsMarked(t *testing.T) {
	html := whole(served(t, "GET", "/docs"))
	for _, o := range registry() {
		n := o.Info()
		_, section, _ := strings.Cut(html, `<section id="`+n.Service.Name+"."+n.Name+`">`)
		section, _, _ = strings.Cut(section, "</section>")
		for which, code := range n.Service.Refused {
			member, value, isValue := strings.Cut(which, "=")
			f, has := n.In.FieldByName(member)
			row := n.Service.Shapes[strings.Split(f.Tag.Get("shape"), ",")[0]]
			if !has || isValue && value != "true" && !slices.Contains(row.Enum, value) {
				continue
			}
			want := "<code>" + member + `</code><span class="never">`
			if isValue {
				want = "<span class=\"never\">always refused</span>: <code>" + code
			}
			if !strings.Contains(section, want) {
				t.Errorf("%s: nothing says that %s is refused", n.Name, which)
			}
		}
	}
}

func TestDocs_EveryOperation_IsDescribed(t *testing.T) {
	html, markdown := whole(served(t, "GET", "/docs")), string(Reference(registry()))
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if ids[m[1]] {
			t.Errorf("two anchors on the page are called %s", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(` href="#([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if !ids[m[1]] {
			t.Errorf("a link leads to #%s, which is not there", m[1])
		}
	}
	for _, d := range describe(registry(), map[string]*shape.Schema{}) {
		if !ids[d.ID] || strings.Count(markdown, "\n### "+d.Name+"\n") == 0 ||
			strings.Count(markdown, "`"+d.Call+"`\n") != 1 {
			t.Errorf("%s is missing", d.ID)
		}
		for _, m := range d.Members {
			if !strings.Contains(markdown, "`"+m.Name+"`") ||
				!strings.Contains(html, "<code>"+m.Name+"</code>") {
				t.Errorf("%s of %s is missing", m.Name, d.ID)
			}
		}
	}
}

func TestReference_Tables_AreMarkdown(t *testing.T) {
	s := &op.Service{Name: "t", Title: "T", Target: "T",
		Shapes: shape.Table{"P": {Pattern: `^a|b$`}}}
	type input struct {
		P *string `shape:"P"`
		op.ByShape
	}
	o := op.Read(op.Info{Name: "Do", Service: s,
		Route: op.Route{Method: "POST", Path: "/v1/t"}, Doc: "Does."},
		func(*op.Call, input) (op.Open, error) { return op.Open{}, nil },
		func(*op.Call, input, op.Open) (op.None, error) { return op.None{}, nil })
	got := string(Reference([]op.Operation{o}))
	if want := "| `P` | body | string |  | pattern `^a\\|b$` |\n"; !strings.Contains(got, want) ||
		!strings.Contains(got, "Answers nothing.") {
		t.Errorf("no line %q in\n%s", want, got)
	}
}

func TestThousands_LargeNumber_HasCommas(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 131072: "131,072",
		1048576: "1,048,576", -5: "-5", -100: "-100", -1000: "-1,000", -123456: "-123,456"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
}

func TestExamples_NoneGiven_ArePlain(t *testing.T) {
	type inner struct{ Deep []int32 }
	type output struct {
		Nobody  string
		Knows   []byte
		These   map[string]string
		Members wire.Time
		Inner   inner
		At      float64
		All     []bool
	}
	s := shape.Schemas{Named: map[string]*shape.Schema{}}
	got := jsontext.Value(specimens.structure(nil, s.Of(reflect.TypeFor[output]())))
	var out output
	if err := json.Unmarshal(got, &out); err != nil || out.Nobody == "" ||
		len(out.Inner.Deep) != 1 {
		t.Errorf("%s: %v", got, err)
	}
}
