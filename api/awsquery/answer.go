package awsquery

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// Answer writes the output within the two elements that AWS puts around it, or the same in JSON.
func (p *Protocol) Answer(w http.ResponseWriter, r *http.Request, o op.Operation,
	_, out any) error {
	n := o.Info()
	_, none := out.(op.None)
	id := w.Header().Get("X-Amzn-Requestid")
	if wantsJSON(r) {
		body, err := inJSON(n.Name, id, out, none)
		if err != nil {
			return err
		}
		send(w, http.StatusOK, jsonType, body)
		return nil
	}
	d := new(document)
	d.open(n.Name+"Response", namespace(n.Service.XML))
	if !none {
		children := p.services[n.Service.Name].operations[n.Name].out
		shape{children: children}.element(d, n.Name+"Result", reflect.ValueOf(out))
	}
	d.open("ResponseMetadata", "")
	d.text("RequestId", id)
	d.close("ResponseMetadata")
	d.close(n.Name + "Response")
	send(w, http.StatusOK, xmlType, d.Bytes())
	return nil
}

func namespace(uri string) string { return ` xmlns="` + uri + `"` }

const (
	xmlType  = "text/xml"
	jsonType = "application/json"
)

// wantsJSON reports whether a client asks for JSON. Those that have GetCallerIdentity asked for by
// somebody else, as proof of who he is, do so, and AWS answers them.
func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), jsonType)
}

func inJSON(name, id string, out any, none bool) ([]byte, error) {
	b := []byte(`{"` + name + `Response":{`)
	if !none {
		doc, err := wire.Encode(out)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, `"`+name+`Result":`...), doc...), ',')
	}
	b, err := jsontext.AppendQuote(append(b, `"ResponseMetadata":{"RequestId":`...), id)
	return append(b, "}}}"...), err
}

func send(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// faultNamespace is that of failures which belong to no service's version. AWS uses it for an
// unknown Action only.
const faultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"

// Fault writes the error as AWS does: whose fault it is, its name and its text.
func (*Protocol) Fault(w http.ResponseWriter, r *http.Request, s *op.Service, f *fault.Error) {
	code, id := s.Code(f), w.Header().Get("X-Amzn-Requestid")
	status := statusOf(f.Kind, code)
	whose := "Sender"
	if status >= http.StatusInternalServerError {
		whose = "Receiver"
	}
	if wantsJSON(r) {
		body, _ := wire.Encode(failure{failed{whose, code, f.Message}, id})
		send(w, status, jsonType, body)
		return
	}
	uri := faultNamespace
	if code != unknownAction.Code && s != nil {
		uri = s.XML
	}
	d := new(document)
	d.open("ErrorResponse", namespace(uri))
	d.open("Error", "")
	d.text("Type", whose)
	d.text("Code", code)
	if f.Message != "" {
		d.text("Message", f.Message)
	}
	d.close("Error")
	d.text("RequestId", id)
	d.close("ErrorResponse")
	send(w, status, xmlType, d.Bytes())
}

// The parts of an error in JSON.
type (
	failure struct {
		Error     failed
		RequestId string
	}
	failed struct {
		Type, Code string
		Message    string `json:",omitzero"`
	}
)

// statuses is how each kind of fault looks where it isn't 400 (the common errors in the references
// of STS and IAM, and IAM's model).
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Unauthenticated: http.StatusForbidden,
	fault.Denied:          http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Exists:          http.StatusConflict,
	fault.State:           http.StatusConflict,
	fault.Limit:           http.StatusConflict,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Uncertain:       http.StatusInternalServerError,
	fault.DryRun:          http.StatusPreconditionFailed,
}

// statusesByCode are those that a kind doesn't decide.
var statusesByCode = map[string]int{
	"IncompleteSignature":   http.StatusBadRequest,
	"MalformedQueryString":  http.StatusNotFound,
	"IDPCommunicationError": http.StatusBadRequest,
	"Throttling":            http.StatusBadRequest,

	// Those of SNS, as its model has them.
	"ConcurrentAccess":          http.StatusBadRequest,
	"FilterPolicyLimitExceeded": http.StatusForbidden,
	"SubscriptionLimitExceeded": http.StatusForbidden,
	"TagLimitExceeded":          http.StatusBadRequest,
	"Throttled":                 http.StatusTooManyRequests,
	"TopicLimitExceeded":        http.StatusForbidden,
	"KMSAccessDenied":           http.StatusBadRequest,
	"KMSDisabled":               http.StatusBadRequest,
	"KMSInvalidState":           http.StatusBadRequest,
	"KMSNotFound":               http.StatusBadRequest,
}

func statusOf(k fault.Kind, code string) int {
	if status, ok := statusesByCode[code]; ok {
		return status
	}
	if status, ok := statuses[k]; ok {
		return status
	}
	return http.StatusBadRequest
}
