package keystore

import (
	"errors"
	"slices"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/kmsfault"
	"claviger/policy"
	"claviger/store"
)

// aliasesPerKey is AWS's quota.
const aliasesPerKey = 50

// aliasMove is the target of what makes, moves or removes an alias: three resources at most.
type aliasMove struct {
	ref       keyrows.AliasRef
	alias     *keyrows.Alias // as it stands, nil if there is none
	old       *named         // the key it stands for now
	to        *target        // the key it shall stand for; nil for a removal
	operation string
}

// Demands implements [op.Target]: the alias, the key it leaves and the key it goes to.
func (m *aliasMove) Demands() []policy.Demand {
	action := "kms:" + m.operation
	d := []policy.Demand{{Action: action, Resource: policy.Resource{ARN: m.ref.ARN(), Account: m.ref.Account}}}
	if m.old != nil {
		d = append(d, policy.Demand{Action: action, Resource: policy.Resource{ARN: m.old.ARN(), Account: m.old.Account}})
	}
	if m.to != nil {
		d = append(d, m.to.Demands()...)
	}
	return d
}

// Missing implements [op.Target].
func (m *aliasMove) Missing() error {
	if m.alias == nil && m.operation != "CreateAlias" {
		return errNoAlias(m.ref)
	}
	if m.to != nil {
		return m.to.Missing()
	}
	return nil
}

// Ready implements [op.Target]. The key that is left may be in any state.
func (m *aliasMove) Ready() error {
	if m.to != nil {
		return m.to.Ready()
	}
	return nil
}

// AliasInput is CreateAliasRequest and UpdateAliasRequest of AWS.
type AliasInput struct {
	AliasName   string `shape:"AliasNameType,required"`
	TargetKeyId string `shape:"KeyIdType,required"`
}

// Validate holds the name to what the service takes beyond its pattern.
func (in AliasInput) Validate() error { return checkAlias(in.AliasName) }

// DeleteAliasInput is DeleteAliasRequest of AWS.
type DeleteAliasInput struct {
	AliasName string `shape:"AliasNameType,required"`
}

// Validate holds the name to what the service takes beyond its pattern.
func (in DeleteAliasInput) Validate() error { return checkAlias(in.AliasName) }

