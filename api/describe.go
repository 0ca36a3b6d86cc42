package api

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"claviger/internal/op"
	"claviger/internal/shape"
)

// description is what the registry says of an operation and one of its routes. The OpenAPI
// document, the page and the Markdown are three ways to write it down.
type description struct {
	op.Info
	ID      string        // kms.Encrypt; of another route kms.Encrypt.2
	Call    string        // how AWS's clients name it: X-Amz-Target: TrentService.Encrypt
	Verb    string        // the route's method
	Route   string        // /v1/keys/encrypt/{KeyId}
	Others  []description // the same by its other routes
	Members []located     // of the input
	Answer  *shape.Schema // nil where nothing is answered
	schemas shape.Schemas
}

// located is a member of an input and where a REST request holds it.
type located struct {
	shape.Property
	In     string // path, query or body
	Greedy bool   // in the path it may hold slashes
	Rooted bool   // in the path its first slash is left out
}

// describe reads the registry. The named structures of all services are collected in parts.
func describe(ops []op.Operation, parts map[string]*shape.Schema) (all []description) {
	for _, o := range ops {
		if n := o.Info(); n.Method != "" {
			all = append(all, describeOne(n, parts))
		}
	}
	return all
}

func describeOne(n op.Info, parts map[string]*shape.Schema) description {
	d := description{Info: n, ID: n.Service.Name + "." + n.Name, Call: call(n)}
	d.schemas = shape.Schemas{Table: n.Service.Shapes, Say: n.Service.Members,
		Refused: n.Service.Refused, Prefix: n.Service.Name + ".", Base: schemaBase, Named: parts}
	members := d.schemas.Of(n.In).Properties
	if n.Out != reflect.TypeFor[op.None]() {
		d.Answer = d.schemas.Of(n.Out)
	}
	id := d.ID
	for i, route := range slices.Backward(n.Routes()) {
		by := d
		by.Verb, by.Route = route.Method, strings.Replace(route.Path, "...}", "}", 1)
		for _, p := range members {
			by.Members = append(by.Members, locate(p, route, n.Rooted))
		}
		if i > 0 {
			by.ID = id + "." + strconv.Itoa(i+1)
			d.Others = slices.Insert(d.Others, 0, by)
			continue
		}
		by.Others = d.Others
		d = by
	}
	return d
}

// call returns what names an operation in the protocol of its service's own clients.
func call(n op.Info) string {
	if n.Service.Target == "" {
		return "Action=" + n.Name + "&Version=" + n.Service.Version
	}
	return "X-Amz-Target: " + n.Service.Target + "." + n.Name
}

// locate tells where a REST client should put a member. The service itself reads all from body and
// query alike.
func locate(p shape.Property, route op.Route, rooted bool) located {
	switch {
	case strings.Contains(route.Path, "{"+p.Name+"...}"):
		return located{Property: p, In: "path", Greedy: true, Rooted: rooted}
	case strings.Contains(route.Path, "{"+p.Name+"}"):
		return located{Property: p, In: "path"}
	case route.Method == http.MethodGet || route.Method == http.MethodDelete:
		return located{Property: p, In: "query"}
	}
	return located{Property: p, In: "body"}
}

// in returns the members that stand in one location.
func (d *description) in(location string) (some []located) {
	for _, m := range d.Members {
		if m.In == location {
			some = append(some, m)
		}
	}
	return some
}

// body returns the document of a REST request: the input without what the path holds; nil if
// nothing is left.
func (d *description) body() *shape.Schema {
	members := d.in("body")
	if len(members) == 0 {
		return nil
	}
	doc := &shape.Schema{Type: "object", Go: d.Info.In}
	for _, m := range members {
		doc.Add(m.Property)
	}
	return doc
}

// services returns the operations by service, in the order of the registry.
func services(all []description) (groups []group) {
	for _, d := range all {
		if n := len(groups); n == 0 || groups[n-1].Service != d.Service {
			groups = append(groups, group{Service: d.Service})
		}
		last := &groups[len(groups)-1]
		last.Operations = append(last.Operations, d)
	}
	return groups
}

// group is one service and its operations.
type group struct {
	*op.Service
	Operations []description
}

// row is one line of a table of members. Members of a structure have lines of their own:
// Tags[].TagKey.
type row struct {
	Name, In, Type, Say, Rules string
	Required                   bool
	Refused                    string // the error that it is refused with, or nothing
}

// rule adds what REST has to say to the constraints.
func (r *row) rule(text string) {
	if r.Rules != "" {
		r.Rules += "; "
	}
	r.Rules += text
}

