package api

import (
	_ "embed"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"claviger/api/rest"
	"claviger/internal/op"
	"claviger/internal/shape"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// schemaBase is where the document keeps its named schemas.
const schemaBase = "#/components/schemas/"

// The parts of an OpenAPI 3.1 document that we write, by the specification's names.
type (
	specification struct {
		OpenAPI    string                           `json:"openapi"`
		Info       info                             `json:"info"`
		Servers    []location                       `json:"servers"`
		Security   []map[string][]string            `json:"security"`
		Tags       []tag                            `json:"tags"`
		Paths      map[string]map[string]*operation `json:"paths"`
		Components components                       `json:"components"`
	}
	info struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
	}
	location struct {
		URL string `json:"url"`
	}
	tag struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	operation struct {
		ID          string              `json:"operationId"`
		Summary     string              `json:"summary"`
		Description string              `json:"description"`
		Tags        []string            `json:"tags"`
		Parameters  []parameter         `json:"parameters,omitzero"`
		Body        *content            `json:"requestBody,omitzero"`
		Responses   map[string]*content `json:"responses"`
	}
	parameter struct {
		Name        string           `json:"name"`
		In          string           `json:"in"`
		Description string           `json:"description,omitzero"`
		Required    bool             `json:"required,omitzero"`
		Schema      *shape.Schema    `json:"schema,omitzero"`
		Content     map[string]media `json:"content,omitzero"`
		Example     jsontext.Value   `json:"example,omitzero"`
	}
	// content is a request body, a response, or a reference to one.
	content struct {
		Ref         string            `json:"$ref,omitzero"`
		Description string            `json:"description,omitzero"`
		Required    bool              `json:"required,omitzero"`
		Headers     map[string]header `json:"headers,omitzero"`
		Content     map[string]media  `json:"content,omitzero"`
	}
	header struct {
		Description string        `json:"description"`
		Schema      *shape.Schema `json:"schema"`
	}
	media struct {
		Schema  *shape.Schema  `json:"schema"`
		Example jsontext.Value `json:"example,omitzero"`
	}
	components struct {
		SecuritySchemes map[string]scheme        `json:"securitySchemes"`
		Responses       map[string]*content      `json:"responses"`
		Schemas         map[string]*shape.Schema `json:"schemas"`
	}
	scheme struct {
		Type        string `json:"type"`
		In          string `json:"in"`
		Name        string `json:"name"`
		Description string `json:"description"`
		// AuthType is how clients of API Gateway know SigV4.
		AuthType string `json:"x-amazon-apigateway-authtype"`
	}
)

//go:embed docs/guide.md
var guideFile string

// guide is the prose before the operations: Markdown, with the statuses of REST at its end.
func guide() string {
	var b strings.Builder
	b.WriteString(guideFile)
	for _, status := range rest.Statuses() {
		fmt.Fprintf(&b, "- `%d` %s\n", status, meanings[status])
	}
	return b.String()
}

// meanings says what the caller should make of a status of REST.
var meanings = map[int]string{
	http.StatusBadRequest: "The request can't be read or " +
		"breaks a constraint. Correct it.",
	http.StatusUnauthorized:  "The signature is missing or wrong, or nobody known made it.",
	http.StatusForbidden:     "The caller is known and not allowed to do this.",
	http.StatusNotFound:      "There is no such thing.",
	http.StatusNotAcceptable: "The answer would be JSON, and `Accept` leaves that out.",
	http.StatusConflict: "It exists already, is not in a state for this, " +
		"or was changed by others meanwhile.",
	http.StatusPreconditionFailed: "A dry run that would have succeeded.",
	http.StatusRequestEntityTooLarge: "The body is larger than what is read of the request. The " +
		"text says how much that is.",
	http.StatusUnsupportedMediaType: "The body says that it is something else than JSON.",
	http.StatusTooManyRequests:      "Too many requests, or a quota is reached. Slow down.",
	http.StatusInternalServerError:  "The service failed; its log says why.",
	http.StatusServiceUnavailable: "The token or the disk can't answer just now. " +
		"Try again later.",
	http.StatusGatewayTimeout: "The disk does not answer, and nobody knows whether the request was " +
		"performed. Look, or send it again.",
}

// OpenAPI returns the description of the REST routes of ops as an OpenAPI 3.1 document in JSON. It
// panics if two structures of one service have the same name: that is a mistake in the program.
func OpenAPI(ops []op.Operation, version string) []byte {
	parts := map[string]*shape.Schema{}
	all := describe(ops, parts)
	doc := specification{
		OpenAPI:  "3.1.0",
		Info:     info{"Claviger", version, guide()},
		Servers:  []location{{"/"}},
		Security: []map[string][]string{{"sigv4": {}}},
		Paths:    map[string]map[string]*operation{},
	}
	failed := failures{map[string]*content{}, map[string]string{}}
	for _, g := range services(all) {
		doc.Tags = append(doc.Tags, tag{g.Name, g.Title})
	}
	for _, d := range all {
		for _, by := range append([]description{d}, d.Others...) {
			if doc.Paths[by.Route] == nil {
				doc.Paths[by.Route] = map[string]*operation{}
			}
			doc.Paths[by.Route][strings.ToLower(by.Verb)] = by.operation(failed)
		}
	}
	parts["Problem"] = problemSchema
	doc.Components = components{map[string]scheme{"sigv4": sigV4}, failed.named, parts}
	out, err := json.Marshal(doc, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		panic("api: the OpenAPI document can't be written: " + err.Error())
	}
	return append(out, '\n')
}

