// Package grant is the grants of KMS keys. A grant lets one principal use one key for a few
// operations, whatever the key's policy says to that principal.
//
// A grant is made and ends, and is never changed: its row needs no revision. What a caller was
// granted on a key is cached by key and grantee, because a key may have 50,000 grants and hardly a
// caller has more than a few.
//
// AWS takes minutes to spread a grant, and has grant tokens for whoever can't wait. Here a grant
// holds once it is answered. Tokens are made and read all the same: clients send them, and
// RetireGrant takes one as the name of its grant.
package grant

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/keystore/key"
	"claviger/policy"
)

// Grant lets a principal use a key.
type Grant struct {
	Key               key.Ref
	ID                string // 64 hex digits
	Name              string // empty: it has none
	Grantee           string // unique id of a user or role, ARN of another, or a service's name
	RetiringPrincipal string // the same; empty: nobody but the grantee, if the operations say so
	IssuingAccount    string
	Operations        []string // in order, each once
	Constraints       Constraints
	Created           time.Time
}

// Policy returns the grant as package policy decides by it.
func (g *Grant) Policy() policy.Grant {
	actions := make([]string, len(g.Operations))
	for i, operation := range g.Operations {
		actions[i] = "kms:" + operation
	}
	return policy.Grant{ID: g.ID, Grantee: g.Grantee, Actions: actions,
		Equals:    g.Constraints.EncryptionContextEquals,
		Subset:    g.Constraints.EncryptionContextSubset,
		SourceARN: domain.Or(g.Constraints.SourceArn, "")}
}

// Conditions puts what a grant is into the values of condition keys, when it is made and when it is
// retired.
func (g *Grant) Conditions(v policy.Values) {
	made := g.Policy()
	maps.Copy(v, made.Values())
	v.EncryptionContext(g.Constraints.EncryptionContextEquals)
	v.EncryptionContext(g.Constraints.EncryptionContextSubset)
	if g.Constraints.SourceArn != nil {
		v["kms:GrantConstraintSourceArn"] = []string{*g.Constraints.SourceArn}
	}
}

// RetirementPolicies returns who may retire the grant without a policy that allows it: its retiring
// principal, its grantee if RetireGrant is among its operations, and the account of the key
// ("Retiring and revoking grants" of the KMS developer guide).
func (g *Grant) RetirementPolicies() []policy.Grant {
	retiring := policy.Grant{ID: g.ID, Grantee: g.RetiringPrincipal,
		Actions: []string{"kms:RetireGrant"}}
	account := retiring
	account.Grantee = "arn:aws:iam::" + g.Key.Account + ":root"
	return []policy.Grant{retiring, account, g.Policy()}
}

// idSize is how many bytes the id of a grant stands for.
const idSize = 32

// NewID returns an id that no grant had before.
func NewID() string {
	id := make([]byte, idSize)
	rand.Read(id)
	return hex.EncodeToString(id)
}

// CheckID refuses what can't be the id of a grant: that is 64 hex digits in lower case.
func CheckID(id string) error {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != idSize || id != strings.ToLower(id) {
		return fault.Newf(fault.Invalid, "InvalidGrantIdException", "Invalid grant ID '%s'", id)
	}
	return nil
}

// NotFound says that a key has no grant of this id, to those who may know it.
func NotFound(id string) error {
	return fault.Newf(fault.NotFound, "NotFoundException", "Grant ID %s not found", id)
}
