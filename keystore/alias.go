package keystore

import (
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/kmsfault"
	"claviger/keystore/target"
	"claviger/policy"
)

// aliasTarget is the alias that CreateAlias, UpdateAlias or DeleteAlias touches, with its keys. AWS
// asks for a permission on each of them: on the alias, and on one key or two.
type aliasTarget struct {
	ref       keyrows.AliasRef
	alias     *keyrows.Alias // as it stands, nil if there is none
	old       *target.Target // the key it stands for now; nil: none, or none to ask about
	to        *target.Target // the key it shall stand for; nil for a removal
	operation string
	unread    error // why the alias could not be read
}

// Demands implements [op.Target]: the alias, the key it leaves and the key it goes to.
func (m *aliasTarget) Demands() []policy.Demand {
	action := "kms:" + m.operation
	d := []policy.Demand{{Action: action,
		Resource: policy.Resource{ARN: m.ref.ARN(), Account: m.ref.Account}}}
	// Whoever may change the alias alone could else take it from a key that isn't theirs, and its
	// users would encrypt under another one unawares.
	if m.old != nil {
		d = append(d, m.old.Demands()...)
	}
	if m.to != nil {
		d = append(d, m.to.Demands()...)
	}
	return d
}

// Missing implements [op.Target].
func (m *aliasTarget) Missing() error {
	if m.unread != nil {
		return m.unread
	}
	// CreateAlias wants it absent, which only the insertion can tell: see [Keys.createAlias].
	if m.alias == nil && m.operation != "CreateAlias" {
		return target.ErrNoAlias(m.ref)
	}
	if m.to != nil {
		return m.to.Missing()
	}
	return nil
}

// Ready implements [op.Target]. The key that is left may be in any state. So an alias can be moved
// away from one that is pending deletion.
func (m *aliasTarget) Ready() error {
	if m.to != nil {
		return m.to.Ready()
	}
	return nil
}

// checkAlias refuses names that no caller may give a key. The answers are AWS's, one for each rule.
func checkAlias(name string) error {
	switch {
	case !strings.HasPrefix(name, "alias/"):
		return kmsfault.Invalid(
			`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
	case strings.HasPrefix(name, "alias/aws/"):
		return fault.New(fault.Denied, "NotAuthorizedException",
			"The alias name for a customer managed CMK cannot begin with alias/aws/.")
	// The model's pattern lets a colon pass, and KMS itself doesn't.
	case strings.Contains(name, ":"):
		return kmsfault.Invalid(name + " contains invalid characters for an alias")
	case name == "alias/":
		return fault.New(fault.Invalid, "InvalidAliasNameException",
			"The alias name must have at least one character after its prefix.")
	}
	return nil
}

// checkAliasTarget refuses an alias of an alias, by name or by ARN, whether there is one or not.
func checkAliasTarget(id string) error {
	if strings.HasPrefix(id, "alias/") ||
		strings.HasPrefix(id, "arn:") && strings.Contains(id, ":alias/") {
		return kmsfault.Invalid("Aliases must refer to keys. Not aliases")
	}
	return nil
}

// findAlias looks up an alias and the key that it stands for, whose policy has a say. The key's
// state forbids nothing to the alias, and that it can't be read does not either.
func (s *Keys) findAlias(c *op.Call, operation, name string) *aliasTarget {
	account, region := c.Namespace()
	m := &aliasTarget{ref: keyrows.AliasRef{Account: account, Region: region, Name: name},
		operation: operation}
	if m.alias, m.unread = s.rows.Alias(c, m.ref); m.alias != nil {
		m.old = s.finder.At(c, operation, target.Named{Alias: name,
			Ref: key.Ref{Account: account, Region: region, ID: m.alias.KeyID}})
	}
	return m
}

// findAliasAndTarget is findAlias with the key that the alias shall stand for. An alias can't stand
// for another alias: AWS takes key ids and ARNs only here.
func (s *Keys) findAliasAndTarget(c *op.Call, operation string,
	in AliasInput) (*aliasTarget, error) {
	m := s.findAlias(c, operation, in.AliasName)
	var err error
	if m.to, err = s.finder.Find(c, operation, in.TargetKeyId, false); err != nil {
		return nil, err
	}
	return m, nil
}
