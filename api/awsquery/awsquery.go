// Package awsquery is the AWS query protocol: a form with Action and Version, in the body of a POST
// or in the query string, and answers in XML.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
//
// The operation's name is in the body, so that it is read only once the body is known to be the
// caller's. Which service is asked stands in the scope of the signature, as AWS has it in the host.
//
// # What is stricter than AWS, and why
//
//   - Parameters stand in the query string or in the body, not in both: which of two values counts
//     would be known to us alone.
//   - A list's indices run from 1 without gaps: what was left out of a list by mistake is not done.
//   - A parameter that names a member and then goes on in a way that the member's type does not is
//     refused. One that names no member at all is left out, as AWS does.
//   - A bare semicolon is refused: older readers of forms take it for an ampersand.
package awsquery

import (
	"mime"
	"net/http"
	"net/url"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// Protocol serves the operations of all services that have a namespace for XML. [New] makes it.
type Protocol struct {
	services map[string]*service // by signing name
	first    *op.Service         // asked by whoever doesn't say which one it is that he asks

	// The operations that need no signature, by name: one that is two services' can't be told apart.
	nameless map[string]op.Operation
}

// service is a service and its operations by name.
type service struct {
	*op.Service
	operations map[string]operation
}

// operation is an operation, and how its input is read and its output written.
type operation struct {
	op.Operation
	in  *input
	out encoder
}

// New returns the protocol for the routed operations among ops. It panics if two of one service
// have one name, or if a member has a type that has no form here: both are mistakes in the program.
func New(ops []op.Operation) *Protocol {
	p := &Protocol{services: map[string]*service{}, nameless: map[string]op.Operation{}}
	for _, o := range ops {
		n := o.Info()
		if n.Method == "" || n.Service.XML == "" {
			continue
		}
		if p.first == nil {
			p.first = n.Service
		}
		s := p.services[n.Service.Name]
		if s == nil {
			s = &service{n.Service, map[string]operation{}}
			p.services[n.Service.Name] = s
		}
		if _, twice := s.operations[n.Name]; twice {
			panic("awsquery: two operations of " + s.Name + " are called " + n.Name)
		}
		s.operations[n.Name] = operation{o, inputOf(n.In), encoderOf(n.Out)}
		if !n.Unsigned {
			continue
		}
		if p.nameless[n.Name] != nil {
			panic("awsquery: two services have an operation " + n.Name + " that needs no signature")
		}
		p.nameless[n.Name] = o
	}
	return p
}

// Asks reports whether a GET of / asks for an operation: there is an Action in the query string.
func Asks(r *http.Request) bool {
	for raw := r.URL.RawQuery; raw != ""; {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if strings.HasPrefix(pair, "Action=") {
			return true
		}
	}
	return false
}

// Recognise takes what has an Action in the query string or sends a form, and finds the service by
// the signature. That the signature is one, and good for that service, is for others to find out.
func (p *Protocol) Recognise(r *http.Request) (op.Asked, bool) {
	if p.first == nil || r.Header.Get("X-Amz-Target") != "" {
		return op.Asked{}, false
	}
	if !Asks(r) && (r.Method != http.MethodPost || !isForm(r)) {
		return op.Asked{}, false
	}
	if s := p.services[signedFor(r)]; s != nil {
		return op.Asked{Service: s.Service}, true
	}
	if form, err := parse(r.URL.RawQuery); err == nil {
		if o := p.unsigned(form); o != nil {
			return op.Asked{Service: o.Info().Service}, true
		}
	}
	return op.Asked{Service: p.first}, true
}

// unsigned returns the operation that a form without a signature asks for, of whatever service it
// is: nothing but its name tells. It is nil if there is none of that name.
func (p *Protocol) unsigned(form parameters) op.Operation {
	action, _ := form.value("Action")
	return p.nameless[action]
}

func isForm(r *http.Request) bool {
	t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return t == "application/x-www-form-urlencoded"
}

// signedFor returns the service in the scope of the credential, or nothing that is one.
func signedFor(r *http.Request) string {
	_, credential, found := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !found {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.SplitN(credential, "/", 5)
	if len(parts) < 5 {
		return ""
	}
	return parts[3]
}

var (
	unknownAction = fault.New(fault.Invalid, "InvalidAction", "")
	missingAction = fault.New(fault.Invalid, "MissingAction",
		"The request must contain the parameter Action.")
	inBoth = fault.New(fault.Invalid, "InvalidParameterCombination",
		"Parameters must stand in the query string or in the body as a form, and not in both.")
)

// Name is the Action, if the Version is the service's.
func (p *Protocol) Name(r *http.Request, s *op.Service, body []byte) (op.Operation, string, error) {
	form, err := parametersOf(r, body)
	if err != nil {
		return nil, "UnknownOperation", err
	}
	action, _ := form.value("Action")
	if action == "" {
		return nil, "UnknownOperation", missingAction
	}
	if o := p.unsigned(form); o != nil && signedFor(r) == "" {
		s = o.Info().Service
	}
	version, given := form.value("Version")
	switch {
	case !given && s.Unversioned:
		version = s.Version
	case !given:
		version = "NO_VERSION_SPECIFIED"
	}
	if o, ok := p.services[s.Name].operations[action]; ok && version == s.Version {
		return o.Operation, "", nil
	}
	return nil, quoted(action), fault.Newf(fault.Invalid, unknownAction.Code,
		"Could not find operation %s for version %s", quoted(action), quoted(version))
}

// quoted makes what a client sent fit to be said back and to be recorded.
func quoted(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), 128)], "\uFFFD")
}

