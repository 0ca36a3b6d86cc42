package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
)

type ListKeysInput struct {
	Limit  *int32  `shape:"LimitType"`
	Marker *string `shape:"MarkerType"`
	op.ByShape
}

type ListKeysOutput struct {
	Keys       []KeyListEntry
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// KeyListEntry is one key of a listing.
type KeyListEntry struct{ KeyId, KeyArn string }

// listKeys shows keys in every state, those that are pending deletion too. It tells their names
// only, because AWS asks for no permission on the keys: what else there is to know takes a
// DescribeKey.
func (s *Keys) listKeys(c *op.Call, in ListKeysInput) (out ListKeysOutput, err error) {
	p, err := s.pager.Page(c, "ListKeys", "", in.Limit, in.Marker, 100, 1000)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	ids, err := s.rows.IDs(account, region, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	out.Keys = []KeyListEntry{}
	for _, id := range ids[:min(len(ids), p.Size)] {
		out.Keys = append(out.Keys, KeyListEntry{id, key.ARN(c.Caller.Account, c.Region, id)})
	}
	if len(ids) > p.Size {
		out.Truncated, out.NextMarker = true, p.Next(ids[p.Size-1])
	}
	return out, nil
}
