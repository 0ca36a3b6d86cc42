// Package trailfault is how CloudTrail refuses.
package trailfault

import "claviger/internal/fault"

// The answers of CloudTrail, in its own words as far as they are known. There is no record of those
// about time ranges, tokens and categories.
var (
	BadKey   = invalid("InvalidLookupAttributesException", "Lookup attribute key is not valid.")
	BadValue = invalid("InvalidLookupAttributesException", "Lookup attribute value is not valid.")
	Several  = invalid("InvalidLookupAttributesException",
		"You can specify only one lookup attribute.")
	BadRange = invalid("InvalidTimeRangeException",
		"The start time must be before or at the end time.")
	BadToken = invalid("InvalidNextTokenException",
		"The token was not returned for a request with these parameters.")
	BadCategory = invalid("InvalidEventCategoryException",
		"An event category value is not valid. Specify insight, or no category.")

	// Throttled has the words of every service of AWS that has a rate.
	Throttled = fault.New(fault.Throttled, "ThrottlingException", "Rate exceeded")
)

// BadSize is the answer to a page of so many results.
func BadSize(n int32) error {
	return fault.Newf(fault.Invalid, "InvalidMaxResultsException",
		"A max results value of %d is invalid. Specify max results between 1 and 50.", n)
}

func invalid(code, message string) *fault.Error {
	return fault.New(fault.Invalid, code, message)
}
