package api

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"claviger/api/rest"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/shape"
	"claviger/internal/wire"
)

type object = map[string]any

func openAPI(t *testing.T) (doc object) {
	t.Helper()
	if err := json.Unmarshal(OpenAPI(registry(), "1.2.3"), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at walks down a document by names.
func at(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(object)
		v = m[name]
	}
	return v
}

// resolve follows a reference.
func resolve(doc object, v any) object {
	if ref, ok := at(v, "$ref").(string); ok {
		return resolve(doc, at(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...))
	}
	m, _ := v.(object)
	return m
}

func TestOpenAPI_EveryRoutedOperation_IsThere(t *testing.T) {
	doc := openAPI(t)
	if doc["openapi"] != "3.1.0" || at(doc, "info", "version") != "1.2.3" {
		t.Errorf("openapi %v, version %v", doc["openapi"], at(doc, "info", "version"))
	}
	listed, routed := 0, 0
	for _, path := range doc["paths"].(object) {
		listed += len(path.(object))
	}
	for _, o := range registry() {
		n := o.Info()
		if n.Method == "" {
			continue
		}
		for i, r := range n.Routes() {
			routed++
			id := n.Service.Name + "." + n.Name
			if i > 0 {
				id += "." + strconv.Itoa(i+1)
			}
			got := at(doc, "paths", shown(r), strings.ToLower(r.Method))
			if at(got, "operationId") != id || at(got, "summary") != n.Doc ||
				!strings.Contains(fmt.Sprint(at(got, "description")), call(n)) {
				t.Errorf("%s: %v", n.Name, got)
			}
		}
	}
	if listed != routed || routed == 0 {
		t.Errorf("%d operations in the document, %d in the registry", listed, routed)
	}
}

// shown is a route's path as the document has it.
func shown(r op.Route) string { return strings.Replace(r.Path, "...}", "}", 1) }

func TestOpenAPI_Document_IsWellFormed(t *testing.T) {
	doc := openAPI(t)
	walk(doc, func(at string, v any) {
		if m, ok := v.(object); ok && m["$ref"] != nil && resolve(doc, m) == nil {
			t.Errorf("%s: %v leads nowhere", at, m["$ref"])
		}
	})
	inPath := regexp.MustCompile(`\{([^}]*)\}`)
	ids := map[any]bool{}
	for path, item := range doc["paths"].(object) {
		for method, v := range item.(object) {
			o := v.(object)
			if ids[o["operationId"]] {
				t.Errorf("two operations are called %v", o["operationId"])
			}
			ids[o["operationId"]] = true
			var declared, wanted []string
			for _, p := range list(o["parameters"]) {
				if at(p, "in") == "path" {
					declared = append(declared, at(p, "name").(string))
					if at(p, "required") != true {
						t.Errorf("%s %s: a path parameter that may be absent", method, path)
					}
				}
				if (at(p, "schema") == nil) == (at(p, "content") == nil) {
					t.Errorf("%s %s: %v needs either a schema or a content", method, path, p)
				}
			}
			for _, m := range inPath.FindAllStringSubmatch(path, -1) {
				wanted = append(wanted, m[1])
			}
			slices.Sort(declared)
			slices.Sort(wanted)
			if !slices.Equal(declared, wanted) {
				t.Errorf("%s %s: declares %q", method, path, declared)
			}
			if (method == "get" || method == "delete") && o["requestBody"] != nil {
				t.Errorf("%s %s has a body", method, path)
			}
			checkResponses(t, doc, method+" "+path, o["responses"].(object))
			if tag := list(o["tags"]); len(tag) != 1 ||
				!slices.ContainsFunc(list(doc["tags"]),
					func(v any) bool { return at(v, "name") == tag[0] }) {
				t.Errorf("%s %s: tags %v", method, path, tag)
			}
		}
	}
	for _, need := range list(doc["security"]) {
		for name := range need.(object) {
			if at(doc, "components", "securitySchemes", name) == nil {
				t.Errorf("there is no scheme %s", name)
			}
		}
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// walk visits every value of a document.
func walk(v any, visit func(at string, v any)) {
	var down func(at string, v any)
	down = func(at string, v any) {
		visit(at, v)
		switch v := v.(type) {
		case object:
			for name, inner := range v {
				down(at+"/"+name, inner)
			}
		case []any:
			for i, inner := range v {
				down(at+"/"+strconv.Itoa(i), inner)
			}
		}
	}
	down("", v)
}

func checkResponses(t *testing.T, doc object, name string, responses object) {
	t.Helper()
	done := 0
	for _, status := range []string{"200", "201", "204"} {
		if responses[status] != nil {
			done++
		}
	}
	if done != 1 {
		t.Errorf("%s: has %d answers of its own", name, done)
	}
	for status, r := range responses {
		r := resolve(doc, r)
		if text, _ := r["description"].(string); text == "" {
			t.Errorf("%s: nothing is said of %s", name, status)
		}
		if status[0] > '3' && resolve(doc,
			at(r, "content", "application/problem+json", "schema"))["properties"] == nil {
			t.Errorf("%s: %s is no problem document", name, status)
		}
	}
	for _, status := range []int{400, 401, 403, 406, 429, 500, 503} {
		if responses[strconv.Itoa(status)] == nil {
			t.Errorf("%s: %d is not told", name, status)
		}
	}
}

// TestOpenAPI_Errors_AreThoseOfTheCatalogue: each error of an operation is there with the status
// that REST gives it, and no other is but those of all.
func TestOpenAPI_Errors_AreThoseOfTheCatalogue(t *testing.T) {
	doc := openAPI(t)
	for _, o := range registry() {
		n := o.Info()
		common := map[string]bool{}
		for code := range op.Common {
			common[n.Service.Named(code)] = true
		}
		for code := range n.Service.Failing() {
			common[code] = true
		}
		for _, r := range n.Routes() {
			want := map[string]bool{}
			for _, code := range n.Service.Answers.Of(n.Name) {
				for _, kind := range n.Service.Failures[code].Kinds {
					status := rest.StatusOf(&fault.Error{Kind: kind, Code: code})
					want[strconv.Itoa(status)+" "+code] = true
				}
			}
			responses := at(doc, "paths", shown(r), strings.ToLower(r.Method), "responses")
			for status, v := range responses.(object) {
				codes := at(resolve(doc, v), "content", "application/problem+json", "schema",
					"properties", "code", "enum")
				for _, code := range list(codes) {
					pair := status + " " + code.(string)
					if !want[pair] && !common[code.(string)] {
						t.Errorf("%s %s: %s is not in the catalogue", r.Method, r.Path, pair)
					}
					delete(want, pair)
				}
			}
			for pair := range want {
				t.Errorf("%s %s: %s is missing", r.Method, r.Path, pair)
			}
		}
	}
}

// TestOpenAPI_IdempotencyKey_IsThereWhereItIsTaken: and what SDKs make up is not required.
func TestOpenAPI_IdempotencyKey_IsThereWhereItIsTaken(t *testing.T) {
	doc := openAPI(t)
	for _, o := range registry() {
		n := o.Info()
		for _, r := range n.Routes() {
			got := at(doc, "paths", shown(r), strings.ToLower(r.Method))
			has := slices.ContainsFunc(list(at(got, "parameters")), func(p any) bool {
				return at(p, "name") == "Idempotency-Key" && at(p, "in") == "header"
			})
			if has != (n.Token != "") {
				t.Errorf("%s %s: Idempotency-Key is %v, and the token is %q", r.Method, r.Path, has,
					n.Token)
			}
			body := resolve(doc, at(got, "requestBody", "content", "application/json", "schema"))
			if n.Token != "" && slices.Contains(list(body["required"]), any(n.Token)) {
				t.Errorf("%s %s: %s is required", r.Method, r.Path, n.Token)
			}
		}
	}
}

func TestOpenAPI_Schemas_SayWhatTheTablesSay(t *testing.T) {
	doc := openAPI(t)
	for _, o := range registry() {
		n := o.Info()
		if n.Method == "" {
			continue
		}
		for _, r := range n.Routes() {
			got := at(doc, "paths", shown(r), strings.ToLower(r.Method))
			members := object{}
			for _, p := range list(at(got, "parameters")) {
				s := at(p, "schema")
				if s == nil {
					s = at(p, "content", "application/json", "schema")
				}
				members[at(p, "name").(string)] = s
			}
			body := resolve(doc, at(got, "requestBody", "content", "application/json", "schema"))
			for name, s := range orEmpty(body["properties"]) {
				members[name] = s
			}
			checkMembers(t, doc, n.Name, n.Service.Shapes, n.In, members)
		}
	}
}

func orEmpty(v any) object {
	m, _ := v.(object)
	return m
}

func checkMembers(t *testing.T, doc object, where string, table shape.Table, typ reflect.Type,
	members object) {
	t.Helper()
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("shape"), ",")
		if f.Anonymous {
			continue
		}
		s := resolve(doc, members[f.Name])
		if s == nil {
			t.Errorf("%s.%s is not in the document", where, f.Name)
			continue
		}
		inner := f.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[wire.Time]() {
			structure := s
			if s["items"] != nil {
				structure = resolve(doc, s["items"])
			}
			checkMembers(t, doc, where+"."+f.Name, table, inner, orEmpty(structure["properties"]))
		}
		checkRow(t, where+"."+f.Name, table, table[name], s)
	}
}

func checkRow(t *testing.T, where string, table shape.Table, row shape.Shape, s object) {
	t.Helper()
	least, most := row.Min, row.Max
	suffix := map[any]string{"string": "Length", "array": "Items", "object": "Properties",
		"integer": "imum"}[s["type"]]
	if s["contentEncoding"] == "base64" {
		least, most = base64.StdEncoding.EncodedLen(least), base64.StdEncoding.EncodedLen(most)
	}
	for key, want := range map[string]int{"min" + suffix: least, "max" + suffix: most} {
		if got, _ := s[key].(float64); got != float64(want) {
			t.Errorf("%s: %s is %v, want %d", where, key, s[key], want)
		}
	}
	bare := strings.NewReplacer(`\`, "") // the schema has no needless escapes
	if got, _ := s["pattern"].(string); !strings.Contains(bare.Replace(got),
		bare.Replace(row.Pattern)) || (got == "") != (row.Pattern == "") {
		t.Errorf("%s: the pattern is %q, want %q", where, got, row.Pattern)
	}
	if got := list(s["enum"]); len(got) != len(row.Enum) {
		t.Errorf("%s: the values are %v, want %v", where, got, row.Enum)
	}
	if (s["format"] == "password") != row.Sensitive {
		t.Errorf("%s: sensitive is %v, want %v", where, s["format"] == "password", row.Sensitive)
	}
	for key, part := range map[string]string{"items": row.Member, "propertyNames": row.Key,
		"additionalProperties": row.Value} {
		if inner, ok := s[key].(object); ok && inner["$ref"] == nil {
			checkRow(t, where+"/"+key, table, table[part], inner)
		}
	}
}
