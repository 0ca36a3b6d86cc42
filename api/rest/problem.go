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
	fault.DryRun:          http.StatusPreconditionFailed,
}

// Statuses returns the statuses of requests that failed, each once and in order.
func Statuses() []int {
	return slices.Compact(slices.Sorted(maps.Values(statuses)))
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

// Fault writes a fault as a problem document.
func (*Protocol) Fault(w http.ResponseWriter, _ *http.Request, s *op.Service, f *fault.Error) {
	Send(w, statuses[f.Kind], s.Code(f), f.Message)
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
