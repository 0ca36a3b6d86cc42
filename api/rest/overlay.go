package rest

import (
	"net/url"
	"reflect"
	"strings"

	"claviger/internal/fault"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// identifier reads the greedy part of a path: unescaped exactly once, and refused where two clients
// or proxies could take it for two different names. Such names go into the body or a query value.
func identifier(raw string) (string, error) {
	name, err := url.PathUnescape(raw)
	if err != nil || strings.Contains(name, "%") {
		return "", ambiguous
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", ambiguous
		}
	}
	return name, nil
}

var (
	ambiguous = fault.New(fault.Invalid, "ValidationException",
		"The name in the path is ambiguous: it is empty, escaped twice, or holds an empty, "+
			"'.' or '..' segment. Send it in the body or as a query value.")
	badQuery = fault.New(fault.Invalid, "ValidationException",
		"The query can't be read: a value is badly escaped, or has a ';' in it.")
	notJSON = fault.New(fault.Invalid, "SerializationException", "")
)

// overlay puts values over the document, each in the JSON form of the member that it names. Values
// that name no member (a presigned URL's, a client's own) are left out.
func overlay(body []byte, values url.Values, in reflect.Type) ([]byte, error) {
	doc := map[string]jsontext.Value{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &doc); err != nil || doc == nil {
			return nil, notJSON.Because(err)
		}
	}
	for name, v := range values {
		f, ok := in.FieldByName(name)
		if !ok || f.Anonymous {
			continue
		}
		member, err := document(f.Type, v)
		if err != nil {
			return nil, notJSON.Because(err)
		}
		doc[name] = member
	}
	return json.Marshal(doc)
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
