package keystore

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/store"
)

// CreateGrantInput is CreateGrantRequest of AWS.
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
	switch {
	case (in.GranteePrincipal == nil) == (in.GranteeServicePrincipal == nil):
		return kmsfault.Invalid("You must specify either GranteePrincipal or GranteeServicePrincipal, but not both.")
	case in.RetiringPrincipal != nil && in.RetiringServicePrincipal != nil:
		return kmsfault.Invalid("You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both.")
	case in.GranteeServicePrincipal != nil && constraints.SourceArn == nil:
		return kmsfault.Invalid("A grant to a service principal must have a SourceArn constraint.")
	case in.GranteeServicePrincipal != nil && in.RetiringPrincipal == nil && in.RetiringServicePrincipal == nil:
		return kmsfault.Invalid("A grant to a service principal must have a RetiringPrincipal or a RetiringServicePrincipal.")
	case len(in.Operations) == 0:
		return kmsfault.Invalid("A grant must allow at least one operation.")
	}
	for _, arn := range []*string{in.GranteePrincipal, in.RetiringPrincipal} {
		if err := checkPrincipal(arn); err != nil {
			return err
		}
	}
	return constraints.check()
}

// CreateGrantOutput is CreateGrantResponse of AWS.
type CreateGrantOutput struct{ GrantToken, GrantId string }

// newGrant returns the grant that is asked for, of a key that may not be there. It has no id yet.
func newGrant(c *op.Call, in CreateGrantInput, ref key.Ref) *grant {
	return &grant{Ref: ref, name: domain.Or(in.Name, ""), issuer: c.Caller.Account,
		grantee:    domain.Or(in.GranteePrincipal, domain.Or(in.GranteeServicePrincipal, "")),
		retiring:   domain.Or(in.RetiringPrincipal, domain.Or(in.RetiringServicePrincipal, "")),
		operations: sorted(in.Operations), constraints: domain.Or(in.Constraints, GrantConstraints{}), created: c.Time.Truncate(time.Millisecond)}
}

// granting is a key and the grant that is to be made on it.
type granting struct {
	target
	grant *grant
}

func (s *Keys) findGranting(c *op.Call, in CreateGrantInput) (*granting, error) {
	t, err := s.findGranted(c, "CreateGrant", in.KeyId, false, presented{tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	g := newGrant(c, in, t.named.Ref)
	makes := g.decides()
	t.values, t.viaOnly = makes.Values, c.Via == ""
	t.fits = func(k *key.Key) error { return takesGrant(k, g.operations, g.constraints) }
	return &granting{*t, g}, nil
}

// createGrant makes a grant. One with a name is made once: the same request again answers the same grant.
func (s *Keys) createGrant(c *op.Call, _ CreateGrantInput, t *granting) (op.Commit[CreateGrantOutput], error) {
	id, err := s.twin(c, t.grant)
	switch {
	case err != nil:
		return nil, err
	case id != "":
		return s.grantAgain(c, t.grant, id), nil
	}
	t.grant.id = newGrantID()
	return s.addGrant(c, t.key, t.grant)
}

// addGrant returns what stores a new grant, on the key as it was read.
func (s *Keys) addGrant(c *op.Call, k *key.Key, g *grant) (op.Commit[CreateGrantOutput], error) {
	insert, err := s.insertGrant(c, g)
	if err != nil {
		return nil, err
	}
	before, err := countGrants(s.db, g.Ref)
	if err != nil {
		return nil, err
	}
	noteGrant(c, g.id)
	out := CreateGrantOutput{s.grantToken(c, g.Ref.ID, g.id), g.id}
	return func(tx *store.Tx) (CreateGrantOutput, error) {
		if err := s.rows.Unchanged(tx, k); err != nil {
			return CreateGrantOutput{}, err
		}
		if err := noTwin(tx, g); err != nil {
			return CreateGrantOutput{}, err
		}
		if err := insert(tx); err != nil || before < grantsPerKey-grantsAtOnce {
			return out, err
		}
		return out, checkGrants(tx, g.Ref)
	}, nil
}

// twin returns the id of the grant with this one's name that is like it in all else; empty if there is none, or no name. Its row
// is verified.
func (s *Keys) twin(c *op.Call, g *grant) (id string, err error) {
	if g.name == "" {
		return "", nil
	}
	id, err = selectTwin(s.db, g)
	if err != nil || id == "" {
		return "", err
	}
	there, err := s.loadGrant(c, g.Ref, id)
	if err != nil || there == nil {
		return "", err
	}
	return id, nil
}

// noTwin is stale if another request has just made the grant that g names.
func noTwin(tx *store.Tx, g *grant) error {
	if g.name == "" {
		return nil
	}
	id, err := selectTwin(tx, g)
	if err == nil && id != "" {
		err = store.Stale
	}
	return err
}

// grantAgain answers with a grant that is there already. It is stale if it is there no more.
func (s *Keys) grantAgain(c *op.Call, g *grant, id string) op.Commit[CreateGrantOutput] {
	noteGrant(c, id)
	out := CreateGrantOutput{s.grantToken(c, g.Ref.ID, id), id}
	return func(tx *store.Tx) (CreateGrantOutput, error) {
		now, err := selectTwin(tx, g)
		if err == nil && now != id {
			err = store.Stale
		}
		return out, err
	}
}

// noteGrant records which grant it is about.
func noteGrant(c *op.Call, id string) { c.Note(`{"grantId":"` + id + `"}`) }

// newGrantID draws the id of a grant: 64 hex digits, as AWS's are.
func newGrantID() string {
	id := make([]byte, 32)
	rand.Read(id)
	return hex.EncodeToString(id)
}

// grantsAtOnce is more than can be on their way at the same time. A key that lacks so many to its quota isn't counted in the
// transaction: that takes milliseconds of everybody's time.
const grantsAtOnce = 8192

func countGrants(r store.Reader, k key.Ref) (n int, err error) {
	err = r.Row(qCountGrants, []any{k.Account, k.Region, k.ID}, &n)
	return n, err
}

// checkGrants holds a key to the quota of grants, once it has one more. An error takes that one back.
func checkGrants(tx *store.Tx, k key.Ref) error {
	n, err := countGrants(tx, k)
	if err == nil && n > grantsPerKey {
		err = fault.Newf(fault.Limit, "LimitExceededException", "A key has at most %d grants.", grantsPerKey)
	}
	return err
}
