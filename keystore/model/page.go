package model

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/signedtoken"
)

// Pager reads Limit and Marker of KMS's listings. Markers are under a MAC and bound to their
// operation, account, Region and filter. So none can be made up to read where a caller may not, or
// be carried from one listing to another.
type Pager struct{ pages domain.Pager }

// NewPager returns a Pager whose markers tokens makes.
func NewPager(tokens *signedtoken.Maker) Pager {
	return Pager{pages: domain.Pager{Tokens: tokens, Invalid: errMarker}}
}

var errMarker = fault.New(fault.Invalid, "InvalidMarkerException",
	"The marker was not returned by "+
		"this operation with these parameters. Start again without one.")

// Page returns the page that is asked for. Without a limit it has the operation's default size, and
// a limit above its maximum counts as the maximum, as with AWS. The model's LimitType is one for
// all listings and wider than what most of them serve.
func (p Pager) Page(c *op.Call, operation, filter string, limit *int32, marker *string,
	standard, max int) (domain.Page, error) {
	size := min(int(domain.Or(limit, int32(standard))), max)
	return p.pages.Page(c, operation, filter, size, marker)
}
