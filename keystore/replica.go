package keystore

import (
	"slices"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"
)

// ReplicateKeyInput is ReplicateKeyRequest of AWS.
type ReplicateKeyInput struct {
	KeyId                          string  `shape:"KeyIdType,required"`
	ReplicaRegion                  string  `shape:"RegionType,required"`
	Policy                         *string `shape:"PolicyType"`
	BypassPolicyLockoutSafetyCheck *bool   `shape:"BooleanType"`
	Description                    *string `shape:"DescriptionType"`
	Tags                           []Tag   `shape:"TagList"`
}

// Validate implements [op.Input].
func (in ReplicateKeyInput) Validate() error { return checkTags(in.Tags) }

// ReplicateKeyOutput is ReplicateKeyResponse of AWS.
type ReplicateKeyOutput struct {
	ReplicaKeyMetadata KeyMetadata
	ReplicaPolicy      string
	ReplicaTags        []Tag
}

// relation is a primary key and the key with its id in another Region: there, or to be made.
type relation struct {
	*target
	region string
	served bool
	other  *Key // nil if there is none
}

func (s *Keys) findRelation(c *op.Call, operation, keyID, region string) (relation, error) {
	t, err := s.find(c, operation, keyID, false)
	if err != nil {
		return relation{}, err
	}
	r := relation{target: t, region: region, served: slices.Contains(s.regions, region)}
	r.other, err = s.key(c, keyRef{t.named.account, region, t.named.id})
	return r, err
}

// arn is the name of the other key, whether there is one or not.
func (r relation) arn() string { return keyARN(r.named.account, r.region, r.named.id) }

func (r relation) demand(action string) policy.Demand {
	return policy.Demand{Action: "kms:" + action, Resource: policy.Resource{ARN: r.arn(), Account: r.named.account}}
}

// Ready implements [op.Target].
func (r relation) Ready() error {
	if err := r.target.Ready(); err != nil {
		return err
	}
	if !r.served {
		return unsupported("The Region " + r.region + " is not one that this service serves.")
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
		if err := checkPolicy(c, *in.Policy, r.arn(), or(in.BypassPolicyLockoutSafetyCheck, false)); err != nil {
			return nil, err
		}
	}
	replica := r.key.replicaIn(in.ReplicaRegion, c.Time)
	replica.Description, replica.Policy, replica.Tags = or(in.Description, ""), or(in.Policy, ""), merge(nil, in.Tags)
	ch := change{key: r.key.changed(func(k *Key) { k.Replicas = replica.Replicas }), adds: replica}
	amend, err := s.amend(c, r.key, ch)
	out := ReplicateKeyOutput{replica.Metadata(), replica.policy(), append([]Tag{}, replica.Tags...)}
	out.ReplicaKeyMetadata.KeyState, out.ReplicaKeyMetadata.Enabled = Creating, false
	return func(tx *store.Tx) (ReplicateKeyOutput, error) { return out, amend(tx) }, err
}

// replicaIn returns a new replica of k, a primary key, with all that the two share. Material of KMS's own rests wrapped by the root
// of the installation, which serves all its Regions, so its rows are copied; imported material must be imported there again.
func (k *Key) replicaIn(region string, now time.Time) *Key {
	r := &Key{Account: k.Account, Region: region, ID: k.ID, Rev: 1, Manager: k.Manager, Spec: k.Spec, Usage: k.Usage, Origin: k.Origin,
		State: Enabled, MaterialID: k.MaterialID, Primary: k.Primary, Replicas: withRegion(k.Replicas, region),
		Rotation: k.Rotation, Rotates: k.Rotates, Created: now.Truncate(time.Microsecond), materials: k.supply(nil)}
	if k.Origin == originExternal {
		r.State = PendingImport
	}
	return r
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
		return unsupported(p.key.ARN() + " is the primary key already.")
	case p.other == nil:
		return errNoKey(named{keyRef: p.key.in(p.region)})
	}
	return p.other.allows(p.operation)
}

func (s *Keys) updatePrimaryRegion(c *op.Call, in UpdatePrimaryRegionInput, p promotion) (op.Commit[op.None], error) {
	replicas := withRegion(withoutRegion(p.key.Replicas, in.PrimaryRegion), p.key.Region)
	amend, err := s.amend(c, p.key, change{key: p.key.changed(func(k *Key) { k.Primary, k.Replicas = in.PrimaryRegion, replicas })})
	return func(tx *store.Tx) (op.None, error) { return op.None{}, amend(tx) }, err
}
