package keystore

import (
	"slices"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/grant"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/model"
	"claviger/keystore/target"
	"claviger/policy"
	"claviger/store"
)

// GrantConstraints say under what circumstances a grant holds: all of them that are there. The keys
// of encryption contexts are compared without regard to case.
type GrantConstraints struct {
	EncryptionContextSubset map[string]string `shape:"EncryptionContextType" json:",omitzero"`
	EncryptionContextEquals map[string]string `shape:"EncryptionContextType" json:",omitzero"`
	SourceArn               *string           `shape:"GrantConstraintSourceArnType" json:",omitzero"`
}

// given returns the constraints that a request means. Terraform sends the one that it doesn't mean
// as an empty map beside the other, and AWS takes that for absent. An empty EncryptionContextEquals
// alone stays: it admits no context but the empty one.
func (g GrantConstraints) given() GrantConstraints {
	switch {
	case len(g.EncryptionContextSubset) == 0:
		g.EncryptionContextSubset = nil
	case len(g.EncryptionContextEquals) == 0:
		g.EncryptionContextEquals = nil
	}
	return g
}

// check refuses two constraints of the encryption context, and those beyond their bounds.
func (g GrantConstraints) check() error {
	if len(g.EncryptionContextEquals) > 0 && len(g.EncryptionContextSubset) > 0 {
		return kmsfault.Invalid("More than one constraint supplied")
	}
	both := []map[string]string{g.EncryptionContextEquals, g.EncryptionContextSubset}
	for _, pairs := range both {
		if err := grant.CheckPairs(pairs); err != nil {
			return err
		}
		if err := model.CheckContext(pairs); err != nil {
			return err // no request could ever meet it
		}
	}
	return nil
}

// CreateGrantInput names the key and its grantee, a principal or an AWS service. A name makes the
// request safe to repeat: the same request is answered with the same grant.
type CreateGrantInput struct {
	KeyId                    string            `shape:"KeyIdType,required"`
	GranteePrincipal         *string           `shape:"PrincipalIdType"`
	RetiringPrincipal        *string           `shape:"PrincipalIdType"`
	Operations               []string          `shape:"GrantOperationList,required"`
	Constraints              *GrantConstraints `shape:"GrantConstraints"`
	GrantTokens              []string          `shape:"GrantTokenList"`
	Name                     *string           `shape:"GrantNameType"`
	DryRun                   *bool             `shape:"NullableBooleanType"`
	GranteeServicePrincipal  *string           `shape:"ServicePrincipalType"`
	RetiringServicePrincipal *string           `shape:"ServicePrincipalType"`
}

// Validate checks what members say together.
func (in CreateGrantInput) Validate() error {
	constraints := domain.Or(in.Constraints, GrantConstraints{})
	toService := in.GranteeServicePrincipal != nil
	switch {
	case (in.GranteePrincipal != nil) == toService:
		return kmsfault.Invalid("You must specify either GranteePrincipal or " +
			"GranteeServicePrincipal, but not both.")
	case in.RetiringPrincipal != nil && in.RetiringServicePrincipal != nil:
		return kmsfault.Invalid("You can specify either RetiringPrincipal or " +
			"RetiringServicePrincipal, but not both.")
	case toService && constraints.SourceArn == nil:
		return kmsfault.Invalid("A grant to a service principal must have a SourceArn constraint.")
	case toService && in.RetiringPrincipal == nil && in.RetiringServicePrincipal == nil:
		return kmsfault.Invalid("A grant to a service principal must have a RetiringPrincipal or " +
			"a RetiringServicePrincipal.")
	case len(in.Operations) == 0:
		return kmsfault.Invalid("A grant must allow at least one operation.")
	case onlyCreateGrant(in.Operations): // there is nothing that its grantee could grant
		return kmsfault.Invalid("Grants must not contain only the CreateGrant operation.")
	}
	for _, arn := range []*string{in.GranteePrincipal, in.RetiringPrincipal} {
		if err := checkPrincipal(arn); err != nil {
			return err
		}
	}
	return constraints.check()
}

