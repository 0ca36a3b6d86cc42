// Package rotation rotates secrets: on request, and by schedule.
//
// # How a rotation goes
//
// RotateSecret stores that a rotation has begun in the secret's own row, and leaves a job. The job
// takes one step after another, and each ends with a commit of what is to be done next. A step that
// is cut off, by a crash or otherwise, is done again, so that rotators begin each by looking at
// what is done already. What a row can say of a rotation, and what may follow on what, stands in
// package secret; rotationmodel_test.go there goes through all of it.
//
// A function gets an event for each step, and reads and writes the secret through the API as any
// other client. For a built-in target the service does that itself, as its own principal. It stores
// the candidate before the target is touched, and the steps from there to the label are one commit,
// so that hardly any time passes between the two in which a value that was just read doesn't work.
//
// # Where to read
//
// rotators.go says what is declared in the configuration; rotatesecret.go and cancelrotatesecret.go
// are the operations, and forservice.go is the first one as a rule of EventBridge asks for it;
// work.go is the job, and places.go how many go on; function.go and target.go do the steps;
// journal.go has the operations by which the job reads and changes a secret.
package rotation

import (
	"sync"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/password"
	"claviger/secrets/sealing"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
	"claviger/secrets/versions"
)

// Job is the kind of the job that rotates a secret.
const Job = secret.Service + ":RotateSecret"

// atOnce is how many secrets are rotated at the same time: most of it is waiting for targets.
const atOnce = 32

// Config is what rotations are made of.
type Config struct {
	Rows      *secretrows.Rows
	Sealer    *sealing.Sealer
	Versions  *versions.Versions
	Finder    *target.Finder
	Random    password.Random
	Jobs      domain.Scheduler
	Rotators  Rotators
	Operation func(name string) op.Info // describes an operation of the service's own
}

// Rotation rotates secrets. [New] makes it.
type Rotation struct {
	rows     *secretrows.Rows
	sealer   *sealing.Sealer
	versions *versions.Versions
	finder   *target.Finder
	random   password.Random
	jobs     domain.Scheduler
	rotators Rotators
	own      operations
	places   places
	running  sync.Map // the functions that end what is being done, by the secret's ARN
}

// New returns the rotation of secrets.
func New(c Config) *Rotation {
	r := &Rotation{rows: c.Rows, sealer: c.Sealer, versions: c.Versions, finder: c.Finder,
		random: c.Random, jobs: c.Jobs, rotators: c.Rotators}
	r.own = r.operations(c.Operation)
	return r
}

// Work is the job.
func (r *Rotation) Work() domain.Job { return domain.Job{Work: r.work, AtOnce: atOnce} }

// Rotate makes RotateSecret.
func (r *Rotation) Rotate(n op.Info) op.Operation {
	return target.Change(r.finder, n, r.rotateSecret)
}

// Cancel makes CancelRotateSecret.
func (r *Rotation) Cancel(n op.Info) op.Operation {
	return target.Change(r.finder, n, r.cancelRotateSecret)
}
