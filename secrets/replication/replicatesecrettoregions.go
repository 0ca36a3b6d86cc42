package replication

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
)

// ReplicaRegion names a Region to keep a copy in, and the KMS key that seals it there. Without a
// key it is the AWS managed key, or the one that the copy has.
type ReplicaRegion struct {
	Region   *string `shape:"RegionType"`
	KmsKeyId *string `shape:"KmsKeyIdType"`
}

// Regions are the members by which requests ask for copies.
type Regions struct {
	Add       []ReplicaRegion
	Overwrite *bool
}

// Check holds the Regions of a request to what shapes can't say.
func (r Regions) Check() error {
	seen := map[string]bool{}
	for _, to := range r.Add {
		switch {
		case to.Region == nil:
			return smfault.InvalidParameter("AddReplicaRegions has an element without Region.")
		case seen[*to.Region]:
			return smfault.InvalidParameter("AddReplicaRegions names " + *to.Region + " twice.")
		}
		seen[*to.Region] = true
	}
	return nil
}

// Conditions puts the values of condition keys in.
func (r Regions) Conditions(v policy.Values) {
	domain.Set(v, model.Overwrite, r.Overwrite, strconv.FormatBool)
	var names []string
	for _, to := range r.Add {
		names = append(names, domain.Or(to.Region, ""))
	}
	if names != nil {
		v[model.AddReplicaRegions] = names
	}
}

// ReplicateSecretToRegionsInput names Regions to keep copies in. A Region that has one gets
// another KMS key if one is named, and is tried again at once if it failed.
type ReplicateSecretToRegionsInput struct {
	SecretId                    string          `shape:"SecretIdType,required"`
	AddReplicaRegions           []ReplicaRegion `shape:"AddReplicaRegionListType,required"`
	ForceOverwriteReplicaSecret *bool           `shape:"BooleanType"` // absent: false
}

// SecretID implements [target.Identified].
func (in ReplicateSecretToRegionsInput) SecretID() string { return in.SecretId }

func (in ReplicateSecretToRegionsInput) regions() Regions {
	return Regions{Add: in.AddReplicaRegions, Overwrite: in.ForceOverwriteReplicaSecret}
}

// Validate implements [op.Input].
func (in ReplicateSecretToRegionsInput) Validate() error { return in.regions().Check() }

// Conditions implements [domain.Conditional].
func (in ReplicateSecretToRegionsInput) Conditions(v policy.Values) { in.regions().Conditions(v) }

func (r *Replication) replicateSecretToRegions(c *op.Call, in ReplicateSecretToRegionsInput,
	sec *secret.Secret) (*secretrows.Change, Output, error) {
	out := Output{ARN: sec.ARN()}
	next := sec.Next(c, func(*secret.Secret) {})
	if err := r.mayOpen(c, sec); err != nil {
		return nil, out, err
	}
	changed, err := r.Add(c, next, in.regions())
	if err != nil {
		return nil, out, err
	}
	ch := &secretrows.Change{Secret: next}
	if !changed {
		ch, next = nil, sec
	}
	err = r.show(c, &out, next)
	return ch, out, err
}

// mayOpen asks whether the caller may read what is to be copied.
func (r *Replication) mayOpen(c *op.Call, sec *secret.Secret) error {
	id := sec.Stages[secret.Current]
	if id == "" {
		return nil
	}
	v, err := r.rows.Version(c, sec, id, secretrows.AnySize)
	if domain.IsNoRow(err) {
		return nil // it changes at this moment: the commit will find out
	}
	if err != nil {
		return err
	}
	return r.sealer.TryUnsealing(c, sec, v)
}

// errRegion is AWS's answer to a Region that can have no copy, the secret's own included.
var errRegion = smfault.InvalidParameter("Invalid replica region.")

// Add has a secret, which is to be stored with it, copied to Regions. It reports false if all is
// as asked for already.
func (r *Replication) Add(c *op.Call, next *secret.Secret, to Regions) (changed bool, err error) {
	for _, add := range to.Add {
		region := *add.Region
		at := r.regions[region]
		switch {
		case region == next.Region, at == nil:
			return false, errRegion
		}
		asked, is := r.asked(next, add, domain.Or(to.Overwrite, false))
		if is {
			continue
		}
		// A key that can't be used is no reason to refuse: as with AWS the copy's status tells of it.
		err := at.Try(c, next, asked.KeyID)
		if err != nil && (fault.Of(err).Kind == fault.Denied || reason(err) == "") {
			return false, err
		}
		next.PrimaryRegion, changed = next.Region, true
		next.PutReplica(asked)
	}
	return changed, nil
}

// asked returns a copy as a request wants it, and whether it is so already.
func (r *Replication) asked(of *secret.Secret, add ReplicaRegion,
	overwrite bool) (to secret.Replica, is bool) {
	had, ok := of.Replica(*add.Region)
	key := &secret.Secret{Account: of.Account, Region: *add.Region, KeyID: had.KeyID}
	if add.KmsKeyId != nil {
		key.KeepKey(*add.KmsKeyId)
	}
	if ok && key.KeyID == had.KeyID && had.Status != secret.Failed &&
		(had.Overwrite || !overwrite || had.Status == secret.InSync) {
		return had, true
	}
	return secret.Replica{Region: *add.Region, KeyID: key.KeyID, Overwrite: overwrite}, false
}