// Rows lists the members of the input.
func (d description) Rows() (rows []row) {
	for _, m := range d.Members {
		first := len(rows)
		rows = appendRows(rows, "", m.In, m.Property)
		if m.Rooted {
			rows[first].rule("in the path without its first slash")
		}
		if m.Name == d.Token {
			rows[first].rule("REST makes one up if it is absent, or takes `Idempotency-Key`")
		}
	}
	return rows
}

// AnswerRows lists the members of the answer.
func (d description) AnswerRows() (rows []row) {
	if d.Answer == nil {
		return nil
	}
	for _, p := range d.Answer.Properties {
		rows = appendRows(rows, "", "", p)
	}
	return rows
}

func appendRows(rows []row, above, in string, p shape.Property) []row {
	name := above + p.Name
	s := p.Schema
	rows = append(rows, row{Name: name, In: in, Type: kind(s), Say: s.Say,
		Rules: strings.Join(rules(s), "; "), Required: p.Required, Refused: s.Refused})
	if s.Type == "array" {
		s, name = s.Items, name+"[]"
	}
	if s.Target != nil {
		s = s.Target
	}
	for _, inner := range s.Properties {
		rows = appendRows(rows, name+".", in, inner)
	}
	return rows
}

// kind says in AWS's words what a value is.
func kind(s *shape.Schema) string {
	switch {
	case s.Target != nil:
		return "structure"
	case s.ContentEncoding != "":
		return "blob"
	case s.Type == "array":
		return "list of " + plural(kind(s.Items))
	case s.Type == "object" && s.AdditionalProperties != nil:
		return "map of " + plural(kind(s.PropertyNames)) + " to " +
			plural(kind(s.AdditionalProperties))
	case s.Type == "object":
		return "structure"
	case s.Type == "number" && s.Format == "":
		return "timestamp"
	}
	return s.Type
}

func plural(kind string) string {
	if first, rest, ok := strings.Cut(kind, " "); ok {
		return first + "s " + rest
	}
	return kind + "s"
}

// rules says a value's constraints in words; names and patterns are in backquotes.
func rules(s *shape.Schema) (out []string) {
	switch {
	case s.Enum != nil:
		return append(enumerated(s), refusals(s)...)
	case s.ContentEncoding != "":
		out = bounds(out, s.Row, "byte")
	case s.Type == "string":
		out = bounds(out, s.Row, "character")
	case s.Type == "array":
		out = among(bounds(out, s.Row, "entry"), "each ", s.Items)
	case s.Type == "object":
		out = among(bounds(out, s.Row, "entry"), "each name ", s.PropertyNames)
		out = among(out, "each value ", s.AdditionalProperties)
	case s.Type == "integer":
		out = bounds(out, s.Row, "")
	}
	if s.Pattern != "" {
		out = append(out, "pattern `"+s.Row.Pattern+"`")
	}
	if s.Row.Sensitive {
		out = append(out, "sensitive")
	}
	return append(out, refusals(s)...)
}

// enumerated lists the values that are not refused.
func enumerated(s *shape.Schema) []string {
	var served []string
	for _, value := range s.Enum {
		if s.RefusedValues[value] == "" {
			served = append(served, value)
		}
	}
	return []string{"one of `" + strings.Join(served, "`, `") + "`"}
}

// refusals says what is refused of a value that AWS takes.
func refusals(s *shape.Schema) (out []string) {
	if s.Refused != "" {
		return []string{"always refused: `" + s.Refused + "`"}
	}
	byError := map[string][]string{}
	for value, code := range s.RefusedValues {
		byError[code] = append(byError[code], "`"+value+"`")
	}
	for _, code := range slices.Sorted(maps.Keys(byError)) {
		slices.Sort(byError[code])
		out = append(out, strings.Join(byError[code], ", ")+" always refused: `"+code+"`")
	}
	return out
}

func among(out []string, which string, s *shape.Schema) []string {
	if s == nil {
		return out
	}
	for _, r := range rules(s) {
		out = append(out, which+r)
	}
	return out
}

func bounds(out []string, r shape.Shape, unit string) []string {
	switch {
	case r.Max == 0 && r.Min == 0 && !r.Range:
		return out
	case r.Max == 0 && !r.Range:
		return append(out, "at least "+count(r.Min, unit))
	case r.Min == r.Max:
		return append(out, "exactly "+count(r.Max, unit))
	case r.Min == 0 && !r.Range:
		return append(out, "at most "+count(r.Max, unit))
	}
	return append(out, thousands(r.Min)+" to "+count(r.Max, unit))
}

func count(n int, unit string) string {
	switch {
	case unit == "":
		return thousands(n)
	case n == 1:
		return "1 " + unit
	case unit == "entry":
		return thousands(n) + " entries"
	}
	return thousands(n) + " " + unit + "s"
}

// thousands writes 2048 as 2,048.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
