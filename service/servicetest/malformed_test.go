package servicetest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/internal/shape"
	"claviger/service/servicetest"
)

// breach is a value that breaks one constraint, and what AWS says to it.
type breach struct {
	value    any    // nil: leave the member out
	where    string // the member as messages name it
	sentence string // from "failed to satisfy constraint: " on; empty for a SerializationException
	secret   bool   // the value must not be quoted
}

// breaches returns a value for every constraint of a member: length, value, pattern, enum, presence
// and JSON type.
func breaches(p shape.Property, where string) (all []breach) {
	if p.Required {
		all = append(all, breach{nil, where, "Member must not be null", false})
	}
	all = append(all, wrongTypes(p.Schema, where)...)
	return append(all, ofValue(p.Schema, where)...)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// wrongTypes returns a value of each JSON type that the member isn't.
func wrongTypes(s *shape.Schema, where string) (all []breach) {
	if s.Target != nil {
		s = s.Target
	}
	values := map[string]any{"string": "x", "number": 1.5, "boolean": true, "array": []any{"x"},
		"object": map[string]any{"x": "y"}}
	is := s.Type
	if is == "integer" {
		is = "number"
	}
	delete(values, is)
	for _, v := range values {
		all = append(all, breach{v, where, "", false})
	}
	return all
}

// ofValue returns values that break the constraints of a schema.
func ofValue(s *shape.Schema, where string) (all []breach) {
	r := s.Row
	add := func(v any, format string, args ...any) {
		secret := r.Sensitive || s.ContentEncoding != ""
		all = append(all, breach{v, where, fmt.Sprintf(format, args...), secret})
	}
	switch {
	case s.Target != nil:
		return inside(s.Target, where+".", func(v any) any { return v })
	case s.Enum != nil:
		add("no such value", "Member must satisfy enum value set: [")
	case s.ContentEncoding != "":
		lengths(r, func(n int) any {
			return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xEE}, n))
		}, add)
	case s.Type == "string":
		lengths(r, func(n int) any { return strings.Repeat("a", n) }, add)
		if bad, ok := misfit(r); ok {
			add(bad, "Member must satisfy regular expression pattern: %s", r.Pattern)
		}
	case s.Type == "integer":
		if r.Max != 0 || r.Range {
			add(r.Max+1, "Member must have value less than or equal to %d", r.Max)
		}
		if r.Min != 0 || r.Range {
			add(r.Min-1, "Member must have value greater than or equal to %d", r.Min)
		}
	case s.Type == "array":
		return append(all, ofList(s, where)...)
	case s.Type == "object":
		for _, b := range ofValue(s.AdditionalProperties, where) {
			all = append(all, breach{map[string]any{"k": b.value}, where, b.sentence, b.secret})
		}
	}
	return all
}

// lengths breaks the bounds of a length.
func lengths(r shape.Shape, make func(n int) any, add func(any, string, ...any)) {
	if r.Max != 0 {
		add(make(r.Max+1), "Member must have length less than or equal to %d", r.Max)
	}
	if r.Min != 0 {
		add(make(r.Min-1), "Member must have length greater than or equal to %d", r.Min)
	}
}

// misfit returns a text of good length that a pattern refuses.
func misfit(r shape.Shape) (string, bool) {
	if r.Pattern == "" {
		return "", false
	}
	pattern := r.Pattern
	if r.RE2 != "" {
		pattern = r.RE2
	}
	fits := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	for _, c := range []string{" ", "#", "\u4e00"} {
		if bad := strings.Repeat(c, max(r.Min, 1)); !fits.MatchString(bad) {
			return bad, true
		}
	}
	return "", false
}

// ofList breaks the bounds of a list, and the constraints of its elements within a list of one.
func ofList(s *shape.Schema, where string) (all []breach) {
	r := s.Row
	good := []any{}
	for range r.Max + 1 {
		good = append(good, fitting(s.Items))
	}
	if r.Max != 0 {
		all = append(all, breach{good, where,
			fmt.Sprintf("Member must have length less than or equal to %d", r.Max), false})
	}
	if r.Min != 0 {
		all = append(all, breach{good[:r.Min-1], where,
			fmt.Sprintf("Member must have length greater than or equal to %d", r.Min), false})
	}
	if s.Items.Target != nil {
		return append(all, inside(s.Items.Target, where+".1.member.",
			func(v any) any { return []any{v} })...)
	}
	for _, b := range ofValue(s.Items, where) {
		all = append(all, breach{[]any{b.value}, where, b.sentence, b.secret})
	}
	return append(all, breach{[]any{1.5}, where, "", false})
}

