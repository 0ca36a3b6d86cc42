package api

import (
	"net/http"

	"claviger/internal/fault"
	"claviger/internal/op"
)

// Protocol is one form of requests and of their answers: AWS JSON, AWS query, REST. It knows the
// operations that can be asked for in its form, and nothing of limits, signatures and the trail.
type Protocol interface {
	// Recognise reports whether a request is of this form, by all that comes before its body, and
	// what it is for.
	Recognise(r *http.Request) (a op.Asked, ok bool)

	// Name returns the operation that is asked for. It is called once the request, body included,
	// is known to be the caller's. With an error comes the name to record the refusal under.
	Name(r *http.Request, s *op.Service, body []byte) (o op.Operation, asked string, err error)

	// Decode reads the input of o into the struct that in points to, and tells what stood in the
	// request at all, by JSON pointers of AWS's names (RFC 6901).
	Decode(r *http.Request, o op.Operation, body []byte, in any) (
		present func(pointer string) bool, err error)

	// Answer writes what o answered. It returns an error before it has written anything, or none.
	// The request's id stands in w's headers.
	Answer(w http.ResponseWriter, r *http.Request, o op.Operation, out any) error

	// Fault writes an error in the words of the service, which may be nil. f has no cause: there is
	// nothing in it that the caller may not know.
	Fault(w http.ResponseWriter, r *http.Request, s *op.Service, f *fault.Error)
}
