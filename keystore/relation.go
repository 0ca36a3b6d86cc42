package keystore

import (
	"slices"

	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/target"
	"claviger/policy"
)

// relation is a primary key and the key with its id in another Region: there, or to be made.
type relation struct {
	*target.Target
	region string
	served bool
	other  *key.Key // nil if there is none
}

func (s *Keys) findRelation(c *op.Call, operation, keyID, region string) (relation, error) {
	t, err := s.finder.Find(c, operation, keyID, false)
	if err != nil {
		return relation{}, err
	}
	r := relation{Target: t, region: region, served: slices.Contains(s.regions, region)}
	r.other, err = s.finder.Key(c, key.Ref{Account: t.Named.Account, Region: region, ID: t.Named.ID})
	return r, err
}

// arn is the name of the other key, whether there is one or not.
func (r relation) arn() string { return key.ARN(r.Named.Account, r.region, r.Named.ID) }

func (r relation) demand(action string) policy.Demand {
	return policy.Demand{Action: "kms:" + action,
		Resource: policy.Resource{ARN: r.arn(), Account: r.Named.Account}}
}

// Ready implements [op.Target].
func (r relation) Ready() error {
	if err := r.Target.Ready(); err != nil {
		return err
	}
	if !r.served {
		return kmsfault.Unsupported("The Region " + r.region + " is not one that this service serves.")
	}
	return nil
}
