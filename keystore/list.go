package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
)

// page reads Limit and Marker. A larger limit than the operation serves is held to most.
func (s *Keys) page(c *op.Call, operation, filter string, limit *int32, marker *string,
	usual, most int) (domain.Page, error) {
	size := min(int(domain.Or(limit, int32(usual))), most)
	return s.pager.Page(c, operation, filter, size, marker)
}

var errMarker = fault.New(fault.Invalid, "InvalidMarkerException", "The marker was not returned by "+
	"this operation with these parameters. Start again without one.")

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
	ids, err := s.rows.IDs(account, region, p.After, p.Size+1)
	out.Keys = []KeyListEntry{}
	for _, id := range ids[:min(len(ids), p.Size)] {
		out.Keys = append(out.Keys, KeyListEntry{id, key.ARN(c.Caller.Account, c.Region, id)})
	}
	if len(ids) > p.Size {
		out.Truncated, out.NextMarker = true, p.Next(ids[p.Size-1])
	}
	return out, err
}
