package accounts

import (
	"claviger/iam/model"
	"claviger/internal/op"
)

// ListAccountsInput asks for a page.
type ListAccountsInput struct {
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListAccountsOutput is a page, in order of number.
type ListAccountsOutput struct {
	Accounts    []AccountFacts
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Accounts) findAccounts(c *op.Call, _ ListAccountsInput) (installation, error) {
	return s.onInstallation(c, "iam:ListAccounts")
}

func (s *Accounts) listAccounts(c *op.Call, in ListAccountsInput, _ installation) (
	out ListAccountsOutput, err error) {
	p, err := s.Page(c, "ListAccounts", "", in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	rows, err := s.Accounts(c)
	if err != nil {
		return out, err
	}
	all := []AccountFacts{}
	for _, a := range rows {
		all = append(all, factsOf(a))
	}
	out.Accounts, out.Marker = model.Cut(p, all,
		func(a AccountFacts) string { return a.AccountNumber })
	out.IsTruncated = out.Marker != ""
	return out, nil
}