func onlyCreateGrant(operations []string) bool {
	return !slices.ContainsFunc(operations, func(o string) bool { return o != "CreateGrant" })
}

// checkPrincipal refuses a member that is there and names no principal.
func checkPrincipal(name *string) error {
	if name == nil {
		return nil
	}
	return grant.CheckPrincipal(*name)
}

// either returns the one of two members that names a principal, or nothing.
func either(principal, service *string) string {
	return domain.Or(principal, domain.Or(service, ""))
}

// CreateGrantOutput names the grant. The token is another one each time.
type CreateGrantOutput struct{ GrantToken, GrantId string }

// requestedGrant returns the grant that is asked for, of a key that may not be there. It has no id.
// It is issued by the caller's account, which need not be the key's.
func requestedGrant(c *op.Call, in CreateGrantInput, k key.Ref) *grant.Grant {
	return &grant.Grant{
		Key: k, Name: domain.Or(in.Name, ""), IssuingAccount: c.Caller.Account,
		Grantee:           either(in.GranteePrincipal, in.GranteeServicePrincipal),
		RetiringPrincipal: either(in.RetiringPrincipal, in.RetiringServicePrincipal),
		Operations:        inOrderOnce(in.Operations),
		Constraints:       grant.Constraints(domain.Or(in.Constraints, GrantConstraints{}).given()),
		Created:           c.Time.Truncate(time.Millisecond),
	}
}

// inOrderOnce returns a list in order and without repetitions: requests that differ in no more ask
// for the same grant.
func inOrderOnce(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// newGrant is a key and the grant that is to be made on it.
type newGrant struct {
	target.Target
	grant *grant.Grant
}

// findNewGrant also finds what the caller was granted: a grant may allow its grantee to make others
// that allow no more, which is why the demand carries the values of the new one.
func (s *Keys) findNewGrant(c *op.Call, in CreateGrantInput) (*newGrant, error) {
	t, err := s.finder.FindGranted(c, "CreateGrant", in.KeyId, false,
		target.Presented{Tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	g := requestedGrant(c, in, t.Named.Ref)
	t.Fits = g.Fits
	t.Says = func(v policy.Values) {
		g.Conditions(v)
		domain.SetText(v, "kms:GranteePrincipal", in.GranteePrincipal)
		domain.SetText(v, "kms:RetiringPrincipal", in.RetiringPrincipal)
		domain.SetText(v, "kms:GranteeServicePrincipal", in.GranteeServicePrincipal)
		domain.SetText(v, "kms:RetiringServicePrincipal", in.RetiringServicePrincipal)
	}
	return &newGrant{*t, g}, nil
}

// createGrant makes a grant, or answers with the same one if it is there and has a name. One that
// is there is looked at again by the commit: it may have been retired meanwhile, and its id would
// be answered as one that holds.
func (s *Keys) createGrant(c *op.Call, _ CreateGrantInput,
	t *newGrant) (op.Commit[CreateGrantOutput], error) {
	if err := t.grant.Store(c, s.policies.People); err != nil {
		return nil, err
	}
	same, err := s.grants.Same(c, t.grant)
	if err != nil {
		return nil, err
	}
	if same != nil {
		return s.answerGrant(c, same, grant.StillThere(same)), nil
	}
	t.grant.ID = grant.NewID()
	insert, err := s.grants.Insert(c, t.grant)
	if err != nil {
		return nil, err
	}
	// What a grant may allow was held to the key as it was read.
	unchanged := func(tx *store.Tx) error { return s.rows.Unchanged(tx, t.Key) }
	return s.answerGrant(c, t.grant, domain.InOrder(unchanged, insert)), nil
}

// answerGrant returns what makes the change and answers with the grant.
func (s *Keys) answerGrant(c *op.Call, g *grant.Grant,
	change domain.Change) op.Commit[CreateGrantOutput] {
	return op.Apply(change, CreateGrantOutput{GrantToken: s.grants.Token(c, g), GrantId: g.ID})
}
