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
	served bool           // whether this service serves the other Region
	there  *target.Target // the other key
}

// findRelatedPair looks up both keys. A caller may name the primary key only, by id or ARN. One
// database has the keys of all Regions, so the other one is read here and no other Region asked.
func (s *Keys) findRelatedPair(c *op.Call, operation, keyID, region string) (relatedPair, error) {
	t, err := s.finder.Find(c, operation, keyID, false)
	if err != nil {
		return relatedPair{}, err
	}
	there := s.finder.At(c, operation, target.Named{
		Ref: key.Ref{Account: t.Named.Account, Region: region, ID: t.Named.ID}})
	return relatedPair{Target: t, region: region, served: slices.Contains(s.regions, region),
		there: there}, nil
}

// Missing implements [op.Target].
func (r relatedPair) Missing() error {
	if err := r.Target.Missing(); err != nil || r.there.Absent() {
		return err
	}
	return r.there.Missing()
}

// otherARN returns the ARN of the other key. It is known before there is one: both have one id.
func (r relatedPair) otherARN() string { return key.ARN(r.Named.Account, r.region, r.Named.ID) }

// demandNew returns the demand for an action on the other key where it is yet to be made: it has no
// policy, so that the account decides.
func (r relatedPair) demandNew(action string, values func() policy.Values) policy.Demand {
	return policy.Demand{Action: "kms:" + action, Values: values,
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
