package replication

import (
	"claviger/internal/op"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/secrets/target"
)

// StopReplicationToReplicaOutput names the secret, by the ARN that the copy had.
type StopReplicationToReplicaOutput struct{ ARN string }

// stopReplicationToReplica makes a copy a secret of its own, and has its primary forget it in the
// same commit.
func (r *Replication) stopReplicationToReplica(c *op.Call, _ target.Input,
	sec *secret.Secret) (*secretrows.Change, StopReplicationToReplicaOutput, error) {
	out := StopReplicationToReplicaOutput{ARN: sec.ARN()}
	if !sec.IsReplica() {
		return nil, out, smfault.NotReplica(sec.ARN())
	}
	ch := &secretrows.Change{Secret: sec.Next(c, (*secret.Secret).StandAlone)}
	home := r.regions[sec.PrimaryRegion]
	if home == nil {
		return ch, out, nil
	}
	var err error
	ch.Also, err = home.Release(c, placeOf(sec), sec.Region)
	return ch, out, err
}
