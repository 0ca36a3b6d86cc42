package api

import (
	_ "embed"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"claviger/api/rest"
	"claviger/internal/shape"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// examples are what requests and answers look like. A value is found by structure and member
// (KeyMetadata.KeyId), by shape or by member; what none of them knows is made from the schema.
type examples struct {
	// Optional has members that are shown though they may be absent, by operation or structure.
	Optional map[string][]string       `json:"optional"`
	Values   map[string]jsontext.Value `json:"values"`
}

//go:embed docs/examples.json
var exampleFile []byte

// specimens holds the embedded examples.
var specimens = func() (e examples) {
	if err := json.Unmarshal(exampleFile, &e); err != nil {
		panic("api: docs/examples.json: " + err.Error())
	}
	return e
}()

// Request returns an example of the operation's document: what must be there, and what helps to
// understand it. location is path, query or body, or nothing for all.
func (d description) Request(location string) jsontext.Value {
	doc := &shape.Schema{Type: "object", Go: d.Info.In}
	for _, m := range d.Members {
		if location != "" && m.In != location {
			continue
		}
		if m.Required || m.In == "path" || slices.Contains(specimens.Optional[d.ID], m.Name) {
			doc.Add(shape.Property{Name: m.Name, Schema: m.Schema, Required: true})
		}
	}
	return specimens.structure(nil, doc)
}

// Response returns an example of the answer, or nothing.
func (d description) Response() jsontext.Value {
	if d.Answer == nil {
		return nil
	}
	return specimens.structure(nil, d.Answer)
}

// URL returns the path and query of an example.
func (d description) URL() string {
	at := d.Route
	var path, query map[string]jsontext.Value
	if json.Unmarshal(d.Request("path"), &path) == nil {
		for _, m := range d.in("path") {
			name := text(path[m.Name])
			if m.Rooted {
				name = rest.Unrooted(name)
			}
			at = strings.Replace(at, "{"+m.Name+"}", name, 1)
		}
	}
	values := url.Values{}
	if json.Unmarshal(d.Request("query"), &query) == nil {
		for name, v := range query {
			values[name] = texts(v)
		}
	}
	if len(values) > 0 {
		at += "?" + values.Encode()
	}
	return at
}

// text returns a JSON string's content, or any other value as it is written.
func text(v jsontext.Value) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// texts returns the query values of a member: one, or one for each string of a list.
func texts(v jsontext.Value) (list []string) {
	if json.Unmarshal(v, &list) == nil {
		return list
	}
	return []string{text(v)}
}

// structure appends the members that are always there, and those that help to understand it.
func (e *examples) structure(b []byte, s *shape.Schema) []byte {
	b = append(b, '{')
	first := true
	for _, p := range s.Properties {
		if !p.Required && !slices.Contains(e.Optional[s.Go.Name()], p.Name) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b, _ = jsontext.AppendQuote(b, p.Name)
		b = e.value(append(b, ':'), s.Go.Name()+"."+p.Name, p.Name, p.Schema)
	}
	return append(b, '}')
}

func (e *examples) value(b []byte, qualified, name string, s *shape.Schema) []byte {
	for _, key := range []string{qualified, s.Shape, name} {
		v := e.Values[key]
		if s.Target != nil && v.Kind() != '{' {
			continue // one of a member that has this name elsewhere
		}
		if v != nil {
			return append(b, v...)
		}
	}
	switch {
	case s.Target != nil:
		return e.structure(b, s.Target)
	case s.Properties != nil:
		return e.structure(b, s)
	case s.Type == "array":
		return append(e.value(append(b, '['), "", "", s.Items), ']')
	case s.Type == "object":
		return append(b, "{}"...)
	}
	return append(b, plainest(s)...)
}

// plainest is a value for a member that nobody has an example of.
func plainest(s *shape.Schema) string {
	switch {
	case len(s.Enum) > 0:
		return `"` + s.Enum[0] + `"`
	case s.ContentEncoding != "":
		return `"aGVsbG8="`
	case s.Type == "boolean":
		return "false"
	case s.Type == "integer" && s.Minimum != nil:
		return strconv.Itoa(*s.Minimum)
	case s.Type == "integer":
		return "1"
	case s.Type == "number":
		return "1767225600"
	}
	return `"text"`
}