func checkAlias(name string) error {
	switch {
	case !strings.HasPrefix(name, "alias/"):
		return kmsfault.Invalid(`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
	case strings.HasPrefix(name, "alias/aws/"):
		return fault.New(fault.Denied, "NotAuthorizedException", "Names that begin with alias/aws/ belong to the services.")
	case name == "alias/" || strings.Contains(name, ":"):
		return fault.New(fault.Invalid, "InvalidAliasNameException",
			"The alias name may hold letters, digits, '/', '_' and '-' after its prefix, and at least one of them.")
	}
	return nil
}

func (s *Keys) findAlias(c *op.Call, operation, name string) (*aliasMove, error) {
	account, region := c.Namespace()
	m := &aliasMove{ref: keyrows.AliasRef{Account: account, Region: region, Name: name}, operation: operation}
	var err error
	if m.alias, err = s.rows.Alias(c, m.ref); m.alias != nil {
		m.old = &named{Ref: key.Ref{Account: account, Region: region, ID: m.alias.KeyID}}
	}
	return m, err
}

func (s *Keys) findMove(c *op.Call, operation string, in AliasInput) (*aliasMove, error) {
	m, err := s.findAlias(c, operation, in.AliasName)
	if err != nil {
		return nil, err
	}
	if m.to, err = s.find(c, operation, in.TargetKeyId, false); err != nil {
		return nil, err
	}
	m.to.viaOnly = true
	return m, nil
}

func (s *Keys) findNewAlias(c *op.Call, in AliasInput) (*aliasMove, error) {
	m, err := s.findMove(c, "CreateAlias", in)
	if err == nil {
		m.old = nil // a name that is taken is no business of the key that holds it
	}
	return m, err
}

func (s *Keys) findAliasMove(c *op.Call, in AliasInput) (*aliasMove, error) {
	m, err := s.findMove(c, "UpdateAlias", in)
	if err != nil || m.old == nil {
		return m, err
	}
	old, err := s.key(c, m.old.Ref)
	if old != nil {
		m.to.fits = func(k *key.Key) error { return old.Replaceable(k) }
	}
	return m, err
}

func (s *Keys) findOldAlias(c *op.Call, in DeleteAliasInput) (*aliasMove, error) {
	return s.findAlias(c, "DeleteAlias", in.AliasName)
}

func (s *Keys) createAlias(c *op.Call, _ AliasInput, m *aliasMove) (op.Commit[op.None], error) {
	now := c.Time.Truncate(time.Millisecond)
	insert, err := s.rows.InsertAlias(c, &keyrows.Alias{AliasRef: m.ref, Rev: 1, KeyID: m.to.key.ID, Created: now, Updated: now})
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) (op.None, error) {
		switch err := insert(tx); {
		case errors.Is(err, store.Exists): // before the quota: SDKs try again when a limit is exceeded
			return op.None{}, fault.Newf(fault.Exists, "AlreadyExistsException", "An alias with the name %s already exists", m.ref.ARN())
		case err != nil:
			return op.None{}, err
		}
		return op.None{}, s.checkAliases(tx, m.to.key)
	}, nil
}

func (s *Keys) updateAlias(c *op.Call, _ AliasInput, m *aliasMove) (op.Commit[op.None], error) {
	a := *m.alias
	a.Rev++
	a.KeyID, a.Updated = m.to.key.ID, c.Time.Truncate(time.Millisecond)
	update, err := s.rows.UpdateAlias(c, &a)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) (op.None, error) {
		if err := update(tx); err != nil {
			return op.None{}, err
		}
		return op.None{}, s.checkAliases(tx, m.to.key)
	}, nil
}

// checkAliases holds a key to the quota of aliases, once it has one more. An error takes that one back.
func (s *Keys) checkAliases(tx *store.Tx, k *key.Key) error {
	n, err := s.rows.CountAliases(tx, k)
	if err == nil && n > aliasesPerKey {
		err = fault.Newf(fault.Limit, "LimitExceededException", "A key has at most %d aliases.", aliasesPerKey)
	}
	return err
}

func (s *Keys) deleteAlias(_ *op.Call, _ DeleteAliasInput, m *aliasMove) (op.Commit[op.None], error) {
	return func(tx *store.Tx) (op.None, error) { return op.None{}, s.rows.DeleteAlias(tx, m.alias) }, nil
}

// ListAliasesInput is ListAliasesRequest of AWS.
type ListAliasesInput struct {
	KeyId  *string `shape:"KeyIdType"`
	Limit  *int32  `shape:"LimitType"`
	Marker *string `shape:"MarkerType"`
	op.ByShape
}

// ListAliasesOutput is ListAliasesResponse of AWS.
type ListAliasesOutput struct {
	Aliases    []AliasListEntry
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// AliasListEntry is one alias of a listing. One of a service that has no key yet has a name and an ARN and nothing else.
type AliasListEntry struct {
	AliasName, AliasArn string
	TargetKeyId         string     `json:",omitzero"`
	CreationDate        *wire.Time `json:",omitzero"`
	LastUpdatedDate     *wire.Time `json:",omitzero"`
}

// aliasList is the account whose aliases are listed, or one key of it.
type aliasList struct {
	domain.Account
	of *target // nil: all aliases
}

// Demands implements [op.Target]. AWS knows no resource for it, and a key of another account is that
// account's to decide on.
func (l aliasList) Demands() []policy.Demand {
	d := l.Account.Demands()
	if l.of != nil {
		d[0].Resource.Account = l.of.named.Account
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

func (s *Keys) findAliases(c *op.Call, in ListAliasesInput) (l aliasList, err error) {
	l.Account = domain.OnAccount("kms:ListAliases")
	if in.KeyId != nil {
		l.of, err = s.find(c, "ListAliases", *in.KeyId, false)
	}
	return l, err
}

func (s *Keys) listAliases(c *op.Call, in ListAliasesInput, l aliasList) (out ListAliasesOutput, err error) {
	of := ""
	if l.of != nil {
		of = l.of.key.ID
	}
	account, region := c.Namespace()
	p, err := s.page(c, "ListAliases", of, in.Limit, in.Marker, 50, 100)
	if err != nil {
		return out, err
	}
	aliases, err := s.rows.Aliases(c, account, region, of, p.After, p.Size+1)
	if of == "" {
		aliases = withPredefined(c, aliases, p.After)
	}
	out.Aliases = []AliasListEntry{}
	for _, a := range aliases[:min(len(aliases), p.Size)] {
		out.Aliases = append(out.Aliases, AliasListEntry{a.Name, a.ARN(), a.KeyID, wire.At(a.Created), wire.At(a.Updated)})
	}
	if len(aliases) > p.Size {
		out.Truncated, out.NextMarker = true, p.Next(aliases[p.Size-1].Name)
	}
	return out, err
}

// withPredefined puts the aliases of services whose keys are yet to be made into their places in a page: clients look for them
// here, and have DescribeKey make the key then. What becomes too long by that is the next page's.
func withPredefined(c *op.Call, aliases []*keyrows.Alias, after string) []*keyrows.Alias {
	account, region := c.Namespace()
	for _, service := range services {
		a := &keyrows.Alias{AliasRef: keyrows.AliasRef{Account: account, Region: region, Name: managedAlias(service)}}
		i, there := slices.BinarySearchFunc(aliases, a.Name, func(a *keyrows.Alias, name string) int { return strings.Compare(a.Name, name) })
		if !there && a.Name > after {
			aliases = slices.Insert(aliases, i, a)
		}
	}
	return aliases
}
