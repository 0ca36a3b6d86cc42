package api

import (
	"net/http"

	"claviger/internal/fault"
)

// statuses is how each kind of fault looks in the two dialects. AWS JSON 1.1 answers every client fault with
// 400, whatever the Smithy model says; REST speaks HTTP.
var statuses = map[fault.Kind]struct{ json, rest int }{
	fault.Internal:        {500, http.StatusInternalServerError},
	fault.Invalid:         {400, http.StatusBadRequest},
	fault.Unauthenticated: {400, http.StatusUnauthorized},
	fault.Denied:          {400, http.StatusForbidden},
	fault.NotFound:        {400, http.StatusNotFound},
	fault.Exists:          {400, http.StatusConflict},
	fault.State:           {400, http.StatusConflict},
	fault.Limit:           {400, http.StatusTooManyRequests},
	fault.Throttled:       {400, http.StatusTooManyRequests},
	fault.Conflict:        {400, http.StatusConflict},
	fault.TooLarge:        {413, http.StatusRequestEntityTooLarge},
	fault.Unavailable:     {500, http.StatusServiceUnavailable},
	fault.DryRun:          {400, http.StatusPreconditionFailed},
}

// Faults that arise before an operation is known.
var (
	unknownOperation = fault.New(fault.Invalid, "UnknownOperationException", "")
	notJSON          = fault.New(fault.Invalid, "SerializationException", "")
	tooLarge         = fault.New(fault.TooLarge, "RequestEntityTooLargeException", "The request body is larger than the service reads.")
	unread           = fault.New(fault.Invalid, "SerializationException", "The request body could not be read to its end.")
	tooMany          = fault.New(fault.Throttled, "ThrottlingException", "Rate exceeded")
)