var sigV4 = scheme{"apiKey", "header", "Authorization",
	"AWS Signature Version 4, in the header or as a presigned query, for the Region and the " +
		"service that is asked: the operation's tag.", "awsSigv4"}

func (d *description) operation(failed failures) *operation {
	o := &operation{
		ID: d.ID, Summary: d.Doc, Tags: []string{d.Service.Name},
		Description: "`" + d.Call + "`",
		Responses:   map[string]*content{},
	}
	for _, m := range d.Members {
		if m.In != "body" {
			o.Parameters = append(o.Parameters, d.parameter(m))
		}
	}
	if d.Token != "" {
		o.Parameters = append(o.Parameters, idempotencyKey(d.Token))
	}
	if d.Watched {
		o.Parameters = append(o.Parameters, conditions...)
		o.Responses[strconv.Itoa(http.StatusNotModified)] = notModified
	}
	if body := d.body(); body != nil {
		o.Body = jsonContent("The request's members.", d.schemas.Name(d.bodyName(), body),
			d.Request("body"))
		o.Body.Required = len(body.Required) > 0
	}
	o.Responses[strconv.Itoa(rest.Status(d.Info))] = d.success()
	for status, codes := range d.errors() {
		o.Responses[strconv.Itoa(status)] = failed.name(d.Service.Name, status, d.failure(status, codes))
	}
	return o
}

// bodyName is what the schema of the body is called: by another route it may have members more.
func (d *description) bodyName() string {
	if first := d.Info.Name + "Request"; d.ID == d.Service.Name+"."+d.Info.Name {
		return first
	}
	return strings.TrimPrefix(d.ID, d.Service.Name+".") + "Request"
}

// idempotencyKey is the header that stands for the member which names a request.
func idempotencyKey(member string) parameter {
	return parameter{Name: "Idempotency-Key", In: "header", Schema: &shape.Schema{Type: "string"},
		Description: "Stands for " + member + ": send the same one to ask again for the same. " +
			"Without either the service makes one up."}
}

// conditions are the headers of a request that says what its caller has.
var conditions = []parameter{
	{Name: "If-None-Match", In: "header", Schema: &shape.Schema{Type: "string"},
		Description: "ETags of answers that the caller has: if what would be answered is one of " +
			"them, 304 says so."},
	{Name: "Prefer", In: "header", Schema: &shape.Schema{Type: "string"},
		Description: "`wait=SECONDS`, beside If-None-Match: the 304 is put off for up to so many " +
			"seconds, 50 at most, and what is new by then is answered at once."},
}

// watched has an answer say what its ETag is, and whether it would have waited.
func (c *content) watched() *content {
	c.header("ETag", "Names the answer, for If-None-Match.")
	c.header("Preference-Applied", "For how long the request would have waited.")
	return c
}

var notModified = (&content{Description: "It is what the caller has."}).watched()

// success is the answer of the operation itself.
func (d *description) success() *content {
	c := &content{Description: "Done."}
	if d.Answer != nil {
		c = jsonContent("Done.", d.schemas.Name(d.Name+"Response", d.Answer), d.Response())
	}
	if d.Location != "" {
		c.header("Location", "Where it is found: "+d.Location+".")
	}
	if d.Watched {
		c.watched()
	}
	if d.Verb == http.MethodGet && rest.InPages(d.Info) {
		c.header("Link", `The next page, as rel="next", if there is one.`)
	}
	return c
}

func (c *content) header(name, text string) {
	if c.Headers == nil {
		c.Headers = map[string]header{}
	}
	c.Headers[name] = header{text, &shape.Schema{Type: "string"}}
}

func (d *description) parameter(m located) parameter {
	p := parameter{Name: m.Name, In: m.In, Required: m.Required || m.In == "path",
		Description: m.Schema.Say, Schema: m.Schema}
	if m.Greedy {
		p.Description += " It may hold slashes, escaped or not."
	}
	if m.Rooted {
		p.Description += " Its first slash is left out: `app/db` is `/app/db`."
	}
	s := m.Schema
	if s.Type != "string" && s.Type != "integer" && s.Type != "boolean" && !isTexts(s) {
		p.Schema, p.Content = nil, map[string]media{"application/json": {Schema: s}}
	}
	if m.In == "path" && isTexts(s) {
		p.Schema = s.Items
	}
	return p
}

// isTexts reports whether query values may be repeated for a member: package rest reads them so.
func isTexts(s *shape.Schema) bool { return s.Type == "array" && s.Items.Type == "string" }

func jsonContent(text string, s *shape.Schema, example jsontext.Value) *content {
	return &content{Description: text,
		Content: map[string]media{"application/json": {s, example}}}
}

var problemSchema = func() *shape.Schema {
	s := shape.Schemas{Say: shape.Sentences{
		"type":      "Always about:blank: errors are told apart by code.",
		"title":     "What HTTP calls the status.",
		"status":    "The status of the answer.",
		"detail":    "What is wrong, for people; absent where AWS says nothing.",
		"code":      "AWS's name of the error.",
		"requestId": "The id of the request, for the operator and for the audit trail.",
	}}.Of(reflect.TypeFor[rest.Problem]())
	s.Description = "A problem document of RFC 9457."
	return s
}()
