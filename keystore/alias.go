package keystore

import (
	"errors"
	"slices"
	"strings"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
	"claviger/store"
)

// alias is a name for a key. It is never changed: a change makes a copy with the next revision.
type alias struct {
	aliasRef
	rev              int64
	keyID            string
	created, updated time.Time
}

// aliasesPerKey is AWS's quota.
const aliasesPerKey = 50

// aliasMove is the target of what makes, moves or removes an alias: three resources at most.
type aliasMove struct {
	ref       aliasRef
	alias     *alias  // as it stands, nil if there is none
	old       *named  // the key it stands for now
	to        *target // the key it shall stand for; nil for a removal
	operation string
}

// Demands implements [op.Target]: the alias, the key it leaves and the key it goes to.
func (m *aliasMove) Demands() []policy.Demand {
	action := "kms:" + m.operation
	d := []policy.Demand{{Action: action, Resource: policy.Resource{ARN: m.ref.arn(), Account: m.ref.account}}}
	if m.old != nil {
		d = append(d, policy.Demand{Action: action, Resource: policy.Resource{ARN: m.old.arn(), Account: m.old.account}})
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
		return invalid(`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
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
	m := &aliasMove{ref: aliasRef{account, region, name}, operation: operation}
	var err error
	if m.alias, err = s.alias(c, m.ref); m.alias != nil {
		m.old = &named{keyRef: keyRef{account, region, m.alias.keyID}}
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
	old, err := s.key(c, m.old.keyRef)
	if old != nil {
		m.to.fits = func(k *Key) error { return old.replaceable(k) }
	}
	return m, err
}

// replaceable returns nil if an alias may go over from k to other: who uses the alias expects the same of both.
func (k *Key) replaceable(other *Key) error {
	if k.Usage != other.Usage || k.symmetric() != other.symmetric() {
		return invalid("An alias can't be moved to a key of another type or usage: " + k.ARN() + " is a key of spec " + k.Spec + " for " + k.Usage + ", " +
			other.ARN() + " one of spec " + other.Spec + " for " + other.Usage + ".")
	}
	return nil
}

func (s *Keys) findOldAlias(c *op.Call, in DeleteAliasInput) (*aliasMove, error) {
	return s.findAlias(c, "DeleteAlias", in.AliasName)
}

func (s *Keys) createAlias(c *op.Call, _ AliasInput, m *aliasMove) (op.Commit[op.None], error) {
	now := c.Time.Truncate(time.Millisecond)
	insert, err := s.insertAlias(c, &alias{aliasRef: m.ref, rev: 1, keyID: m.to.key.ID, created: now, updated: now})
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) (op.None, error) {
		switch err := insert(tx); {
		case errors.Is(err, store.Exists): // before the quota: SDKs try again when a limit is exceeded
			return op.None{}, fault.Newf(fault.Exists, "AlreadyExistsException", "An alias with the name %s already exists", m.ref.arn())
		case err != nil:
			return op.None{}, err
		}
		return op.None{}, s.checkAliases(tx, m.to.key)
	}, nil
}

func (s *Keys) updateAlias(c *op.Call, _ AliasInput, m *aliasMove) (op.Commit[op.None], error) {
	a := *m.alias
	a.rev++
	a.keyID, a.updated = m.to.key.ID, c.Time.Truncate(time.Millisecond)
	update, err := s.moveAlias(c, &a)
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
func (s *Keys) checkAliases(tx *store.Tx, k *Key) error {
	n, err := s.countAliases(tx, k)
	if err == nil && n > aliasesPerKey {
		err = fault.Newf(fault.Limit, "LimitExceededException", "A key has at most %d aliases.", aliasesPerKey)
	}
	return err
}

func (s *Keys) deleteAlias(_ *op.Call, _ DeleteAliasInput, m *aliasMove) (op.Commit[op.None], error) {
	return func(tx *store.Tx) (op.None, error) { return op.None{}, s.removeAlias(tx, m.alias) }, nil
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

func (s *Keys) listAliases(c *op.Call, in ListAliasesInput) (out ListAliasesOutput, err error) {
	of := ""
	if in.KeyId != nil {
		t, err := s.find(c, "ListAliases", *in.KeyId, false)
		if err != nil {
			return out, err
		}
		if err := t.Missing(); err != nil {
			return out, err
		}
		of = t.key.ID
	}
	p, err := s.page(c, "ListAliases", of, in.Limit, in.Marker, 50, 100)
	if err != nil {
		return out, err
	}
	aliases, err := s.selectAliases(c, of, p)
	if of == "" {
		aliases = withPredefined(c, aliases, p.after)
	}
	out.Aliases = []AliasListEntry{}
	for _, a := range aliases[:min(len(aliases), p.size)] {
		out.Aliases = append(out.Aliases, AliasListEntry{a.name, a.arn(), a.keyID, wire.At(a.created), wire.At(a.updated)})
	}
	if len(aliases) > p.size {
		out.Truncated, out.NextMarker = true, p.next(aliases[p.size-1].name)
	}
	return out, err
}

// withPredefined puts the aliases of services whose keys are yet to be made into their places in a page: clients look for them
// here, and have DescribeKey make the key then. What becomes too long by that is the next page's.
func withPredefined(c *op.Call, aliases []*alias, after string) []*alias {
	account, region := c.Namespace()
	for _, service := range services {
		a := &alias{aliasRef: aliasRef{account, region, managedAlias(service)}}
		i, there := slices.BinarySearchFunc(aliases, a.name, func(a *alias, name string) int { return strings.Compare(a.name, name) })
		if !there && a.name > after {
			aliases = slices.Insert(aliases, i, a)
		}
	}
	return aliases
}
