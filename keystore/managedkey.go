package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/policy"
)

// manageInput asks for the key that a service uses when the caller names none.
type manageInput struct {
	Service string `shape:"Service,required"`
	op.ByShape
}

// managedTarget is the alias of a service's own key, not there yet.
type managedTarget struct {
	keyrows.AliasRef
	op.There
}

// Demands implements [op.Target].
func (m managedTarget) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:CreateKey", Resource: policy.Resource{ARN: m.ARN()}}}
}

// managedAlias is AWS's name for the key that a service manages.
func managedAlias(service string) string { return "alias/aws/" + service }

// serviceOfAlias returns the service that manages the key of an alias, or nothing.
func serviceOfAlias(alias string) string {
	for _, service := range key.Managers() {
		if alias == managedAlias(service) {
			return service
		}
	}
	return ""
}

// findManaged names the alias only. Whether it is there is for [Keys.createManaged] to find out.
func (s *Keys) findManaged(c *op.Call, in manageInput) (managedTarget, error) {
	account, region := c.Namespace()
	return managedTarget{AliasRef: keyrows.AliasRef{Account: account, Region: region,
		Name: managedAlias(in.Service)}}, nil
}

// createManaged makes an AWS managed key and its alias in one transaction. If another request was
// first, that is as good.
func (s *Keys) createManaged(c *op.Call, in manageInput,
	m managedTarget) (op.Commit[op.None], error) {
	made, err := s.rows.Alias(c, m.AliasRef)
	if err != nil {
		return nil, err
	}
	// This look spares the device a key. It decides nothing: the insertion does.
	if made != nil {
		return op.Unchanged(op.None{}), nil
	}
	k, err := s.newKey(c, key.ManagerAWS, key.OriginKMS, key.SymmetricDefault, key.EncryptDecrypt)
	if err != nil {
		return nil, err
	}
	// AWS rotates the keys that its services manage every year, and nobody can switch it off.
	k.RotateEvery(defaultRotationPeriod, c.Time)
	k.Description = key.ManagedDescription(in.Service)
	k.Policy = key.ManagedPolicy(k.Account, k.Region, in.Service)
	c.Made(k.ARN())
	insertKey, err := s.rows.Insert(c, k)
	if err != nil {
		return nil, err
	}
	insertAlias, err := s.rows.InsertAlias(c,
		&keyrows.Alias{AliasRef: m.AliasRef, Rev: 1, KeyID: k.ID, Created: c.Time, Updated: c.Time})
	if err != nil {
		return nil, err
	}
	// The alias first: its name is what two requests collide on, while the ids of their keys
	// differ.
	return op.Apply(domain.Once(domain.InOrder(insertAlias, insertKey)), op.None{}), nil
}
