// Package rest serves operations as REST resources under /v1. A request is the JSON document of AWS
// JSON with the values of path and query laid over it, and an error is a problem document.
//
// The routing itself is the caller's: whoever mounts [Pattern] leaves the pattern that fitted, and
// what the wildcard stands for, in the request (http.Request.Pattern and PathValue).
package rest

import (
	"net/http"
	"net/url"
	"strings"

	"claviger/internal/op"
	"claviger/internal/wire"
)

// prefix is the beginning of every resource's path.
const prefix = "/v1/"

// Protocol serves the operations that have a route. [New] makes it.
type Protocol struct{ resources map[route]resource }

// route is what a router tells apart.
type route struct{ method, pattern string }

// resource is an operation and the member of its input that stands in the path, if one does.
type resource struct {
	op.Operation
	service *op.Service
	member  string
}

// New returns the protocol for the routed operations among ops. It panics if two of them have one
// route, or if a path names what is no member: both are mistakes in the program.
func New(ops []op.Operation) *Protocol {
	p := &Protocol{map[route]resource{}}
	for _, o := range ops {
		n := o.Info()
		if n.Method == "" {
			continue
		}
		_, member := split(n.Path)
		if _, known := n.In.FieldByName(member); member != "" && !known {
			panic("rest: " + n.Name + " has no member " + member)
		}
		at := route{n.Method, Pattern(n)}
		if p.resources[at].Operation != nil || !strings.HasPrefix(n.Path, prefix) {
			panic("rest: " + n.Name + " can't have the route " + n.Method + " " + n.Path)
		}
		p.resources[at] = resource{o, n.Service, member}
	}
	return p
}

// Pattern returns what a router has to match for an operation. The one member in the path is
// greedy: names may hold slashes, and * at the end stands for it.
func Pattern(n op.Info) string {
	before, member := split(n.Path)
	if member != "" {
		return before + "*"
	}
	return before
}

// split returns a path up to its member, and the member.
func split(path string) (before, member string) {
	before, rest, _ := strings.Cut(path, "{")
	return before, strings.TrimSuffix(rest, "...}")
}

func (p *Protocol) find(r *http.Request) resource {
	return p.resources[route{r.Method, r.Pattern}]
}

// Recognise takes all that is under /v1. Without a route there is no service.
func (p *Protocol) Recognise(r *http.Request) (op.Asked, bool) {
	if !strings.HasPrefix(r.URL.Path, prefix) {
		return op.Asked{}, false
	}
	found := p.find(r)
	return op.Asked{Service: found.service, Operation: found.Operation}, true
}

// Name is in the route.
func (p *Protocol) Name(r *http.Request, _ *op.Service, _ []byte) (op.Operation, string, error) {
	return p.find(r).Operation, "", nil
}

// Decode lays the values of path and query over the JSON document of the body, by member name. From
// there on it is the same request as in AWS JSON.
func (p *Protocol) Decode(r *http.Request, o op.Operation, body []byte, in any) (
	func(string) bool, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badQuery.Because(err) // Query would leave out what it can't read
	}
	if member := p.find(r).member; member != "" {
		name, err := identifier(r.PathValue("*"))
		if err != nil {
			return nil, err
		}
		values[member] = []string{name}
	}
	doc, err := overlay(body, values, o.Info().In)
	if err != nil {
		return nil, err
	}
	return wire.Presence(doc), wire.Decode(doc, in)
}

// Answer writes the document, or 204 for an operation that answers nothing.
func (*Protocol) Answer(w http.ResponseWriter, _ *http.Request, _ op.Operation, out any) error {
	if _, none := out.(op.None); none {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	body, err := wire.Encode(out)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
	return nil
}
