package accounts

import (
	"claviger/internal/op"
)

// ListAccountAliasesInput is AWS's. What it says of pages changes nothing: an account has one
// alias.
type ListAccountAliasesInput struct {
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListAccountAliasesOutput struct {
	AccountAliases []string
	IsTruncated    bool
	Marker         string `json:",omitzero"` // never there
}

func (s *Accounts) listAliases(c *op.Call, in ListAccountAliasesInput) (
	out ListAccountAliasesOutput, err error) {
	if _, err := s.Page(c, "ListAccountAliases", "", in.MaxItems, in.Marker); err != nil {
		return out, err
	}
	a, err := s.Account(c, c.Caller.Account)
	out.AccountAliases = []string{}
	if a != nil && a.Alias != "" {
		out.AccountAliases = append(out.AccountAliases, a.Alias)
	}
	return out, err
}
