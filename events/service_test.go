package events_test

import (
	"maps"
	"slices"
	"testing"

	"claviger/events"
	"claviger/events/model"
	"claviger/events/rule"
	"claviger/hsm/hsmtest"
	"claviger/internal/op/optest"
	"claviger/internal/outbox"
	"claviger/jobs"
	"claviger/keystore"
	"claviger/keystore/cryptoops"
)

const (
	account = optest.Account
	region  = optest.Region
	prefix  = "arn:aws:events:" + region + ":" + account + ":"
	topic   = "arn:aws:sns:" + region + ":" + account + ":alarms"
	logs    = "arn:aws:logs:" + region + ":" + account + ":log-group:/aws/events/alarms"
	db      = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:prod/db-a1B2c3"
	pager   = "arn:aws:lambda:" + region + ":" + account + ":function:pager"
)

// declared are the targets that the site has.
type declared map[rule.Kind]string

func (d declared) Declared(kind rule.Kind, name string) bool { return d[kind] == name }

// service is KMS and EventBridge on a true token and database, without protocols.
type service struct {
	*optest.Asker
	optest.People
	events *events.Events
}

func start(t testing.TB) *service {
	t.Helper()
	s := &service{Asker: optest.NewAsker(t, model.EventBridge)}
	s.Kit = optest.Start(t, hsmtest.SoftHSM(t), s.assemble)
	return s
}

func (s *service) assemble(k *optest.Kit) optest.Parts {
	t := k.Token
	keys := keystore.New(keystore.Config{DB: k.DB, Jobs: jobs.Queue{}, Installation: k.Installation,
		Principals: &s.People, Regions: []string{region}, Device: keystore.Device{Maker: t, Sealer: t,
			DataKeys: t, Residents: t, Imports: t,
			Crypto: cryptoops.Device{Random: t, Signer: t, Opener: t}}})
	s.events = events.New(events.Config{DB: k.DB, Keys: keys, Jobs: jobs.Queue{},
		Installation: k.Installation,
		Targets:      declared{rule.LogFile: "/aws/events/alarms", rule.Program: "pager"}})
	due := keys.Jobs()
	maps.Copy(due, s.events.Jobs())
	return optest.Parts{Operations: slices.Concat(keys.Operations(), s.events.Operations()), Jobs: due}
}

// M is a request's document.
type M = optest.M

func ask[O any](s *service, name string, in M) (O, error) {
	return optest.Ask[O](s.Asker, name, in)
}

func must[O any](s *service, name string, in M) O {
	s.T.Helper()
	return optest.Must[O](s.Asker, name, in)
}

// sent are the texts of the events that are in the outbox.
func (s *service) sent() (all []string) {
	s.T.Helper()
	entries, err := outbox.After(s.DB, 0, 100)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, string(e.Event))
	}
	return all
}
