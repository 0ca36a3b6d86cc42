package keystore

import (
	"slices"

	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/target"
	"claviger/policy"
)

// relatedPair is the target of ReplicateKey and UpdatePrimaryRegion: a primary key, and the key
// with its id in another Region, there or to be made.
type relatedPair struct {
	*target.Target
	region string
	served bool     // whether this service serves the other Region
	other  *key.Key // nil if there is none
	unread error    // why the other key could not be read
}

// findRelatedPair looks up both keys. A caller may name the primary key only, by id or ARN. One
// database has the keys of all Regions, so the other one is read here and no other Region asked.
func (s *Keys) findRelatedPair(c *op.Call, operation, keyID, region string) (relatedPair, error) {
	t, err := s.finder.Find(c, operation, keyID, false)
	if err != nil {
		return relatedPair{}, err
	}
	r := relatedPair{Target: t, region: region, served: slices.Contains(s.regions, region)}
	r.other, r.unread = s.finder.Key(c,
		key.Ref{Account: t.Named.Account, Region: region, ID: t.Named.ID})
	return r, nil
}

// Missing implements [op.Target].
func (r relatedPair) Missing() error {
	if err := r.Target.Missing(); err != nil {
		return err
	}
	return r.unread
}

// otherARN returns the ARN of the other key. It is known before there is one: both have one id.
func (r relatedPair) otherARN() string { return key.ARN(r.Named.Account, r.region, r.Named.ID) }

// demandOnOther returns the demand for an action on the other key.
func (r relatedPair) demandOnOther(action string) policy.Demand {
	return policy.Demand{Action: "kms:" + action,
		Resource: policy.Resource{ARN: r.otherARN(), Account: r.Named.Account}}
}

// Ready implements [op.Target]. A Region that isn't served comes last: which ones are is told to
// authorized callers only.
func (r relatedPair) Ready() error {
	if err := r.Target.Ready(); err != nil {
		return err
	}
	if !r.served {
		return kmsfault.Unsupported("The Region " + r.region + " is not one that this service serves.")
	}
	return nil
}
