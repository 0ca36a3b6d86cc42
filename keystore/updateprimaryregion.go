package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/keystore/target"
	"claviger/policy"
)

type UpdatePrimaryRegionInput struct {
	KeyId         string `shape:"KeyIdType,required"`
	PrimaryRegion string `shape:"RegionType,required"`
	op.ByShape
}

// promotion is the target of UpdatePrimaryRegion: the other key must be there.
type promotion struct{ relatedPair }

func (s *Keys) findPromotion(c *op.Call, in UpdatePrimaryRegionInput) (promotion, error) {
	r, err := s.findRelatedPair(c, "UpdatePrimaryRegion", in.KeyId, in.PrimaryRegion)
	if err != nil {
		return promotion{}, err
	}
	r.Says = func(v policy.Values) { domain.SetText(v, "kms:PrimaryRegion", &in.PrimaryRegion) }
	r.there.Says = r.Says
	return promotion{r}, nil
}

// Demands implements [op.Target]: the same on both keys.
func (p promotion) Demands() []policy.Demand {
	return append(p.Target.Demands(), p.there.Demands()...)
}

// Ready implements [op.Target]. The matrix holds for both keys.
func (p promotion) Ready() error {
	if err := p.relatedPair.Ready(); err != nil {
		return err
	}
	switch {
	case p.region == p.Key.Region:
		return kmsfault.Unsupported(p.Key.ARN() + " is the primary key already.")
	case p.there.Key == nil:
		return target.ErrNoKey(p.Key.RelatedRef(p.region))
	}
	return p.there.AllowsInState()
}

// updatePrimaryRegion swaps the roles at once. AWS shows both keys as Updating for a while, which
// one transaction makes needless. Only the old primary key's facts are given here: Amend stores
// what changes by them in the rows of all related keys, in the same transaction, so that there is
// one primary key at any time.
func (s *Keys) updatePrimaryRegion(c *op.Call, in UpdatePrimaryRegionInput,
	p promotion) (op.Commit[op.None], error) {
	replicas := multiregion.WithRegion(multiregion.WithoutRegion(p.Key.Replicas, in.PrimaryRegion),
		p.Key.Region)
	demoted := p.Key.Changed(func(k *key.Key) {
		k.PrimaryRegion, k.Replicas = in.PrimaryRegion, replicas
	})
	amend, err := s.related.Amend(c, p.Key, multiregion.Change{Key: demoted})
	return op.Apply(amend, op.None{}), err
}
