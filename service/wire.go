// Package service puts the parts together. This file is the only one that knows them all.
package service

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"claviger/api"
	"claviger/events/dispatch"
	"claviger/hsm"
	"claviger/iam/entity"
	"claviger/iam/webidentity"
	"claviger/identity"
	"claviger/internal/clock"
	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/follow"
	"claviger/internal/install"
	"claviger/internal/listener"
	"claviger/internal/op"
	"claviger/internal/outbound"
	"claviger/jobs"
	"claviger/keystore/model"
	"claviger/parameters/public"
	"claviger/policy"
	"claviger/store"
	"claviger/topics/sending"
)

// Config is everything a service needs to know. All fields must be set.
type Config struct {
	Database string     // path of the SQLite file
	HSM      hsm.Config // the token; its Log and Observe are set here
	Clusters []Cluster  // that custom key stores may stand on
	Regions  []string   // served; the first is the default
	Rotators []Rotator  // that secrets may be rotated by

	// Issuers are the only authorities that are trusted for the issuers of web identities with
	// these URLs. For any other it is the system's.
	Issuers map[string]*x509.CertPool

	// Outbound is what receivers outside are called through; nil calls nobody.
	Outbound *outbound.Door

	Topics Topics // who subscribes to topics, and how they are reached

	// PublicParameters are the read-only ones that the site declares; nil has none.
	PublicParameters *public.Trees
	EventTargets     []EventTarget // that rules may send events to, beyond AWS

	Trail Trail // what becomes of the audit trail

	Log     *slog.Logger
	Version string
	Commit  string // that this program was built from
	// RefuseUnknownKeys saves no policy with condition keys that no request has a value for.
	RefuseUnknownKeys bool
	Unmeasured        bool // Handler shows no metrics: Watch does
	Create            bool // make database and installation if there is none: init and dev only

	// Idle has no jobs done and no key stores connected: for commands that do one thing and end.
	Idle bool

	// Ledger may stand between the road and the database; nil is the database itself. Tests cut it.
	Ledger func(op.Ledger) op.Ledger
	Clock  clock.Source // zero: the machine's
	Alarms Alarms       // when something is told
}

func (c Config) clocks() clock.Source {
	if c.Clock.Now == nil {
		return clock.System()
	}
	return c.Clock
}

// Service is a running Claviger without its listener.
type Service struct {
	Handler    http.Handler // all that is served
	Watch      http.Handler // health and metrics alone, for a listener of their own
	Observe    listener.Observer
	Operations []op.Operation
	Token      *hsm.Token
	DB         *store.DB
	Database   string // path of the SQLite file
	Jobs       *jobs.Runner
	Created    bool // by this Open: the database held no installation before

	services services
	region   string // the default
	id       string // of the installation
	callers  *identity.Directory
	entities *entity.Directory
	runner   *op.Runner
	clock    *timekeeper
	watchers watchers
	prover   *prover
	feed     *follow.Feed
	trail    *trailWork
	queue    *delivery.Queue
	outside  receivers

	dispatcher *dispatch.Dispatcher
	stop       func()
	work       sync.WaitGroup
	ending     chan struct{} // closed by Drain
	drain      func()
}

// Open opens the token, then the database, proves that they belong together, and
// starts the job runner.
func Open(ctx context.Context, c Config) (_ *Service, err error) {
	c.Clock = c.clocks()
	m := newMetrics()
	m.built(c.Version, c.Commit)
	c.HSM.Log, c.HSM.Observe = c.Log, m
	s := &Service{Database: c.Database, ending: make(chan struct{})}
	s.drain = sync.OnceFunc(func() { close(s.ending) })
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if s.Token, err = hsm.Open(ctx, c.HSM); err != nil {
		return nil, err
	}
	s.feed = new(follow.Feed)
	s.DB, err = store.Open(ctx, store.Config{Path: c.Database, Log: c.Log, Observe: m,
		Committed: s.feed.Committed})
	if err != nil {
		return nil, err
	}
	s.feed.DB = s.DB
	if c.Create {
		if s.Created, err = install.Create(ctx, s.DB, s.Token, c.Clock.Now()); err != nil {
			return nil, err
		}
	}
	in, err := install.Load(ctx, s.DB, s.Token)
	if err != nil {
		return nil, err
	}
	s.watchRows(c, in)
	if err = s.keepRowSets(ctx, c, in); err != nil {
		return nil, err
	}
	if err = s.assemble(ctx, c, in, m); err != nil {
		return nil, err
	}
	// The database is this process's alone, so that nobody does what its leases say.
	if err = s.Jobs.FreeLeases(); err != nil {
		return nil, err
	}
	if c.Trail.has(ofTree) {
		s.prover.start()
	}
	if !c.Idle {
		s.start(&c.Trail)
	}
	return s, nil
}

