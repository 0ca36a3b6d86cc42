package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/keystore/target"
	"claviger/policy"
)

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

type ReplicateKeyOutput struct {
	ReplicaKeyMetadata key.KeyMetadata
	ReplicaPolicy      string
	ReplicaTags        []key.Tag `json:",omitzero"` // none where the replica has none
}

// replication is the target of ReplicateKey: the other key must not be there.
type replication struct {
	relatedPair
	in ReplicateKeyInput
}

// findReplication keeps the request: tags and a policy take permissions of their own.
func (s *Keys) findReplication(c *op.Call, in ReplicateKeyInput) (replication, error) {
	r, err := s.findRelatedPair(c, "ReplicateKey", in.KeyId, in.ReplicaRegion)
	if err != nil {
		return replication{}, err
	}
	r.Says = func(v policy.Values) { domain.SetText(v, "kms:ReplicaRegion", &in.ReplicaRegion) }
	return replication{r, in}, nil
}

// Demands implements [op.Target]: to replicate the one key, and to make the other, whose id is
// known before it is made.
func (r replication) Demands() []policy.Demand {
	d := append(r.Target.Demands(), r.demandNew("CreateKey", r.values))
	if r.in.Policy != nil {
		d = append(d, r.demandNew("PutKeyPolicy", r.values))
	}
	if len(r.in.Tags) > 0 {
		d = append(d, r.demandNew("TagResource", r.values))
	}
	return d
}

// values are what the request says of the replica: it will be what the primary key is.
func (r replication) values() policy.Values {
	v := policy.Values{}
	if r.Key != nil {
		r.Key.Conditions(v)
		v["kms:MultiRegionKeyType"] = []string{"REPLICA"}
	}
	domain.SetTags(v, r.in.Tags)
	target.SetBypass(v, r.in.BypassPolicyLockoutSafetyCheck)
	return v
}

// Ready implements [op.Target].
func (r replication) Ready() error {
	if err := r.relatedPair.Ready(); err != nil {
		return err
	}
	if r.there.Key != nil {
		return fault.Newf(fault.Exists, "AlreadyExistsException", "The key %s already exists.",
			r.otherARN())
	}
	return nil
}

// replicateKey answers before the replica is there, as AWS does: it is in the state Creating, which
// ends with the answer. Policy, tags and description are the replica's own and never the primary
// key's: AWS copies none of them.
func (s *Keys) replicateKey(c *op.Call, in ReplicateKeyInput,
	r replication) (op.Commit[ReplicateKeyOutput], error) {
	stored, err := s.policies.Check(c, in.Policy, r.otherARN(), in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	replica := multiregion.Replica(r.Key, in.ReplicaRegion, c.Time)
	replica.Description, replica.Policy = domain.Or(in.Description, ""), stored
	replica.Tags = domain.SortTags(in.Tags)
	ch := multiregion.Change{Key: r.Key.Changed(func(k *key.Key) { k.Replicas = replica.Replicas }),
		Adds: replica}
	amend, err := s.related.Amend(c, r.Key, ch)
	if err != nil {
		return nil, err
	}
	out := ReplicateKeyOutput{
		ReplicaKeyMetadata: replica.Metadata(s.maker.Signs),
		ReplicaPolicy:      domain.Or(in.Policy, replica.PolicyText()),
		ReplicaTags:        replica.Tags,
	}
	m := &out.ReplicaKeyMetadata
	// AWS names no material of a key that is yet to get it.
	m.KeyState, m.Enabled, m.CurrentKeyMaterialId = key.Creating, false, ""
	return op.Apply(amend, out), nil
}
