package keystore

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/policy"
)

// ReplicateKeyInput is ReplicateKeyRequest of AWS.
type ReplicateKeyInput struct {
	KeyId                          string    `shape:"KeyIdType,required"`
	ReplicaRegion                  string    `shape:"RegionType,required"`
	Policy                         *string   `shape:"PolicyType"`
	BypassPolicyLockoutSafetyCheck *bool     `shape:"BooleanType"`
	Description                    *string   `shape:"DescriptionType"`
	Tags                           []key.Tag `shape:"TagList"`
}

// Validate implements [op.Input].
func (in ReplicateKeyInput) Validate() error { return domain.CheckTags(tagRules, in.Tags) }

// ReplicateKeyOutput is ReplicateKeyResponse of AWS.
type ReplicateKeyOutput struct {
	ReplicaKeyMetadata key.KeyMetadata
	ReplicaPolicy      string
	ReplicaTags        []key.Tag
}

// relation is a primary key and the key with its id in another Region: there, or to be made.
type relation struct {
	*target
	region string
	served bool
	other  *key.Key // nil if there is none
}

func (s *Keys) findRelation(c *op.Call, operation, keyID, region string) (relation, error) {
	t, err := s.find(c, operation, keyID, false)
	if err != nil {
		return relation{}, err
	}
	r := relation{target: t, region: region, served: slices.Contains(s.regions, region)}
	r.other, err = s.key(c, key.Ref{Account: t.named.Account, Region: region, ID: t.named.ID})
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

// replication is the target of ReplicateKey.
type replication struct {
	relation
	tagged bool
}

func (s *Keys) findReplication(c *op.Call, in ReplicateKeyInput) (replication, error) {
	r, err := s.findRelation(c, "ReplicateKey", in.KeyId, in.ReplicaRegion)
	return replication{r, len(in.Tags) > 0}, err
}

// Demands implements [op.Target]: to replicate the one key, and to make the other, whose id is known before it is made.
func (r replication) Demands() []policy.Demand {
	d := append(r.target.Demands(), r.demand("CreateKey"))
	if r.tagged {
		d = append(d, r.demand("TagResource"))
	}
	return d
}

// Ready implements [op.Target].
func (r replication) Ready() error {
	if err := r.relation.Ready(); err != nil {
		return err
	}
	if r.other != nil {
		return fault.Newf(fault.Exists, "AlreadyExistsException", "The key %s already exists.", r.arn())
	}
	return nil
}

// replicateKey answers before the replica is there, as AWS does: it is in the state Creating, which ends with the answer.
func (s *Keys) replicateKey(c *op.Call, in ReplicateKeyInput, r replication) (op.Commit[ReplicateKeyOutput], error) {
	if in.Policy != nil {
		if err := checkPolicy(c, *in.Policy, r.arn(), domain.Or(in.BypassPolicyLockoutSafetyCheck, false)); err != nil {
			return nil, err
		}
	}
	replica := multiregion.Replica(r.key, in.ReplicaRegion, c.Time)
	replica.Description, replica.Policy, replica.Tags = domain.Or(in.Description, ""), domain.Or(in.Policy, ""), domain.SortTags(in.Tags)
	ch := multiregion.Change{Key: r.key.Changed(func(k *key.Key) { k.Replicas = replica.Replicas }), Adds: replica}
	amend, err := s.related.Amend(c, r.key, ch)
	out := ReplicateKeyOutput{replica.Metadata(), policyOf(replica), append([]key.Tag{}, replica.Tags...)}
	out.ReplicaKeyMetadata.KeyState, out.ReplicaKeyMetadata.Enabled = key.Creating, false
	return op.Apply(amend, out), err
}

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