// assemble joins the domains to the road and the road to the protocols.
func (s *Service) assemble(ctx context.Context, c Config, in *install.Installation,
	m *metrics) error {
	var ledger op.Ledger = s.DB
	if c.Ledger != nil {
		ledger = c.Ledger(ledger)
	}
	var err error
	if s.clock, err = newTimekeeper(ctx, c, in, s.DB); err != nil {
		return err
	}
	if err := s.openQueue(c); err != nil {
		return err
	}
	entities := entity.New(s.DB, in.Rows)
	callers := identity.New(s.DB, s.Token, entities, in, c.Regions)
	runner := &op.Runner{Ledger: ledger, Callers: callers, Decide: policy.Decide, Observe: m,
		Log: c.Log, Now: c.Clock.Now, Clock: s.clock.Guard}
	s.runner, s.callers, s.entities, s.region = runner, callers, entities, c.Regions[0]
	s.id = in.ID
	s.prover = s.newProver(ctx, in, s.feed, c.Log)
	if s.trail, err = s.newTrailWork(c, in, s.feed); err != nil {
		return err
	}
	s.services = newServices(workings{db: s.DB, token: s.Token, installation: in, regions: c.Regions,
		clusters: &clusters{c.Clusters, s.Token, c.Log, m}, entities: entities, accessKeys: callers,
		sessions: callers, unknownKeys: domain.UnknownKeys{Refuse: c.RefuseUnknownKeys},
		rotators: s.rotators(ctx, c.Log, c.Rotators), public: c.PublicParameters,
		exported: c.Trail.Exported, exports: s.trail.signing, events: s.trail.index,
		webIdentities: webidentity.New(webidentity.Config{CAs: c.Issuers, Now: c.Clock.Now, Log: c.Log}),
		targets:       eventTargets(c.EventTargets),
		queue:         s.queue, outbound: c.Outbound, topics: c.Topics, now: c.Clock.Now,
		own: runner.Own})
	s.outside[sending.Kind] = s.services.topics.Receiver()
	if err := s.deliverTo(ctx, c); err != nil {
		return err
	}
	s.Operations = s.services.operations()
	m.watch(s.Token, s.DB, s.services.kms)
	m.watchClock(s.clock.Guard)
	m.watchTrail(s.prover.Sequencer, s.trail.index)
	m.watchCopies(s.trail.copies)
	m.watchWitnessed(&s.trail.witnessed)
	m.watchDeliveries(s.queue, c.Clock.Now)
	served := api.Config{Runner: runner, Operations: s.Operations, Ready: s.Ready,
		Remark: s.clock.remark, Metrics: m.handler(), Log: c.Log, Version: c.Version, Ending: s.ending,
		Certificate: s.certificate}
	s.Observe, s.Watch = m, api.Watch(served)
	if c.Unmeasured {
		served.Metrics = nil
	}
	s.Handler = api.New(served)
	s.watch(c)

	s.Jobs = &jobs.Runner{DB: s.DB, Operations: runner, Log: c.Log, Now: c.Clock.Now,
		Kinds: s.services.kinds()}
	return nil
}

// start begins the work that nobody waits for.
func (s *Service) start(t *Trail) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.work.Go(func() { s.clock.run(ctx) })
	s.work.Go(func() { s.Jobs.Run(ctx) })
	s.work.Go(func() { s.queue.Run(ctx) })
	if t.has(ofEvents) {
		s.work.Go(func() { s.dispatcher.Run(ctx) })
	}
	if t.has(ofAlarms) {
		s.work.Go(func() { s.watchers.trail.Run(ctx) })
	}
	s.work.Go(func() { s.watchers.parts.Run(ctx) })
	s.work.Go(func() { s.services.kms.CustomKeyStores().KeepConnected(ctx) })
	s.trail.start(ctx, t, &s.work)
}

// ResetCluster allows one more password to be tried on a cluster that account may use. by is the
// command that asks for it: the record names it.
func (s *Service) ResetCluster(ctx context.Context, account, cluster, by string) error {
	c := s.runner.Own(ctx, account, s.region, model.KMS.Name)
	c.SourceIP, c.UserAgent = by, by
	return s.services.kms.CustomKeyStores().ResetRefusals(c, cluster)
}

// Ready returns nil while the service can do its work, and otherwise the reason in words for
// anybody: what the module or the database answered is in the log.
func (s *Service) Ready() error {
	if err := s.Token.Ready(); err != nil {
		return errors.New("the token can't be used at the moment; the log says why")
	}
	err := s.DB.Ready()
	switch {
	case errors.Is(err, store.ErrHangs):
		return errors.New("the disk of the database does not answer")
	case errors.Is(err, store.ErrFull):
		return errors.New("the database has no room left on its disk")
	case err != nil:
		return errors.New("the database can't make changes durable at the moment; the log says why")
	}
	return nil
}

// Drain answers the requests that wait for a change, and has no others wait: they would keep the
// service from its end for as long as they like.
func (s *Service) Drain() { s.drain() }

// Close stops the job runner and lets go of the key stores, the database and the token. Requests
// must have ended before. With a disk that hangs it takes 13 seconds at most and returns
// [store.ErrHangs]: what is left to do is to end the process.
func (s *Service) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.work.Wait()
	s.services.kms.CustomKeyStores().Close()
	s.prover.close()
	return s.release()
}

func (s *Service) release() (err error) {
	if s.trail != nil && s.trail.index != nil {
		err = s.trail.index.Close()
	}
	if s.DB != nil {
		err = errors.Join(err, s.DB.Close())
	}
	if s.Token != nil {
		err = errors.Join(err, s.Token.Close())
	}
	return err
}
