package service

import (
	"context"
	"maps"
	"slices"
	"time"

	"claviger/events"
	"claviger/hsm"
	"claviger/iam"
	"claviger/iam/entity"
	"claviger/iam/sts"
	"claviger/iam/webidentity"
	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/internal/outbound"
	"claviger/jobs"
	"claviger/keystore"
	"claviger/keystore/cryptoops"
	"claviger/keystore/customstore"
	"claviger/parameters"
	"claviger/parameters/public"
	"claviger/secrets"
	"claviger/secrets/rotation"
	"claviger/store"
	"claviger/topics"
	"claviger/topics/model"
	"claviger/trail"
	"claviger/trail/export"
)

// served is what one of AWS's services brings.
type served interface {
	Operations() []op.Operation
	Jobs() map[string]domain.Job // work that it puts off, by kind
}

// workings is what services are made of.
type workings struct {
	db           *store.DB
	token        *hsm.Token
	installation *install.Installation
	regions      []string
	clusters     customstore.Clusters
	entities     *entity.Directory
	accessKeys   iam.AccessKeys
	sessions     sts.Sessions
	unknownKeys  domain.UnknownKeys
	rotators     rotation.Rotators
	public       *public.Trees
	exported     *export.Trail
	exports      trail.Exports
	targets      events.Targets

	webIdentities *webidentity.Verifier

	queue    *delivery.Queue
	outbound *outbound.Door
	topics   Topics
	now      func() time.Time
	// own makes a call of a service's own, for work that nobody waits for.
	own    func(ctx context.Context, account, region, service string) *op.Call
	events trail.Finder
}

// services are those that this program serves. A new one is a field, a line in
// newServices and one in all.
type services struct {
	kms            *keystore.Keys
	secretsManager *secrets.Secrets
	parameterStore *parameters.Parameters
	eventBridge    *events.Events
	sts            *sts.STS
	identities     *iam.Identities
	topics         *topics.Topics
	cloudTrail     *trail.Trails
}

func newServices(w workings) services {
	kms := keystore.New(keystore.Config{DB: w.db, Device: deviceOf(w.token), Jobs: jobs.Queue{},
		Installation: w.installation, Regions: w.regions, Clusters: w.clusters, Principals: w.entities,
		UnknownKeys: w.unknownKeys})
	secretsManager := secrets.New(secrets.Config{DB: w.db, Keys: kms, Random: w.token,
		Jobs: jobs.Queue{}, Installation: w.installation, Regions: w.regions, Principals: w.entities,
		UnknownKeys: w.unknownKeys, Rotators: w.rotators})
	return services{
		kms:            kms,
		secretsManager: secretsManager,
		parameterStore: parameters.New(parameters.Config{DB: w.db, Keys: kms, Secrets: secretsManager,
			Public: w.public, Jobs: jobs.Queue{}, Installation: w.installation, Principals: w.entities,
			UnknownKeys: w.unknownKeys}),
		eventBridge: events.New(events.Config{DB: w.db, Keys: kms, Jobs: jobs.Queue{},
			Installation: w.installation, Targets: w.targets}),
		sts: sts.New(sts.Config{Sessions: w.sessions, Entities: w.entities,
			WebIdentities: w.webIdentities, Region: w.regions[0]}),
		identities: iam.New(w.entities, w.accessKeys, w.installation.Tokens, w.unknownKeys),
		topics: topics.New(topics.Config{DB: w.db, Installation: w.installation, Keys: kms,
			Jobs: jobs.Queue{}, Principals: w.entities, UnknownKeys: w.unknownKeys, Regions: w.regions,
			Queue: w.queue, Door: w.outbound, Mail: w.topics.Mail, Device: w.token, URL: w.topics.URL,
			Now: w.now, Own: func(ctx context.Context, account, region string) *op.Call {
				return w.own(ctx, account, region, model.SNS.Name)
			}}),
		cloudTrail: trail.New(trail.Config{Trail: w.exported, Exports: w.exports, Events: w.events,
			Tokens: w.installation.Tokens}),
	}
}

// all are in the order in which documents show them. STS comes before IAM: a request in AWS query
// that says nothing of its service is for the first that speaks it.
func (s services) all() []served {
	return []served{s.kms, s.secretsManager, s.parameterStore, s.eventBridge, s.sts, s.identities,
		s.cloudTrail, s.topics}
}

func (s services) operations() (all []op.Operation) {
	for _, one := range s.all() {
		all = slices.Concat(all, one.Operations())
	}
	return all
}

func (s services) kinds() map[string]domain.Job {
	kinds := map[string]domain.Job{}
	for _, one := range s.all() {
		maps.Copy(kinds, one.Jobs())
	}
	return kinds
}

// deviceOf is the one token in all the parts that KMS knows of it.
func deviceOf(t *hsm.Token) keystore.Device {
	return keystore.Device{Maker: t, Sealer: t, DataKeys: t, Residents: t, Imports: t,
		Crypto: cryptoops.Device{Random: t, Signer: t, Opener: t}}
}

// Operations returns every operation that is served, to be described: there is no token and no
// database behind them.
func Operations() []op.Operation {
	return newServices(workings{installation: &install.Installation{}, regions: []string{""},
		entities: entity.New(nil, nil)}).operations()
}
