package rest

import (
	"maps"
	"net/http"
	"slices"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// statuses is how each kind of fault looks in HTTP's own terms.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Denied:          http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Exists:          http.StatusConflict,
	fault.State:           http.StatusConflict,
	fault.Limit:           http.StatusTooManyRequests,
	fault.Throttled:       http.StatusTooManyRequests,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Uncertain:       http.StatusGatewayTimeout,
	fault.DryRun:          http.StatusPreconditionFailed,
}

// negotiated are the statuses of requests that are invalid in what they say of their own form.
var negotiated = map[string]int{
	onlyJSON.Code:    http.StatusNotAcceptable,
	notJSONType.Code: http.StatusUnsupportedMediaType,
}

// StatusOf returns the status of a fault.
func StatusOf(f *fault.Error) int {
	if status, ok := negotiated[f.Code]; ok {
		return status
	}
	return statuses[f.Kind]
}

// Statuses returns the statuses of requests that failed, each once and in order.
func Statuses() []int {
	all := slices.AppendSeq(slices.Collect(maps.Values(statuses)), maps.Values(negotiated))
	slices.Sort(all)
	return slices.Compact(all)
}

// Problem is RFC 9457's problem document, with AWS's name of the error as code.
type Problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitzero"`
	Code      string `json:"code"`
	RequestID string `json:"requestId"`
}

// Fault writes a fault as a problem document. Whoever is not known is told how to sign, and for
// which service (RFC 9110, 15.5.2).
func (*Protocol) Fault(w http.ResponseWriter, _ *http.Request, s *op.Service, f *fault.Error) {
	status := StatusOf(f)
	if status == http.StatusUnauthorized && s != nil {
		w.Header().Set("WWW-Authenticate", `AWS4-HMAC-SHA256 realm="`+s.Name+`"`)
	}
	Send(w, status, s.Code(f), f.Message)
}

// Send writes a problem document with a status of its own, for what goes wrong while there is no
// operation yet. The request's id stands in w's headers.
func Send(w http.ResponseWriter, status int, code, detail string) {
	body, _ := wire.Encode(Problem{Type: "about:blank", Title: http.StatusText(status),
		Status: status, Detail: detail, Code: code,
		RequestID: w.Header().Get("X-Amzn-Requestid")})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
