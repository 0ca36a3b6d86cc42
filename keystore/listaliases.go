package keystore

import (
	"slices"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/target"
	"claviger/policy"
)

type ListAliasesInput struct {
	KeyId  *string `shape:"KeyIdType"`
	Limit  *int32  `shape:"LimitType"`
	Marker *string `shape:"MarkerType"`
	op.ByShape
}

type ListAliasesOutput struct {
	Aliases    []AliasListEntry
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// AliasListEntry is one alias of a listing. One of a service that has no key yet has a name and an
// ARN and nothing else.
type AliasListEntry struct {
	AliasName, AliasArn string
	TargetKeyId         string     `json:",omitzero"`
	CreationDate        *wire.Time `json:",omitzero"`
	LastUpdatedDate     *wire.Time `json:",omitzero"`
}

// aliasList is the account whose aliases are listed, or one key of it.
type aliasList struct {
	domain.Account
	of *target.Target // nil: all aliases
}

// Demands implements [op.Target]. AWS knows no resource for it, and a key of another account is
// that account's to decide on.
func (l aliasList) Demands() []policy.Demand {
	d := l.Account.Demands()
	if l.of != nil {
		d[0].Resource.Account = l.of.Named.Account
	}
	return d
}

// Missing implements [op.Target].
func (l aliasList) Missing() error {
	if l.of == nil {
		return nil
	}
	return l.of.Missing()
}

// findAliases looks the key up by id or ARN: AWS takes no alias to filter by.
func (s *Keys) findAliases(c *op.Call, in ListAliasesInput) (l aliasList, err error) {
	l.Account = domain.OnAccount("kms:ListAliases")
	if in.KeyId != nil {
		l.of, err = s.finder.Find(c, "ListAliases", *in.KeyId, false)
	}
	return l, err
}

// listAliases asks for one more than the page has, which tells whether there is a next page.
func (s *Keys) listAliases(c *op.Call, in ListAliasesInput,
	l aliasList) (out ListAliasesOutput, err error) {
	of := ""
	if l.of != nil {
		of = l.of.Key.ID
	}
	account, region := c.Namespace()
	p, err := s.pager.Page(c, "ListAliases", of, in.Limit, in.Marker, 50, 100)
	if err != nil {
		return out, err
	}
	aliases, err := s.rows.Aliases(c, account, region, of, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	// An alias whose key is yet to be made stands for no key, so it is in no key's listing.
	if of == "" {
		aliases = withPredefined(c, aliases, p.After)
	}
	out.Aliases = []AliasListEntry{}
	for _, a := range aliases[:min(len(aliases), p.Size)] {
		out.Aliases = append(out.Aliases,
			AliasListEntry{a.Name, a.ARN(), a.KeyID, wire.At(a.Created), wire.At(a.Updated)})
	}
	if len(aliases) > p.Size {
		out.Truncated, out.NextMarker = true, p.Next(aliases[p.Size-1].Name)
	}
	return out, nil
}

// withPredefined puts the aliases of services whose keys are yet to be made into their places in a
// page: clients look for them here, and have DescribeKey make the key then. What becomes too long
// by that is the next page's.
func withPredefined(c *op.Call, aliases []*keyrows.Alias, after string) []*keyrows.Alias {
	account, region := c.Namespace()
	for _, service := range key.Managers() {
		a := &keyrows.Alias{AliasRef: keyrows.AliasRef{Account: account, Region: region,
			Name: managedAlias(service)}}
		i, there := slices.BinarySearchFunc(aliases, a.Name,
			func(a *keyrows.Alias, name string) int { return strings.Compare(a.Name, name) })
		if !there && a.Name > after {
			aliases = slices.Insert(aliases, i, a)
		}
	}
	return aliases
}
