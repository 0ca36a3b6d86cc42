package api

import "claviger/internal/fault"

// internalText is all that a caller is told of an internal error.
const internalText = "The request failed because of an internal error. Try again; " +
	"if it goes on, give the request ID to the operator."

// Faults that arise before an operation is known.
var (
	unknownOperation = fault.New(fault.Invalid, "UnknownOperationException", "")
	unread           = fault.New(fault.Invalid, "SerializationException",
		"The request body could not be read to its end.")
	tooMany     = fault.New(fault.Throttled, "ThrottlingException", "Rate exceeded")
	tooManyWait = fault.Newf(fault.Throttled, tooMany.Code, "Too many requests wait for a change: "+
		"%d of one principal may, and %d of all. Ask without Prefer: wait, or with fewer connections.",
		maxWatchers/4, maxWatchers)
)

// tooLarge says how many bytes the body may have, which depends on what is asked.
func tooLarge(most int64) *fault.Error {
	return fault.Newf(fault.TooLarge, "RequestEntityTooLargeException",
		"The request body is larger than the %d bytes that are read of this request.", most)
}
