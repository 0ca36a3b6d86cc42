package keystore

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/policy"
)

// grant lets a principal use a key. It is made and ended, never changed.
type grant struct {
	key.Ref
	id          string
	name        string
	grantee     string // ARN of a principal, or the name of a service
	retiring    string // the same, or nothing
	issuer      string // the account
	operations  []string
	constraints GrantConstraints
	created     time.Time
}

// Quotas of grants: those of the KMS developer guide ("Resource quotas") and the API reference (CreateGrant).
const (
	grantsPerKey       = 50000
	constraintPairs    = 8
	constraintValueLen = 384 // characters of each value
)

// GrantConstraints says under what circumstances a grant holds: all of them that are there.
type GrantConstraints struct {
	EncryptionContextSubset map[string]string `shape:"EncryptionContextType" json:",omitzero"`
	EncryptionContextEquals map[string]string `shape:"EncryptionContextType" json:",omitzero"`
	SourceArn               *string           `shape:"GrantConstraintSourceArnType" json:",omitzero"`
}

// empty reports whether nothing is constrained. An empty EncryptionContextEquals is a constraint: to no context at all.
func (g GrantConstraints) empty() bool {
	return g.EncryptionContextEquals == nil && g.EncryptionContextSubset == nil && g.SourceArn == nil
}

// check holds the constraints to their limits.
func (g GrantConstraints) check() error {
	for _, pairs := range []map[string]string{g.EncryptionContextEquals, g.EncryptionContextSubset} {
		if len(pairs) > constraintPairs {
			return fault.Newf(fault.Invalid, "ValidationException", "A grant constraint has at most %d encryption context pairs.", constraintPairs)
		}
		for _, v := range pairs {
			if len([]rune(v)) > constraintValueLen {
				return fault.Newf(fault.Invalid, "ValidationException", "A value in a grant constraint has at most %d characters.", constraintValueLen)
			}
		}
		if err := checkContext(pairs); err != nil {
			return err // no request could ever meet it
		}
	}
	return nil
}

// decides returns the grant as package policy sees it.
func (g *grant) decides() policy.Grant {
	actions := make([]string, len(g.operations))
	for i, operation := range g.operations {
		actions[i] = "kms:" + operation
	}
	return policy.Grant{ID: g.id, Grantee: g.grantee, Actions: actions,
		Equals: g.constraints.EncryptionContextEquals, Subset: g.constraints.EncryptionContextSubset,
		SourceARN: domain.Or(g.constraints.SourceArn, "")}
}

// grantable returns nil if a grant can allow the operation on the key: if the key serves it.
func grantable(k *key.Key, operation string) error {
	fits := false
	switch operation {
	case "CreateGrant", "RetireGrant", "DescribeKey":
		fits = true
	case "GetPublicKey":
		fits = k.IsAsymmetric()
	case "ReEncryptFrom", "ReEncryptTo":
		fits = k.Usage == key.EncryptDecrypt
	default:
		fits = key.Usages[operation] == k.Usage && (k.IsSymmetric() || !strings.HasPrefix(operation, "GenerateDataKey"))
	}
	if !fits {
		return fault.Newf(fault.Invalid, "ValidationError", "The operation %s can't be granted on the key %s of spec %s for %s.",
			operation, k.ARN(), k.Spec, k.Usage)
	}
	return nil
}

// takesGrant returns nil if a grant of these operations under these constraints is one for the key.
func takesGrant(k *key.Key, operations []string, constraints GrantConstraints) error {
	for _, o := range operations {
		if err := grantable(k, o); err != nil {
			return err
		}
	}
	if !k.IsSymmetric() && (constraints.EncryptionContextEquals != nil || constraints.EncryptionContextSubset != nil) {
		return kmsfault.Invalid("Encryption context constraints can be used only in grants of symmetric encryption keys.")
	}
	return nil
}

// isGrantID reports whether s has the form of a grant's id: 64 hex digits.
func isGrantID(s string) bool {
	_, err := hex.DecodeString(s)
	return len(s) == 64 && err == nil && s == strings.ToLower(s)
}