// Decode turns the form into the JSON document of the input: from there on it is the same request
// as in AWS JSON.
func (p *Protocol) Decode(r *http.Request, o op.Operation, body []byte, in any) (
	func(string) bool, error) {
	form, err := parametersOf(r, body)
	if err != nil {
		return nil, err
	}
	n := o.Info()
	doc, err := p.services[n.Service.Name].operations[n.Name].in.document(form)
	if err != nil {
		return nil, err
	}
	return wire.Presence(doc), wire.Decode(doc, in)
}

// parametersOf returns the parameters of a request, from the one place where there are any.
func parametersOf(r *http.Request, body []byte) (parameters, error) {
	inQuery, err := parse(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	inQuery = inQuery.withoutSignature()
	if len(body) == 0 {
		return inQuery, nil
	}
	if len(inQuery) > 0 || r.Method != http.MethodPost || !isForm(r) {
		return nil, inBoth
	}
	return parse(string(body))
}

// withoutSignature leaves out what belongs to a presigned request's signature.
func (all parameters) withoutSignature() (own parameters) {
	for _, p := range all {
		if !strings.HasPrefix(p.name, "X-Amz-") {
			own = append(own, p)
		}
	}
	return own
}

// parameters is a form in the order in which it came.
type parameters []parameter

type parameter struct{ name, value string }

// value returns the first value of a name: AWS goes by the first.
func (all parameters) value(name string) (value string, given bool) {
	for _, p := range all {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

var (
	badSyntax = fault.New(fault.Invalid, "MalformedQueryString",
		"The query string contains a syntax error: a value is badly escaped, or has a ';' in it.")
	tooManyParameters = malformed("The request holds more than %d parameters.", wire.MaxValues)
)

// parse reads a form (https://url.spec.whatwg.org/#application/x-www-form-urlencoded).
func parse(raw string) (parameters, error) {
	if strings.Contains(raw, ";") {
		return nil, badSyntax
	}
	if strings.Count(raw, "&") >= wire.MaxValues {
		return nil, tooManyParameters
	}
	var all parameters
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, badSyntax
		}
		all = append(all, parameter{name, value})
	}
	return all, nil
}

// malformed says why a request can't be turned into the operation's input.
func malformed(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Invalid, "SerializationException", format, args...)
}
