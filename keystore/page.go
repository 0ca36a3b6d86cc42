package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
)

// page reads Limit and Marker. A larger limit than the operation serves is held to most.
func (s *Keys) page(c *op.Call, operation, filter string, limit *int32, marker *string,
	usual, most int) (domain.Page, error) {
	size := min(int(domain.Or(limit, int32(usual))), most)
	return s.pager.Page(c, operation, filter, size, marker)
}

var errMarker = fault.New(fault.Invalid, "InvalidMarkerException", "The marker was not returned by "+
	"this operation with these parameters. Start again without one.")
