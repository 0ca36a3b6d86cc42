package rest

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"claviger/internal/fault"
	"claviger/internal/wire"
)

// FuzzIdentifier looks for a path that names two things: one to us, another to a proxy or a client
// that unescapes once more or resolves dots.
func FuzzIdentifier(f *testing.F) {
	for _, raw := range []string{"alias/app", "alias%2Fapp", "alias%252Fapp", "a//b", "a/../b",
		"%2e%2e", "", "/", "100%25", "%", "a%FF", "ä", "a+b"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name, err := identifier(raw)
		if err != nil {
			if fault.Of(err).Kind != fault.Invalid || name != "" {
				t.Fatalf("%q: %q, %v", raw, name, err)
			}
			return
		}
		if again, err := url.PathUnescape(name); err != nil || again != name {
			t.Fatalf("%q is %q, and unescaped again it is %q", raw, name, again)
		}
		if u := (&url.URL{Path: "/"}).JoinPath(name); strings.TrimPrefix(u.Path, "/") != name {
			t.Fatalf("%q is %q, and a proxy that cleans paths makes it %q", raw, name, u.Path)
		}
		// A client that escapes the name, whole or by segments, reaches the same thing.
		for _, sent := range []string{url.PathEscape(name), (&url.URL{Path: name}).EscapedPath()} {
			if same, err := identifier(sent); err != nil || same != name {
				t.Fatalf("%q escaped as %q is %q, %v", name, sent, same, err)
			}
		}
	})
}

// FuzzRoute looks for a path that names two resources: one to us, and another to a client that
// writes the same names, escaped as they should be, into the same pattern.
func FuzzRoute(f *testing.F) {
	for _, path := range []string{"/v1/a/x", "/v1/a/b/x", "/v1/a/x/b", "/v1/a/b/b", "/v1/a/x/c/y",
		"/v1/a/x%2Fb", "/v1/a/%62/x", "/v1/a//b", "/v1/a/../b", "/v1/a/d", "/v1/a", "/v1//", "/v2/a",
		"/v1/r/x/y", "/v1/r/b/x", "/v1/r/x%2Fb", "/v1/r/%2Fx", "/v1/r//x", "/v1/r/arn:::::x",
		"/v1/r/x/c/y"} {
		f.Add(path)
	}
	var t table = map[string][]*resource{}
	for _, pattern := range []string{"/v1/a", "/v1/a/{Name...}", "/v1/a/b/{Name...}",
		"/v1/a/{Name...}/b", "/v1/a/{Name...}/c/{Text}", "/v1/a/d", "/v1/e/{Name}",
		"/v1/r/{Name...}", "/v1/r/b/{Name...}", "/v1/r/{Name...}/c/{Text}"} {
		at := newResource(pattern)
		at.rooted = at.path[0].word == "r"
		t[at.path[0].word] = append(t[at.path[0].word], at)
		slices.SortFunc(t[at.path[0].word], compare)
	}
	f.Fuzz(func(t2 *testing.T, path string) {
		at, pieces := t.find(path)
		if at == nil {
			return
		}
		if again := strings.Join(pieces, "/"); prefix+again != path {
			t2.Fatalf("%q was taken apart into %q", path, pieces)
		}
		names := identifiers(at, pieces)
		if count := strings.Count(at.pattern, "{"); len(names) != count {
			return // one of them is ambiguous
		}
		if root := at.rootedMember(); root >= 0 {
			if strings.HasPrefix(names[root], "/") == isARN(names[root]) {
				t2.Fatalf("%q is %q in %s", path, names, at.pattern)
			}
			names[root] = Unrooted(names[root])
		}
		escaped, rest := prefix, names
		for i, s := range at.path {
			if i > 0 {
				escaped += "/"
			}
			if s.word != "" {
				escaped += s.word
				continue
			}
			escaped += url.PathEscape(rest[0])
			rest = rest[1:]
		}
		same, pieces := t.find(escaped)
		again := identifiers(same, pieces)
		if root := at.rootedMember(); same == at && root >= 0 {
			again[root] = Unrooted(again[root])
		}
		if same != at || !slices.Equal(again, names) {
			t2.Fatalf("%q is %q in %s, and escaped as %q it is %q", path, names, at.pattern, escaped,
				pieces)
		}
	})
}

// overlaid has a member of every form that a query value can take.
type overlaid struct {
	Name  string
	Text  *string
	Count *int32
	Flag  *bool
	Blob  []byte
	List  []string
	Map   map[string]string
	Date  *wire.Time
}

// FuzzOverlay looks for a query value that becomes more than the value of its own member.
func FuzzOverlay(f *testing.F) {
	f.Add([]byte(`{"Name":"a","Text":"b"}`), "Text=c&List=d&List=e")
	f.Add([]byte(``), "Count=7&Flag=true&Map={}&Date=1.5&Blob=%2B%2F8%3D")
	f.Add([]byte(`{}`), "Count=1%7D%2C%7B%22Name%22%3A%22b%22")
	f.Add([]byte(`{"Name":"a","Name":"b"}`), "Name=c")
	f.Add([]byte(`null`), "Text=%FF&name=a&=b&Text")
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		laid, err := overlay(body, values, reflect.TypeFor[overlaid]())
		if err != nil {
			if fault.Of(err).Kind != fault.Invalid {
				t.Fatalf("%q: %v", query, err)
			}
			return
		}
		doc, err := encode(laid)
		if err != nil {
			t.Fatalf("the document can't be written: %v", err)
		}
		var sent, got map[string]jsontext.Value
		if len(body) > 0 && json.Unmarshal(body, &sent) != nil {
			t.Fatalf("the body %q can't be read, and was taken", body)
		}
		if err := json.Unmarshal(doc, &got); err != nil {
			t.Fatalf("the document can't be read: %v\n%s", err, doc)
		}
		for name, v := range got {
			_, member := reflect.TypeFor[overlaid]().FieldByName(name)
			if named := values.Has(name) && member; !named && string(v) != string(sent[name]) &&
				!same(v, sent[name]) {
				t.Fatalf("nothing named %q, and it went from %s to %s", name, sent[name], v)
			}
		}
		var in overlaid
		if wire.Decode(doc, &in) != nil {
			return
		}
		if values.Has("Name") && in.Name != values.Get("Name") || values.Has("Text") &&
			(in.Text == nil || *in.Text != values.Get("Text")) {
			t.Fatalf("%q: text was read as %+v", query, in)
		}
		if values.Has("List") && !reflect.DeepEqual(in.List, values["List"]) {
			t.Fatalf("%q: the list was read as %q", query, in.List)
		}
	})
}

// same reports whether two values are one but for blanks and escapes.
func same(a, b jsontext.Value) bool {
	a, b = a.Clone(), b.Clone()
	return a.Canonicalize() == nil && b.Canonicalize() == nil && string(a) == string(b)
}
