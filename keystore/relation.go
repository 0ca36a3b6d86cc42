package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/policy"
	"slices"
)

// relation is a primary key and the key with its id in another Region: there, or to be made.
type relation struct {
	*target
	region string
	served bool
	other  *key.Key // nil if there is none
}

func (s *Keys) findRelation(c *op.Call, operation, keyID, region string) (relation, error) {
	t, err := s.finder.find(c, operation, keyID, false)
	if err != nil {
		return relation{}, err
	}
	r := relation{target: t, region: region, served: slices.Contains(s.regions, region)}
	r.other, err = s.finder.key(c, key.Ref{Account: t.named.Account, Region: region, ID: t.named.ID})
	return r, err
}

// arn is the name of the other key, whether there is one or not.
func (r relation) arn() string { return key.ARN(r.named.Account, r.region, r.named.ID) }

func (r relation) demand(action string) policy.Demand {
	return policy.Demand{Action: "kms:" + action, Resource: policy.Resource{ARN: r.arn(), Account: r.named.Account}}
}

// Ready implements [op.Target].
func (r relation) Ready() error {
	if err := r.target.Ready(); err != nil {
		return err
	}
	if !r.served {
		return kmsfault.Unsupported("The Region " + r.region + " is not one that this service serves.")
	}
	return nil
}
