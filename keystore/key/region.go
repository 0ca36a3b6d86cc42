package key

import "slices"

// IsPrimary reports whether k is the primary of related keys, perhaps without any replica.
func (k *Key) IsPrimary() bool { return k.PrimaryRegion != "" && k.PrimaryRegion == k.Region }

// IsReplica reports whether k is a replica of a primary key in another Region.
func (k *Key) IsReplica() bool { return k.PrimaryRegion != "" && k.PrimaryRegion != k.Region }

// LeadRegion returns the Region whose key is rotated for k: the primary's for a replica, else k's
// own.
func (k *Key) LeadRegion() string {
	if k.IsReplica() {
		return k.PrimaryRegion
	}
	return k.Region
}

// RelatedRegions returns the Regions of the keys that share k's id.
func (k *Key) RelatedRegions() []string {
	if k.PrimaryRegion == "" {
		return nil
	}
	return slices.DeleteFunc(append([]string{k.PrimaryRegion}, k.Replicas...),
		func(region string) bool { return region == k.Region })
}

// RelatedRef returns the name of the related key in another Region.
func (k *Key) RelatedRef(region string) Ref { return Ref{k.Account, region, k.ID} }

// multiRegion is what callers are told of the keys related to k.
func (k *Key) multiRegion() *MultiRegionConfiguration {
	if k.PrimaryRegion == "" {
		return nil
	}
	at := func(region string) MultiRegionKey {
		return MultiRegionKey{Arn: ARN(k.Account, region, k.ID), Region: region}
	}
	c := &MultiRegionConfiguration{MultiRegionKeyType: "PRIMARY", PrimaryKey: at(k.PrimaryRegion),
		ReplicaKeys: []MultiRegionKey{}}
	if k.IsReplica() {
		c.MultiRegionKeyType = "REPLICA"
	}
	for _, region := range k.Replicas {
		c.ReplicaKeys = append(c.ReplicaKeys, at(region))
	}
	return c
}
