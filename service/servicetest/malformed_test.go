package servicetest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
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
	alone    string // all that is answered, where the member's shape has words of its own
	fits     bool   // in a form it is no breach, as a number is a text there
}

const notNull = "Member must not be null"

// breaches returns a value for every constraint of a member: length, value, pattern, enum, presence
// and JSON type.
func breaches(p shape.Property, where string) (all []breach) {
	if p.Required {
		all = append(all, breach{where: where, sentence: notNull})
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
		all = append(all, breach{value: v, where: where, fits: fitsForm(s, v)})
	}
	return all
}

// ofValue returns values that break the constraints of a schema.
func ofValue(s *shape.Schema, where string) (all []breach) {
	r := s.Row
	add := func(v any, format string, args ...any) {
		secret := r.Sensitive || s.ContentEncoding != ""
		b := breach{value: v, where: where, sentence: fmt.Sprintf(format, args...), secret: secret}
		if text, ok := v.(string); ok && r.Refusal != "" && len(text) <= r.Max {
			b.alone = fmt.Sprintf(r.Refusal, where)
		}
		all = append(all, b)
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
		if s.AdditionalProperties.Target != nil {
			return append(all, inside(s.AdditionalProperties.Target, where+".k.member.",
				func(v any) any { return map[string]any{"k": v} })...)
		}
		for _, b := range ofValue(s.AdditionalProperties, where) {
			all = append(all, breach{value: map[string]any{"k": b.value}, where: where,
				sentence: b.sentence, secret: b.secret})
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
		all = append(all, breach{value: good, where: where,
			sentence: fmt.Sprintf("Member must have length less than or equal to %d", r.Max)})
	}
	if r.Min != 0 {
		all = append(all, breach{value: good[:r.Min-1], where: where,
			sentence: fmt.Sprintf("Member must have length greater than or equal to %d", r.Min)})
	}
	if s.Items.Target != nil {
		return append(all, inside(s.Items.Target, where+".1.member.",
			func(v any) any { return []any{v} })...)
	}
	for _, b := range ofValue(s.Items, where) {
		all = append(all, breach{value: []any{b.value}, where: where, sentence: b.sentence,
			secret: b.secret})
	}
	return append(all, breach{value: []any{1.5}, where: where, fits: s.Items.Type == "string"})
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
			all = append(all, breach{value: wrap(members), where: b.where, sentence: b.sentence,
				secret: b.secret, alone: b.alone, fits: b.fits})
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
	case s.Type == "number":
		return 1
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
					if b.sentence == "" && n.Service.XML != "" && b.fits {
						continue
					}
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

// fitsForm reports whether a value of the wrong type is none in a form, where a number is a text,
// too.
func fitsForm(s *shape.Schema, value any) bool {
	switch value.(type) {
	case bool, float64:
		return s.Type == "string"
	case []any:
		return s.Type == "object" && s.Properties != nil // its indices are members that nobody knows
	}
	return false
}

func malformed(t *testing.T, s *servicetest.Server, n op.Info, document string, b breach) {
	t.Helper()
	w := &walker{s, n, n.Route, s.Mark(t)}
	a := w.send(t, document, s.Root, false)
	code, inForm := "ValidationException", n.Service.XML != ""
	switch {
	case len(document) > usualBody && !n.Large,
		inForm && len(callOf(t, n, document).Body) > usualBody: // only the body says what is asked
		// It is refused unread, and before its caller is known.
		if a.Status != 413 || a.Code() != n.Service.Named("RequestEntityTooLargeException") {
			t.Errorf("%d bytes are answered %d %.300s", len(document), a.Status, a.Body)
		}
		return
	case b.sentence == "":
		code = "SerializationException"
	case asParameter(n, b) != "":
		code = "MissingParameter"
	}
	w.refusal(t, a, false, 400, code)
	if t.Failed() {
		t.Fatalf("the document was %.300s", document)
	}
	if b.sentence == "" {
		return
	}
	if missed := asParameter(n, b); missed != "" {
		b.alone = missed
	}
	if b.alone != "" {
		if a.Message() != b.alone {
			t.Errorf("%.300s\nanswered %q\nwant %q", document, a.Message(), b.alone)
		}
		return
	}
	if n.Service.Words.Terse {
		b.secret = true
		b.sentence = strings.TrimSuffix(b.sentence, ": [")
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

// asParameter returns what a service says that misses a member as a parameter of the form, or
// nothing.
func asParameter(n op.Info, b breach) string {
	words, steps := n.Service.Words, strings.Split(b.where, ".")
	inside := len(steps) > 1 && words.MissingParameter
	if b.sentence != notNull || !inside && !slices.Contains(words.Parameters, n.In.Name()) {
		return ""
	}
	for i := range steps {
		if steps[i] == "member" { // tags.1.member.key is the parameter Tags.member.1.Key
			steps[i-1], steps[i] = steps[i], steps[i-1]
			continue
		}
		steps[i] = strings.ToUpper(steps[i][:1]) + steps[i][1:]
	}
	return "The request must contain the parameter " + strings.Join(steps, ".") + "."
}
