// Package rest serves operations as REST resources under /v1. A request is the JSON document of AWS
// JSON with the values of path and query laid over it, and an error is a problem document.
//
// # Which resource a path names
//
// An operation declares its routes, and all of them are in one table. A path names one resource,
// whatever the method. Where two patterns fit, that counts which says more: /v1/keys/tags/a is the
// tags of a, and not a key called tags/a. Only what stands in a path unescaped is compared with the
// words of patterns. So a name whose slashes are escaped is always a name, and clients that escape
// what they put into a path, as those made from the OpenAPI document do, can't be misunderstood.
package rest

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"claviger/internal/op"
	"claviger/internal/wire"
)

// Protocol serves the operations that have a route. [New] makes it.
type Protocol struct{ resources table }

// New returns the protocol for the routed operations among ops. It panics if two of them have one
// route, if a path names what is no member, if a Rooted operation has no path with a greedy member,
// or if nothing is found where an operation says that it makes something: all are mistakes in the
// program.
func New(ops []op.Operation) *Protocol {
	p := &Protocol{table{}}
	for _, o := range ops {
		n := o.Info()
		for _, route := range n.Routes() {
			p.resources.add(o, route)
		}
		if n.Rooted && !slices.ContainsFunc(n.Routes(), isGreedy) {
			panic("rest: no path of " + n.Name + " has a name that could begin with a slash")
		}
	}
	for _, o := range ops {
		p.resources.checkLocation(o.Info())
	}
	return p
}

// operation returns what a request asks for, once it has been to [Protocol.Route]. HEAD is GET: the
// server leaves out the body.
func (p *Protocol) operation(r *http.Request) op.Operation {
	at := p.resources.named(r.Pattern)
	if at == nil {
		return nil
	}
	if r.Method == http.MethodHead {
		return at.methods[http.MethodGet]
	}
	return at.methods[r.Method]
}

// Recognise takes all that is under /v1. Without a route there is no service.
func (p *Protocol) Recognise(r *http.Request) (op.Asked, bool) {
	if !strings.HasPrefix(r.URL.Path, prefix) {
		return op.Asked{}, false
	}
	o := p.operation(r)
	if o == nil {
		return op.Asked{}, true
	}
	n := o.Info()
	return op.Asked{Service: n.Service, Operation: o, Condition: condition(r, n)}, true
}

// Name is in the route.
func (p *Protocol) Name(r *http.Request, _ *op.Service, _ []byte) (op.Operation, string, error) {
	return p.operation(r), "", nil
}

// Decode lays the values of path and query over the JSON document of the body, by member name. From
// there on it is the same request as in AWS JSON.
func (p *Protocol) Decode(r *http.Request, o op.Operation, body []byte, in any) (
	func(string) bool, error) {
	n := o.Info()
	if err := negotiate(r, body); err != nil {
		return nil, err
	}
	values, err := inQuery(r, n)
	if err != nil {
		return nil, err
	}
	at := p.resources.named(r.Pattern)
	for i, s := range at.path {
		if s.member == "" {
			continue
		}
		name, err := at.name(i, r.PathValue(s.member))
		if err != nil {
			return nil, err
		}
		values[s.member] = []string{name}
	}
	doc, err := overlay(body, values, n.In)
	if err != nil {
		return nil, err
	}
	if err = idempotent(r, n, doc); err != nil {
		return nil, err
	}
	text, err := encode(doc)
	if err != nil {
		return nil, err
	}
	return wire.Presence(text), wire.Decode(text, in)
}

// Answer writes the document, or nothing for an operation that answers nothing and to a caller that
// has it. What was made is said to be, and where; so is the next page of a listing.
func (p *Protocol) Answer(w http.ResponseWriter, r *http.Request, o op.Operation,
	in, out any) error {
	if _, same := out.(op.NotModified); same {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	n, h := o.Info(), w.Header()
	_, none := out.(op.None)
	var body []byte
	if !none {
		var err error
		if body, err = wire.Encode(out); err != nil {
			return err
		}
		h.Set("Content-Type", "application/json")
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if next := nextPage(r, n, out); next != "" {
			h.Set("Link", next)
		}
	}
	if at := p.resources.location(n, in, out); at != "" {
		h.Set("Location", at)
	}
	status := Status(n)
	if status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// Status returns the status of an operation that succeeded.
func Status(n op.Info) int {
	switch {
	case n.Location != "":
		return http.StatusCreated
	case n.Out == reflect.TypeFor[op.None]():
		return http.StatusNoContent
	}
	return http.StatusOK
}
