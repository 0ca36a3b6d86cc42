// Package awsjson is AWS JSON 1.1 and 1.0: POST / with the operation in X-Amz-Target, and documents
// in JSON both ways. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
package awsjson

import (
	"net/http"
	"strconv"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// Protocol serves the operations of all services that have a target prefix. [New] makes it.
type Protocol struct {
	byTarget map[string]op.Operation
	services map[string]*op.Service // by target prefix
	names    map[*op.Service][]string
}

// New returns the protocol for the routed operations among ops. It panics if two of them have one
// target: that is a mistake in the program.
func New(ops []op.Operation) *Protocol {
	p := &Protocol{byTarget: map[string]op.Operation{}, services: map[string]*op.Service{},
		names: map[*op.Service][]string{}}
	for _, o := range ops {
		n := o.Info()
		if n.Method == "" || n.Service.Target == "" {
			continue
		}
		for _, prefix := range prefixes(n.Service) {
			target := prefix + "." + n.Name
			if p.byTarget[target] != nil {
				panic("awsjson: two operations are called " + target)
			}
			p.byTarget[target], p.services[prefix] = o, n.Service
		}
		p.names[n.Service] = append(p.names[n.Service], n.Name)
	}
	return p
}

// prefixes are what targets of a service begin with. Of one that has dots in it, as CloudTrail's,
// some SDKs send what is behind the last.
func prefixes(s *op.Service) []string {
	if i := strings.LastIndexByte(s.Target, '.'); i >= 0 {
		return []string{s.Target, s.Target[i+1:]}
	}
	return []string{s.Target}
}

// cut returns a target's prefix and what is behind it: the prefix of a service with the dots that
// it has, and else all before the first one.
func (p *Protocol) cut(target string) (prefix, name string) {
	if i := strings.LastIndexByte(target, '.'); i >= 0 && p.services[target[:i]] != nil {
		return target[:i], target[i+1:]
	}
	prefix, name, _ = strings.Cut(target, ".")
	return prefix, name
}

// Recognise finds the service by the target's prefix.
func (p *Protocol) Recognise(r *http.Request) (op.Asked, bool) {
	target := r.Header.Get("X-Amz-Target")
	prefix, _ := p.cut(target)
	return op.Asked{Service: p.services[prefix], Operation: p.byTarget[target]}, target != ""
}

// Name is the target, if the body claims to be JSON of the service's version.
func (p *Protocol) Name(r *http.Request, s *op.Service, _ []byte) (op.Operation, string, error) {
	if mediaType(r) != contentType(s)[0] {
		return nil, "UnknownOperation", wrongType(s, mediaType(r))
	}
	target := r.Header.Get("X-Amz-Target")
	if o := p.byTarget[target]; o != nil {
		return o, "", nil
	}
	_, name := p.cut(target)
	return nil, name, p.noSuch(s, name)
}

func mediaType(r *http.Request) string {
	t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.TrimSpace(t)
}

var (
	json10 = []string{"application/x-amz-json-1.0"}
	json11 = []string{"application/x-amz-json-1.1"}
)

// contentType returns the header's value for a service, which may be nil.
func contentType(s *op.Service) []string {
	if s != nil && s.JSON == "1.0" {
		return json10
	}
	return json11
}

// Decode reads the document, which is the body as it stands.
func (*Protocol) Decode(_ *http.Request, _ op.Operation, body []byte, in any) (
	func(string) bool, error) {
	return wire.Presence(body), wire.Decode(body, in)
}

// Answer writes the document. For an operation that answers nothing it is empty, or the body is.
func (*Protocol) Answer(w http.ResponseWriter, _ *http.Request, o op.Operation, _, out any) error {
	var body []byte
	if _, none := out.(op.None); !none || o.Info().Service.Object {
		var err error
		if body, err = wire.Encode(out); err != nil {
			return err
		}
	}
	send(w, o.Info().Service, http.StatusOK, body)
	return nil
}

func send(w http.ResponseWriter, s *op.Service, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentType(s)
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Fault writes the error with the service's own spelling of the message's member. __type stands
// first, as AWS has it.
func (*Protocol) Fault(w http.ResponseWriter, _ *http.Request, s *op.Service, f *fault.Error) {
	member, code := "message", s.Code(f)
	if s != nil {
		member = s.MessageMember(code)
	}
	body, _ := jsontext.AppendQuote([]byte(`{"__type":`), code)
	if f.Message != "" {
		body, _ = jsontext.AppendQuote(append(body, `,"`+member+`":`...), f.Message)
	}
	if f.Details != nil {
		members, _ := wire.Encode(f.Details)
		body = append(append(body, ','), members[1:len(members)-1]...)
	}
	status, ok := statuses[f.Kind]
	if !ok {
		status = http.StatusBadRequest
	}
	send(w, s, status, append(body, '}'))
}

// statuses are those that aren't 400. AWS's endpoints answer whatever the caller can mend with 400,
// whatever the Smithy model says.
var statuses = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.TooLarge:    http.StatusRequestEntityTooLarge,
	fault.Unavailable: http.StatusInternalServerError,
	fault.Uncertain:   http.StatusInternalServerError,
}
