package api

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"claviger/api/rest"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/shape"
)

// failing is what is known of an error: its name, its status with REST, and the rest.
type failing struct {
	Code   string
	Status int
	op.Failure
}

// errors returns what the operation may answer by this route instead of its own answer, by status:
// its own errors, and those of all that can come by such a request.
func (d *description) errors() map[int][]failing {
	all := map[int][]failing{}
	add := func(code string, f op.Failure) {
		for _, kind := range f.Kinds {
			status := rest.StatusOf(&fault.Error{Kind: kind, Code: code})
			all[status] = append(all[status], failing{code, status, f})
		}
	}
	for _, code := range d.Service.Answers.Of(d.Info.Name) {
		add(code, d.Service.Failures[code])
	}
	for code, f := range op.Common {
		if d.mayAnswer(code) {
			add(d.Service.Named(code), f)
		}
	}
	for code, f := range d.Service.Failing() {
		add(code, f)
	}
	if d.ReadOnly { // only what changes something can meet others who do
		all[http.StatusConflict] = slices.DeleteFunc(all[http.StatusConflict],
			func(f failing) bool { return f.Code == d.Service.Named("ThrottlingException") })
	}
	maps.DeleteFunc(all, func(_ int, list []failing) bool { return len(list) == 0 })
	for _, list := range all {
		slices.SortFunc(list, func(a, b failing) int { return strings.Compare(a.Code, b.Code) })
	}
	return all
}

// mayAnswer reports whether an error that all services have can come by this route: the operation
// is always known, and what is wrong with a body needs one.
func (d *description) mayAnswer(common string) bool {
	switch common {
	case "UnknownOperationException":
		return false
	case "UnsupportedMediaTypeException", "RequestEntityTooLargeException":
		return len(d.in("body")) > 0
	}
	return true
}

// Errors lists the operation's own errors with their statuses.
func (d *description) Errors() (own []failing) {
	names := d.Service.Answers.Of(d.Info.Name)
	for _, status := range slices.Sorted(maps.Keys(d.errors())) {
		for _, f := range d.errors()[status] {
			if slices.Contains(names, f.Code) {
				own = append(own, f)
			}
		}
	}
	return own
}

// link is a link within the documents, which lead nowhere from the description.
var link = regexp.MustCompile(`\[([^]]+)\]\([^)]+\)`)

// failure is the answer of one status, whose errors are told apart by their names.
func (d *description) failure(status int, list []failing) *content {
	codes := &shape.Schema{Type: "string"}
	var text strings.Builder
	text.WriteString(meanings[status])
	for _, f := range list {
		codes.Enum = append(codes.Enum, f.Code)
		fmt.Fprintf(&text, "\n- `%s`: %s", f.Code, link.ReplaceAllString(f.When, "$1"))
	}
	problem := &shape.Schema{Ref: schemaBase + "Problem",
		Properties: shape.Properties{{Name: "code", Schema: codes}}}
	c := &content{Description: text.String(),
		Content: map[string]media{"application/problem+json": {Schema: problem}}}
	if status == http.StatusUnauthorized {
		c.header("WWW-Authenticate", "How to sign, and for which service.")
	}
	return c
}

// failures are the answers in the place of an operation's own, each of them once: many operations
// fail alike.
type failures struct {
	named map[string]*content
	names map[string]string // by what they say
}

// name returns a reference to an answer: kms.409, or kms.409.2 if that one says something else.
func (all failures) name(service string, status int, c *content) *content {
	key := service + c.Description
	name, known := all.names[key]
	if !known {
		first := service + "." + strconv.Itoa(status)
		name = first
		for i := 2; all.named[name] != nil; i++ {
			name = first + "." + strconv.Itoa(i)
		}
		all.names[key], all.named[name] = name, c
	}
	return &content{Ref: "#/components/responses/" + name}
}
