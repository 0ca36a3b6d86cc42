package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/policy"
)

// UpdatePrimaryRegionInput is UpdatePrimaryRegionRequest of AWS.
type UpdatePrimaryRegionInput struct {
	KeyId         string `shape:"KeyIdType,required"`
	PrimaryRegion string `shape:"RegionType,required"`
	op.ByShape
}

// promotion is the target of UpdatePrimaryRegion.
type promotion struct{ relation }

func (s *Keys) findPromotion(c *op.Call, in UpdatePrimaryRegionInput) (promotion, error) {
	r, err := s.findRelation(c, "UpdatePrimaryRegion", in.KeyId, in.PrimaryRegion)
	return promotion{r}, err
}

// Demands implements [op.Target]: the same on both keys.
func (p promotion) Demands() []policy.Demand {
	return append(p.target.Demands(), p.demand(p.action))
}

// Ready implements [op.Target]. The matrix holds for both keys.
func (p promotion) Ready() error {
	if err := p.relation.Ready(); err != nil {
		return err
	}
	switch {
	case p.region == p.key.Region:
		return kmsfault.Unsupported(p.key.ARN() + " is the primary key already.")
	case p.other == nil:
		return errNoKey(p.key.RelatedRef(p.region))
	}
	return p.other.AllowsInState(p.operation)
}

func (s *Keys) updatePrimaryRegion(c *op.Call, in UpdatePrimaryRegionInput, p promotion) (op.Commit[op.None], error) {
	replicas := multiregion.WithRegion(multiregion.WithoutRegion(p.key.Replicas, in.PrimaryRegion), p.key.Region)
	amend, err := s.related.Amend(c, p.key, multiregion.Change{Key: p.key.Changed(func(k *key.Key) { k.PrimaryRegion, k.Replicas = in.PrimaryRegion, replicas })})
	return op.Apply(amend, op.None{}), err
}
