// Package secrets is AWS Secrets Manager: secrets, their versions and staging labels.
//
// # How a secret lives
//
// Its row says what it is: name, tags, and which version each staging label is attached to. A
// version's value is sealed by KMS on the token before the commit, and opened there for every read.
// Nothing here ever holds a key. Each read is recorded twice: as GetSecretValue, and as the
// kms:Decrypt that it needs by the same caller.
//
// # One fence
//
// Every change of a secret, of its labels and of its versions is one change of the secret's row
// against the revision that was read. So the plan may seal, sign and compare at leisure. If
// somebody else was first, the road starts again at find. The row's MAC covers the labels, so that
// an edited, swapped or removed one is noticed.
//
// # Where to read
//
// operations.go is the table of contents, and each operation has a file of its name. Package secret
// is what a secret is, with the state machine of staging labels; secretrows the SQL and the cache
// that keeps reads off the disk; sealing what seals and opens; versions what finds and makes
// versions; target what turns a SecretId into a secret. Package filter chooses among secrets,
// package resourcepolicy looks at policies before they are attached, package password makes
// passwords.
package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/secrets/password"
	"claviger/secrets/replication"
	"claviger/secrets/rotation"
	"claviger/secrets/rotation/diagnosis"
	"claviger/secrets/sealing"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/secrets/target"
	"claviger/secrets/versions"
	"claviger/store"
)

// deleteSecretJob is the kind of the job that deletes a secret when its recovery window is over;
// see [Secrets.deleteDue].
const deleteSecretJob = "secretsmanager:DeleteSecret"

// Secrets performs the operations of Secrets Manager. [New] makes it.
type Secrets struct {
	rows     *secretrows.Rows
	sealer   *sealing.Sealer
	versions *versions.Versions
	finder   *target.Finder
	random   password.Random
	jobs     domain.Scheduler
	pages    domain.Pager
	people   domain.Principals
	unknown  domain.UnknownKeys

	rotation    *rotation.Rotation
	replication *replication.Replication
	rotators    rotation.Rotators

	getValue    op.Query[GetSecretValueInput, GetSecretValueOutput]
	endRecovery op.Command[endRecoveryInput, op.None]
}

// Config is what secrets are made of.
type Config struct {
	DB           *store.DB
	Keys         envelope.Keys
	Random       password.Random
	Jobs         domain.Scheduler
	Installation *install.Installation
	Regions      []string           // that secrets may be in
	Principals   domain.Principals  // whom resource policies may name
	UnknownKeys  domain.UnknownKeys // of conditions in resource policies
	Rotators     rotation.Rotators  // that secrets may be rotated by
}

// New returns the secrets of one installation.
func New(c Config) *Secrets {
	rows := secretrows.New(c.DB, c.Installation.Rows, replication.Due{Jobs: c.Jobs})
	sealer := sealing.New(c.Keys)
	s := &Secrets{rows: rows, sealer: sealer, versions: versions.New(rows, sealer),
		finder: target.New(rows, c.Keys, domain.ETags{Tokens: c.Installation.Tokens}),
		random: c.Random, jobs: c.Jobs, people: c.Principals, unknown: c.UnknownKeys,
		pages: domain.Pager{Tokens: c.Installation.Tokens, Invalid: smfault.BadPage}}
	s.rotators = c.Rotators
	s.rotation = rotation.New(rotation.Config{Rows: rows, Sealer: sealer, Versions: s.versions,
		Finder: s.finder, Random: c.Random, Jobs: c.Jobs, Rotators: c.Rotators,
		Operation: routes.Internal})
	s.replication = replication.New(replication.Config{Rows: rows, Sealer: sealer, Finder: s.finder,
		Jobs: c.Jobs, Regions: c.Regions, Operation: routes.Internal})
	s.build()
	return s
}

// DiagnoseRotation says how the rotation of a secret of the call's account and Region stands.
func (s *Secrets) DiagnoseRotation(c *op.Call, id string) (diagnosis.Diagnosis, error) {
	return s.rotation.Diagnose(c, id)
}

// RotateFor begins the rotation of a secret as a service, which the secret's policy has to let in.
func (s *Secrets) RotateFor(c *op.Call, f rotation.ForService) error {
	return s.rotation.RotateFor(c, f)
}

// Jobs is the work that Secrets Manager puts off, by kind.
func (s *Secrets) Jobs() map[string]domain.Job {
	return map[string]domain.Job{deleteSecretJob: {Work: s.deleteDue, Destructive: true},
		rotation.Job: s.rotation.Work(), replication.Job: s.replication.Work()}
}
