package op_test

import (
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
)

// TestCode_EachKind_HasItsNameInTheService: where nobody knows yet which service is asked, a
// failure has the name that all of AWS's have.
func TestCode_EachKind_HasItsNameInTheService(t *testing.T) {
	query := &op.Service{XML: "https://vault.amazonaws.com/doc", Internal: "InternalFailure",
		Down: "ServiceUnavailable"}
	for _, c := range []struct {
		kind            fault.Kind
		code            string
		none, json, xml string // by no service, one of AWS JSON, one of AWS query
	}{
		{kind: fault.Internal, none: "InternalFailure", json: vault.Internal, xml: "InternalFailure"},
		{kind: fault.Internal, code: "Odd", none: "InternalFailure", json: vault.Internal,
			xml: "InternalFailure"},
		{kind: fault.Invalid, none: "InternalFailure", json: "ValidationException",
			xml: "ValidationError"},
		{kind: fault.Invalid, code: "Odd", none: "Odd", json: "Odd", xml: "Odd"},
		{kind: fault.Invalid, code: "ThrottlingException", none: "ThrottlingException",
			json: "ThrottlingException", xml: "Throttling"},
		{kind: fault.Unavailable, none: "InternalFailure", json: vault.Down,
			xml: "ServiceUnavailable"},
		{kind: fault.Uncertain, none: "InternalFailure", json: vault.Uncertain,
			xml: query.Internal},
		{kind: fault.Unavailable, code: "Odd", none: "Odd", json: "Odd", xml: "Odd"},
		{kind: fault.Unauthenticated, code: "UnrecognizedClientException",
			none: "UnrecognizedClientException", json: "UnrecognizedClientException",
			xml: "InvalidClientTokenId"},
	} {
		f := fault.New(c.kind, c.code, "")
		for s, want := range map[*op.Service]string{nil: c.none, vault: c.json, query: c.xml} {
			if got := s.Code(f); got != want {
				t.Errorf("%v %q is called %s by %+v, want %s", c.kind, c.code, got, s, want)
			}
		}
	}
}
