package model

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
)

// InvalidMarker answers a marker that was not returned for this listing.
var InvalidMarker = fault.New(fault.Invalid, "ValidationException", "Invalid Marker.")

// Cut returns the entries of a page of a list that is at hand as a whole, those whose names follow
// where the page before ended, and the marker of the next page or nothing. The list is in order of
// name.
func Cut[T any](p domain.Page, list []T, name func(T) string) (entries []T, marker string) {
	for len(list) > 0 && p.After != "" && name(list[0]) <= p.After {
		list = list[1:]
	}
	return domain.Cut(p, list, name)
}
