// Package events is Amazon EventBridge: rules that say by a pattern or a schedule which events go
// to which targets, and the connections and API destinations that some of these are.
//
// # How a rule lives
//
// It is one row with its targets, changed as a whole against the revision that was read. All rules
// of an account and Region are read together and kept with their patterns compiled
// ([rulerows.Book]): who delivers asks for them with every event, and a listing costs no more than
// that.
//
// Nothing is delivered here. What PutEvents takes goes into the outbox, as the events of every
// other service do, in the transaction of its record; package dispatch takes it from there.
//
// # Secrets
//
// The credentials of a connection rest sealed under a KMS key, as the values of secrets do. They
// are opened for a delivery and nothing else ([Events.Credentials]).
//
// # Where to read
//
// operations.go is the table of contents, and each operation has a file of its name. Package rule
// is what a rule is, rulerows its rows; connection and connectionrows are the same for connections
// and API destinations; transformer makes of an event what a target gets, and schedule reads
// rate(...) and cron(...). The language of patterns is in internal/pattern.
package events

import (
	"context"

	"claviger/events/connectionrows"
	"claviger/events/eventfault"
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/install"
	"claviger/internal/outbox"
	"claviger/store"
)

// Events performs the operations of EventBridge. [New] makes it.
type Events struct {
	db          *store.DB
	rows        *rulerows.Rows
	connections *connectionrows.Rows
	keys        envelope.Keys
	outbox      outbox.Outbox
	pages       domain.Pager
	targets     Targets
	own         own
}

// Targets says which targets there are beyond AWS: log files and programs that the configuration
// declares, by name.
type Targets interface {
	Declared(kind rule.Kind, name string) bool
}

// Config is what events are made of.
type Config struct {
	DB           *store.DB
	Keys         envelope.Keys
	Jobs         domain.Scheduler
	Installation *install.Installation
	Targets      Targets // nil: the site declares none
}

// New returns the EventBridge of one installation.
func New(c Config) *Events {
	rows := rulerows.New(c.DB, c.Installation.Rows, schedules{c.Jobs})
	s := &Events{db: c.DB, rows: rows, keys: c.Keys, targets: c.Targets,
		connections: connectionrows.New(c.DB, c.Installation.Rows),
		pages:       domain.Pager{Tokens: c.Installation.Tokens, Invalid: eventfault.BadPage}}
	s.own = s.makeOwn()
	return s
}

// Book returns the rules of an account and Region, to be matched with events. It is cached until
// one of them changes.
func (s *Events) Book(ctx context.Context, account, region string) (*rulerows.Book, error) {
	return s.rows.Book(ctx, account, region)
}

// Places returns where there are rules.
func (s *Events) Places() ([]rulerows.Place, error) { return s.rows.Places() }

// Jobs is the work that EventBridge puts off, by kind.
func (s *Events) Jobs() map[string]domain.Job {
	return map[string]domain.Job{scheduleJob: s.scheduled()}
}
