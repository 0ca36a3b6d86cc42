package rest

import (
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"claviger/internal/op"
)

var braces = regexp.MustCompile(`\{([\w.]+)\}`)

// checkLocation panics if what an operation makes could not be found where it says: a mistake in
// the program.
func (t table) checkLocation(n op.Info) {
	for _, m := range braces.FindAllStringSubmatch(n.Location, -1) {
		_, inAnswer := typeOf(n.Out, m[1])
		_, inInput := typeOf(n.In, m[1])
		if !inAnswer && !inInput {
			panic("rest: nobody knows the " + m[1] + " of what " + n.Name + " makes")
		}
	}
	if n.Location != "" && t.expected(n) == nil {
		panic("rest: what " + n.Name + " makes is not found at " + n.Location)
	}
}

// typeOf returns the type of a member of a structure, or of a structure in it.
func typeOf(t reflect.Type, dotted string) (reflect.Type, bool) {
	for name := range strings.SplitSeq(dotted, ".") {
		if t.Kind() != reflect.Struct {
			return nil, false
		}
		f, ok := t.FieldByName(name)
		if !ok {
			return nil, false
		}
		if t = f.Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return t, t.Kind() == reflect.String
}

// expected returns the resource of what an operation makes, which can be looked at.
func (t table) expected(n op.Info) *resource {
	at, _ := t.find(braces.ReplaceAllString(n.Location, "x"))
	if at == nil || at.methods[http.MethodGet] == nil {
		return nil
	}
	return at
}

// location returns where that is found which an operation has made. Names are written plainly, or
// with their slashes escaped where the path would lead elsewhere. It is empty if no path leads to
// it: not every name that may stand in a body may stand in a path.
func (t table) location(n op.Info, in, out any) string {
	there := t.expected(n)
	if there == nil {
		return ""
	}
	var names []string
	for _, m := range braces.FindAllStringSubmatch(n.Location, -1) {
		name, ok := textOf(out, m[1])
		if !ok {
			name, _ = textOf(in, m[1])
		}
		names = append(names, name)
	}
	written := slices.Clone(names)
	if i := there.rootedMember(); i >= 0 && i < len(names) {
		names[i], written[i] = rooted(names[i]), Unrooted(names[i])
	}
	plainly := func(name string) string { return (&url.URL{Path: name}).EscapedPath() }
	for _, write := range []func(string) string{plainly, url.PathEscape} {
		rest := written
		path := braces.ReplaceAllStringFunc(n.Location, func(string) string {
			name := rest[0]
			rest = rest[1:]
			return write(name)
		})
		if at, pieces := t.find(path); at == there &&
			slices.Equal(identifiers(at, pieces), names) {
			return path
		}
	}
	return ""
}

// identifiers returns what the pieces of a path name; nothing that is ambiguous.
func identifiers(at *resource, pieces []string) (names []string) {
	for i, s := range at.path {
		if s.member == "" {
			continue
		}
		if name, err := at.name(i, pieces[i]); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// textOf returns a member of a document, or of a structure in it.
func textOf(doc any, dotted string) (string, bool) {
	v := reflect.Indirect(reflect.ValueOf(doc))
	for name := range strings.SplitSeq(dotted, ".") {
		if v.Kind() != reflect.Struct {
			return "", false
		}
		v = reflect.Indirect(v.FieldByName(name))
	}
	if v.Kind() != reflect.String {
		return "", false
	}
	return v.String(), true
}

// pages has the members that hold the token of the next page in an answer, and those that take it
// in a request.
var pages = []struct{ answer, request string }{
	{"NextMarker", "Marker"}, {"NextToken", "NextToken"}, {"Marker", "Marker"},
}

// nextPage returns the request for the page after this one as a reference (RFC 8288), or nothing.
func nextPage(r *http.Request, n op.Info, out any) string {
	for _, p := range pages {
		_, takes := n.In.FieldByName(p.request)
		token, has := textOf(out, p.answer)
		if !takes || !has || token == "" {
			continue
		}
		query := url.Values{}
		for name, values := range r.URL.Query() {
			if !isSignature(name) {
				query[name] = values
			}
		}
		query.Set(p.request, token)
		return "<" + r.URL.EscapedPath() + "?" + query.Encode() + `>; rel="next"`
	}
	return ""
}

// InPages reports whether an operation lists in pages.
func InPages(n op.Info) bool {
	for _, p := range pages {
		_, takes := n.In.FieldByName(p.request)
		if t, has := typeOf(n.Out, p.answer); takes && has && t.Kind() == reflect.String {
			return true
		}
	}
	return false
}

// isSignature reports whether a query value is part of a presigned request's signature.
func isSignature(name string) bool { return strings.HasPrefix(name, "X-Amz-") }
