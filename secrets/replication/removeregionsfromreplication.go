package replication

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/store"
)

// RemoveRegionsFromReplicationInput names Regions whose copies go at once.
type RemoveRegionsFromReplicationInput struct {
	SecretId             string   `shape:"SecretIdType,required"`
	RemoveReplicaRegions []string `shape:"RemoveReplicaRegionListType,required"`
	op.ByShape
}

// SecretID implements [target.Identified].
func (in RemoveRegionsFromReplicationInput) SecretID() string { return in.SecretId }

// removeRegionsFromReplication deletes copies with the change of the primary. The jobs stay: one
// of them may be making the copy at this moment, and the next sees that nobody wants it.
func (r *Replication) removeRegionsFromReplication(c *op.Call,
	in RemoveRegionsFromReplicationInput, sec *secret.Secret) (*secretrows.Change, Output, error) {
	out := Output{ARN: sec.ARN()}
	next := sec.Next(c, func(*secret.Secret) {})
	ch := &secretrows.Change{Secret: next}
	for _, region := range in.RemoveReplicaRegions {
		if _, ok := sec.Replica(region); !ok {
			return nil, out, smfault.NoReplica(sec.ARN(), region)
		}
		if _, ok := next.Replica(region); !ok {
			continue // it is named twice
		}
		next.DropReplica(region)
		ch.Also = domain.InOrder(ch.Also, func(tx *store.Tx) error {
			return r.jobs.Schedule(tx, Job, sec.Account, sec.Region, subjectOf(sec.Tail(), region),
				c.Time)
		})
		at := r.regions[region]
		if at == nil {
			continue
		}
		remove, err := at.Remove(c, placeOf(sec))
		if err != nil {
			return nil, out, err
		}
		ch.Also = domain.InOrder(ch.Also, remove)
	}
	err := r.show(c, &out, next)
	return ch, out, err
}
