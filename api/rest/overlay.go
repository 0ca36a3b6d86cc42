package rest

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// identifier reads the piece of a path that stands for a member: unescaped exactly once, and
// refused where two clients or proxies could take it for two different names. Such names go into
// the body or a query value. An escaped letter is refused too: what routes by words would not see
// that it is one.
func identifier(raw string) (string, error) {
	name, err := url.PathUnescape(raw)
	if err != nil || strings.Contains(name, "%") || needless.MatchString(raw) {
		return "", ambiguous
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", ambiguous
		}
	}
	return name, nil
}

// needless finds escapes of what words are made of: digits, letters and the hyphen.
var needless = regexp.MustCompile(`(?i)%(2d|3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])`)

var (
	ambiguous = fault.New(fault.Invalid, "ValidationException",
		"The name in the path is ambiguous: it is empty, escaped twice or without need, or "+
			"holds an empty, '.' or '..' segment. Send it in the body or as a query value.")
	badQuery = fault.New(fault.Invalid, "ValidationException",
		"The query can't be read: a value is badly escaped, or has a ';' in it.")
	notJSON = fault.New(fault.Invalid, "SerializationException", "The body can't be read: it is "+
		"to be one JSON object, in UTF-8 and without a name that stands twice.")
	notUTF8 = fault.New(fault.Invalid, notJSON.Code,
		"A value of the path, the query or Idempotency-Key is not UTF-8.")
)

// inQuery returns the query values of a request, each of them one that the operation's input has a
// member for. A name that is none, or one value too many, is most likely a mistake, which nobody
// would notice if it were left out.
func inQuery(r *http.Request, n op.Info) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badQuery.Because(err) // Query would leave out what it can't read
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list := values[name]
		f, ok := member(n.In, name)
		switch {
		case isSignature(name):
			delete(values, name)
		case !ok:
			return nil, fault.Newf(fault.Invalid, badQuery.Code, "The query has the name %q, and %s "+
				"has no such member. %s", Quoted(name), n.Name, members(n.In))
		case len(list) > 1 && f.Type != reflect.TypeFor[[]string]():
			return nil, fault.Newf(fault.Invalid, badQuery.Code,
				"The query has %s %d times, and it is no list.", name, len(list))
		}
	}
	return values, nil
}

// Quoted is what is said back, or kept, of a name that a client made up.
func Quoted(name string) string { return op.Clip(name, 128) }

// members names the members of an input.
func members(in reflect.Type) string {
	var names []string
	for i := range in.NumField() {
		if f := in.Field(i); !f.Anonymous {
			names = append(names, nameOf(f))
		}
	}
	if len(names) == 0 {
		return "It has none."
	}
	return "Those that there are: " + strings.Join(names, ", ") + "."
}

// member returns the member of an input that a document calls by the name.
func member(in reflect.Type, name string) (reflect.StructField, bool) {
	return in.FieldByNameFunc(func(field string) bool {
		f, ok := in.FieldByName(field)
		return ok && !f.Anonymous && nameOf(f) == name
	})
}

// nameOf is what a document calls a member: some models begin names with small letters.
func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return cmp.Or(name, f.Name)
}

// overlay puts values over the document, each in the JSON form of the member that it names.
func overlay(body []byte, values url.Values, in reflect.Type) (map[string]jsontext.Value, error) {
	doc := map[string]jsontext.Value{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &doc); err != nil || doc == nil {
			return nil, notJSON.Because(err)
		}
	}
	for name, v := range values {
		f, ok := member(in, name)
		if !ok {
			continue
		}
		value, err := document(f.Type, v)
		if err != nil {
			return nil, notUTF8.Because(err)
		}
		doc[name] = value
	}
	return doc, nil
}

// encode writes the document of a request.
func encode(doc map[string]jsontext.Value) ([]byte, error) {
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, notJSON.Because(err)
	}
	return text, nil
}

// document writes query values as JSON: text as a string, a list of strings from repeated values,
// anything else as the JSON it already is.
func document(t reflect.Type, values []string) (jsontext.Value, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.String, t == reflect.TypeFor[[]byte]():
		return jsontext.AppendQuote(nil, values[0])
	case t == reflect.TypeFor[[]string]():
		return json.Marshal(values)
	}
	v := jsontext.Value(values[0])
	if !v.IsValid() {
		return jsontext.AppendQuote(nil, values[0]) // the decoder refuses it with the right words
	}
	return v, nil
}
