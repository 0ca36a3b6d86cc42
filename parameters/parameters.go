// Package parameters is AWS Systems Manager Parameter Store: parameters in a hierarchy, their
// versions and labels.
//
// # How a parameter lives
//
// Its row says what it is: name, tags, labels, and all that is said of its newest version. Each
// version is a row of its own with its value, which never changes. The value of a SecureString is
// sealed by KMS on the token before the commit, and opened there for every read, as the caller, who
// needs the right to use the key. Nothing here ever holds one.
//
// # One fence
//
// Every change of a parameter, of its labels and of its versions is one change of the parameter's
// row against the revision that was read. If somebody else was first, the road starts again at
// find. So of two that write at a time none is lost, and no version has two values.
//
// What follows from a change is in its transaction, too: its events, and the job by which parameter
// policies are acted on.
//
// # Where to read
//
// operations.go is the table of contents, and each operation has a file of its name. Package
// parameter is what a parameter is; parameterrows the SQL and the cache that keeps reads off the
// disk; sealing what seals and opens; target what turns a name into a parameter; policies what
// parameter policies ask for and when, enforcement what does it, events what is told of it.
package parameters

import (
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/install"
	"claviger/internal/secretvalue"
	"claviger/parameters/enforcement"
	"claviger/parameters/events"
	"claviger/parameters/parameterrows"
	"claviger/parameters/public"
	"claviger/parameters/sealing"
	"claviger/parameters/settings"
	"claviger/parameters/ssmfault"
	"claviger/parameters/target"
	"claviger/store"
)

// Parameters performs the operations of Parameter Store. [New] makes it.
type Parameters struct {
	rows     *parameterrows.Rows
	sealer   *sealing.Sealer
	finder   *target.Finder
	settings *settings.Settings
	pages    domain.Pager

	public  *public.Trees
	secrets secretvalue.Reader
	people  domain.Principals
	unknown domain.UnknownKeys

	enforcement *enforcement.Enforcement
}

// Config is what parameters are made of.
type Config struct {
	DB           *store.DB
	Keys         envelope.Keys
	Secrets      secretvalue.Reader
	Public       *public.Trees // nil: the site declares none
	Jobs         domain.Scheduler
	Installation *install.Installation
	Principals   domain.Principals  // whom resource policies may name
	UnknownKeys  domain.UnknownKeys // of conditions in resource policies
}

// New returns the parameters of one installation.
func New(c Config) *Parameters {
	rows := parameterrows.New(c.DB, c.Installation.Rows, events.Outbox{},
		enforcement.Due{Jobs: c.Jobs})
	return &Parameters{rows: rows, sealer: sealing.New(c.Keys), settings: settings.New(rows),
		finder: target.New(rows, domain.ETags{Tokens: c.Installation.Tokens}),
		pages:  domain.Pager{Tokens: c.Installation.Tokens, Invalid: ssmfault.BadPage},
		public: c.Public, secrets: c.Secrets, people: c.Principals, unknown: c.UnknownKeys,
		enforcement: enforcement.New(rows, routes.Internal)}
}

// Jobs is the work that Parameter Store puts off, by kind.
func (s *Parameters) Jobs() map[string]domain.Job {
	return map[string]domain.Job{enforcement.Job: s.enforcement.Work()}
}