func errGrantID(id string) error {
	return fault.Newf(fault.Invalid, "InvalidGrantIdException", "Invalid grant ID '%s'", id)
}

func errNoGrant(id string) error {
	return fault.Newf(fault.NotFound, "NotFoundException", "Grant ID %s not found", id)
}

var errGrantToken = fault.New(fault.Invalid, "InvalidGrantTokenException", "The grant token is not valid.")

// checkPrincipal refuses what is no principal's ARN.
func checkPrincipal(arn *string) error {
	if arn != nil && !policy.IsPrincipal(*arn) {
		return fault.New(fault.Invalid, "InvalidArnException", "ARN does not refer to a valid principal: "+*arn)
	}
	return nil
}

// grantToken makes a token for a grant: the key, the grant and something new each time, under a MAC over account and
// Region as well. It is opaque to callers, and no secret: a grant holds for its grantee, with the token or without it.
func (s *Keys) grantToken(c *op.Call, keyID, grantID string) string {
	return s.tokens.Make(keyID+"/"+grantID+"/"+c.RequestID, tokenScope(c)...)
}

// readGrantToken returns the key and the grant that a token of this account and Region was made for.
func (s *Keys) readGrantToken(c *op.Call, token string) (keyID, grantID string, err error) {
	text, err := s.tokens.Read(token, tokenScope(c)...)
	if err != nil {
		return "", "", errGrantToken.Because(err)
	}
	keyID, rest, _ := strings.Cut(text, "/")
	grantID, _, _ = strings.Cut(rest, "/")
	return keyID, grantID, nil
}

func tokenScope(c *op.Call) []string {
	account, region := c.Namespace()
	return []string{"GrantToken", account, region}
}

// presented is what a request brings that its grants may turn on.
type presented struct {
	tokens  []string
	context map[string]string
}

// values are what the request says to condition keys.
func (p presented) values() policy.Values {
	v := policy.Values{}
	v.EncryptionContext(p.context)
	return v
}

// findGranted is [Keys.find] for an operation that a grant can allow. Grants hold at once and everywhere here, so tokens
// change nothing; but one that isn't ours is refused, as with AWS. One for another key is none of this request's
// business: clients send all they have with every request.
func (s *Keys) findGranted(c *op.Call, operation, keyID string, aliases bool, by presented) (*target, error) {
	for _, token := range by.tokens {
		if _, _, err := s.readGrantToken(c, token); err != nil {
			return nil, err
		}
	}
	t, err := s.find(c, operation, keyID, aliases)
	if err != nil {
		return nil, err
	}
	t.grants = func() ([]policy.Grant, error) { return s.grantsFor(c, t.key) }
	t.values = by.values
	return t, nil
}

// GrantListEntry is one grant of a listing.
type GrantListEntry struct {
	KeyId                    string
	GrantId                  string
	Name                     string `json:",omitzero"`
	CreationDate             wire.Time
	GranteePrincipal         string `json:",omitzero"`
	RetiringPrincipal        string `json:",omitzero"`
	GranteeServicePrincipal  string `json:",omitzero"`
	RetiringServicePrincipal string `json:",omitzero"`
	IssuingAccount           string
	Operations               []string
	Constraints              *GrantConstraints `json:",omitzero"`
}

// entry returns what is told of the grant.
func (g *grant) entry() GrantListEntry {
	e := GrantListEntry{KeyId: key.ARN(g.Account, g.Region, g.Ref.ID), GrantId: g.id, Name: g.name, CreationDate: wire.Time{Time: g.created},
		IssuingAccount: "arn:aws:iam::" + g.issuer + ":root", Operations: g.operations}
	e.GranteePrincipal, e.GranteeServicePrincipal = principalOrService(g.grantee)
	e.RetiringPrincipal, e.RetiringServicePrincipal = principalOrService(g.retiring)
	if !g.constraints.empty() {
		e.Constraints = &g.constraints
	}
	return e
}

// principalOrService tells by the form of a name which of two members it belongs in.
func principalOrService(name string) (principal, service string) {
	if strings.HasPrefix(name, "arn:") {
		return name, ""
	}
	return "", name
}

// sorted returns a list in order and without repetitions.
func sorted(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}