// inside breaks the members of a structure, one at a time.
func inside(s *shape.Schema, where string, wrap func(any) any) (all []breach) {
	for _, p := range s.Properties {
		for _, b := range breaches(p, where+lowerFirst(p.Name)) {
			members := map[string]any{}
			for _, other := range s.Properties {
				if other.Required {
					members[other.Name] = fitting(other.Schema)
				}
			}
			delete(members, p.Name)
			if b.value != nil {
				members[p.Name] = b.value
			}
			all = append(all, breach{wrap(members), b.where, b.sentence, b.secret})
		}
	}
	return all
}

// fitting returns a value that keeps a schema's constraints.
func fitting(s *shape.Schema) any {
	switch {
	case s.Target != nil:
		members := map[string]any{}
		for _, p := range s.Target.Properties {
			members[p.Name] = fitting(p.Schema)
		}
		return members
	case s.Enum != nil:
		return s.Enum[0]
	case s.ContentEncoding != "":
		return "eA=="
	case s.Type == "string":
		return strings.Repeat("a", max(s.Row.Min, 1))
	case s.Type == "integer":
		return max(s.Row.Min, 1)
	case s.Type == "boolean":
		return true
	case s.Type == "array":
		return []any{fitting(s.Items)}
	}
	return map[string]any{}
}

// TestValidation_EveryConstraintBroken_IsAWSsSentence breaks every constraint of every member of
// every operation, one at a time: the answer is AWS's sentence, there is exactly one record, a
// sensitive value is in neither, and nothing is changed.
func TestValidation_EveryConstraintBroken_IsAWSsSentence(t *testing.T) {
	g := startWalkServers(t)
	total := 0
	for _, n := range routed(g.soft.Server) {
		s, db := g.of(n).Server, g.of(n).db
		request, _ := stage(t, s, walk[idOf(n)].request)
		before := snapshot(t, db)
		t.Run(idOf(n), func(t *testing.T) {
			schema := shape.Schemas{Table: n.Service.Shapes, Named: map[string]*shape.Schema{}}.Of(n.In)
			for _, p := range schema.Properties {
				for _, b := range breaches(p, lowerFirst(p.Name)) {
					total++
					malformed(t, s, n, withMember(t, request, p.Name, b.value), b)
				}
			}
		})
		unchanged(t, db, before)
	}
	if total < 400 {
		t.Errorf("only %d cases were made: the constraints were not found", total)
	}
	t.Logf("%d cases", total)
}

// withMember returns a document with one member put in, or taken out.
func withMember(t testing.TB, document, name string, value any) string {
	t.Helper()
	members := map[string]any{}
	accepted(t, json.Unmarshal([]byte(document), &members))
	delete(members, name)
	if value != nil {
		members[name] = value
	}
	b, err := json.Marshal(members)
	accepted(t, err)
	return string(b)
}

// usualBody is what an operation takes that carries neither a secret's value nor a policy.
const usualBody = 128 << 10

func malformed(t *testing.T, s *servicetest.Server, n op.Info, document string, b breach) {
	t.Helper()
	w := &walker{s, n, n.Route, s.Mark(t)}
	a := w.send(t, document, s.Root, false)
	code := "ValidationException"
	switch {
	case len(document) > usualBody && !n.Large:
		// It is refused unread, and before its caller is known.
		if a.Status != 413 || a.Code() != "RequestEntityTooLargeException" {
			t.Errorf("%d bytes are answered %d %.300s", len(document), a.Status, a.Body)
		}
		return
	case b.sentence == "":
		code = "SerializationException"
	}
	w.refusal(t, a, false, 400, code)
	if t.Failed() {
		t.Fatalf("the document was %.300s", document)
	}
	if b.sentence == "" {
		return
	}
	if !strings.Contains(a.Message(), " at '"+b.where+"' failed to satisfy constraint: ") ||
		!strings.Contains(a.Message(), b.sentence) ||
		!strings.Contains(a.Message(), "validation error") {
		t.Errorf("%.300s\nanswered %q\nwant %s: %s", document, a.Message(), b.where, b.sentence)
	}
	if b.secret && !strings.Contains(a.Message(), "Value at '"+b.where+"'") {
		t.Errorf("a sensitive value is quoted: %.300q", a.Message())
	}
}
