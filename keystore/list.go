package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
)

// page is the part of a listing that is asked for.
type page struct {
	after string // the last item of the page before, or nothing
	size  int
	next  func(last string) string // the marker of the page after this one
}

// page reads Limit and Marker. A larger limit than the operation serves is held to most.
func (s *Keys) page(c *op.Call, operation, filter string, limit *int32, marker *string, usual, most int) (page, error) {
	scope := []string{operation, c.Caller.Account, c.Region, filter}
	p := page{size: min(int(domain.Or(limit, int32(usual))), most), next: func(last string) string { return s.pages.Make(last, scope...) }}
	if marker == nil {
		return p, nil
	}
	after, err := s.pages.Read(*marker, scope...)
	if err != nil {
		return p, fault.New(fault.Invalid, "InvalidMarkerException",
			"The marker was not returned by this operation with these parameters. Start again without one.").Because(err)
	}
	p.after = after
	return p, nil
}

// ListKeysInput is ListKeysRequest of AWS.
type ListKeysInput struct {
	Limit  *int32  `shape:"LimitType"`
	Marker *string `shape:"MarkerType"`
	op.ByShape
}

// ListKeysOutput is ListKeysResponse of AWS.
type ListKeysOutput struct {
	Keys       []KeyListEntry
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// KeyListEntry is one key of a listing.
type KeyListEntry struct{ KeyId, KeyArn string }

func (s *Keys) listKeys(c *op.Call, in ListKeysInput) (out ListKeysOutput, err error) {
	p, err := s.page(c, "ListKeys", "", in.Limit, in.Marker, 100, 1000)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	ids, err := s.rows.IDs(account, region, p.after, p.size+1)
	out.Keys = []KeyListEntry{}
	for _, id := range ids[:min(len(ids), p.size)] {
		out.Keys = append(out.Keys, KeyListEntry{id, key.ARN(c.Caller.Account, c.Region, id)})
	}
	if len(ids) > p.size {
		out.Truncated, out.NextMarker = true, p.next(ids[p.size-1])
	}
	return out, err
}
