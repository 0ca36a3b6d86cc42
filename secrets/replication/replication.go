// Package replication keeps copies of secrets in other Regions.
//
// # How a copy is kept
//
// A copy is a secret with rows of its own in its Region, under a KMS key of that Region. Its
// primary knows of it by a [secret.Replica] in its own row. Every change of a primary leaves a
// job for each copy in its own transaction ([Due]), and the job makes the copy what the primary
// is then and stores in the primary's row what came of it. A status is about one revision of the
// primary: after any other change the copy is InProgress until the job has been there. The job
// needs no more than the rows to be done again, after whatever it was cut off.
//
// Copied are the versions that have a label. What loses its labels later stays, as it does with
// the primary, as long as there are not too many such. Name, description, tags, resource policy
// and what is shown of rotation are copied too. The KMS key, the days of reads and the time of
// making are the copy's own.
//
// # Who may
//
// Who asks for a copy needs kms:Decrypt under the primary's key and kms:GenerateDataKey under the
// copy's, tried as the caller when the request comes. What the job does later it does as the
// service's own principal, which key policies of the same account don't bind.
//
// # Another site
//
// What is done in a copy's Region stands behind [Region]. A second service with a token of its
// own could be one: its Store sends facts and those values that the other side lacks over a
// channel that both authenticate, and the other side seals them under its own keys before it
// answers; values are in clear in the memory of both and nowhere else. Its Remove and Release
// leave a job in the commit, in the place of a change of the other's rows. The job of a copy
// removes what is no longer wanted, so that a Remove that came too early does no harm.
//
// # Where to read
//
// region.go is the contract, local.go a Region of this service, work.go the job, copy.go what it
// gives away; the operations have files of their names.
package replication

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/secrets/sealing"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// Job is the kind of the job that keeps one copy in step.
const Job = secret.Service + ":ReplicateSecretToRegions"

// atOnce is how many copies are made at the same time: each is calls of the token.
const atOnce = 8

// Config is what replication is made of.
type Config struct {
	Rows      *secretrows.Rows
	Sealer    *sealing.Sealer
	Finder    *target.Finder
	Jobs      domain.Scheduler
	Regions   []string                  // that this service serves
	Operation func(name string) op.Info // describes an operation of the service's own
}

// Replication copies secrets. [New] makes it.
type Replication struct {
	rows    *secretrows.Rows
	sealer  *sealing.Sealer
	finder  *target.Finder
	jobs    domain.Scheduler
	regions map[string]Region

	note  op.Command[noteInput, op.None]
	clean op.Command[cleanInput, op.None]
}

// New returns the replication of secrets.
func New(c Config) *Replication {
	r := &Replication{rows: c.Rows, sealer: c.Sealer, finder: c.Finder, jobs: c.Jobs,
		regions: map[string]Region{}}
	r.note = op.Write(c.Operation("ReplicateSecretToRegions"), r.findNote, r.noted)
	r.clean = op.Write(c.Operation("RemoveRegionsFromReplication"), r.findClean, r.cleaned)
	for _, name := range c.Regions {
		r.regions[name] = newLocal(r, name, c.Operation("ReplicateSecretToRegions"))
	}
	return r
}

// Work is the job.
func (r *Replication) Work() domain.Job { return domain.Job{Work: r.work, AtOnce: atOnce} }

// Replicate makes ReplicateSecretToRegions.
func (r *Replication) Replicate(n op.Info) op.Operation {
	return target.Change(r.finder, n, r.replicateSecretToRegions)
}

// Remove makes RemoveRegionsFromReplication.
func (r *Replication) Remove(n op.Info) op.Operation {
	return target.Change(r.finder, n, r.removeRegionsFromReplication)
}

// Stop makes StopReplicationToReplica.
func (r *Replication) Stop(n op.Info) op.Operation {
	return target.Change(r.finder, n, r.stopReplicationToReplica)
}

// Output is the copies of a secret after an operation on them.
type Output struct {
	ARN               string
	ReplicationStatus []secret.ReplicaStatus // empty if there are none
}

// show puts the copies of a secret into an answer: an empty list where there are none.
func (r *Replication) show(c *op.Call, out *Output, sec *secret.Secret) error {
	all, err := r.Status(c, sec)
	out.ReplicationStatus = append([]secret.ReplicaStatus{}, all...)
	return err
}

// Status is what is shown of the copies of a secret.
func (r *Replication) Status(c *op.Call, sec *secret.Secret) ([]secret.ReplicaStatus, error) {
	all := sec.ReplicationStatus()
	for i := range all {
		at := r.regions[all[i].Region]
		if at == nil {
			continue
		}
		day, err := at.Accessed(c, placeOf(sec))
		if err != nil {
			return nil, err
		}
		all[i].LastAccessedDate = wire.At(day)
	}
	return all, nil
}

// subjectOf names the job of a copy. Names of secrets have no blanks.
func subjectOf(tail, region string) string { return tail + " " + region }

// pause is how long after so many failures a copy is tried again.
func pause(attempts int) time.Duration {
	const first, longest = 2 * time.Second, time.Hour
	return min(first<<min(attempts, 20), longest)
}
