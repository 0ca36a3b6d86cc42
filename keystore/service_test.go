package keystore

import (
	"context"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/envelope"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/jobs"
	"claviger/keystore/cryptoops"
	"claviger/keystore/datakeys"
	"claviger/keystore/imports"
	"claviger/keystore/model"
	"claviger/keystore/residents"
	"claviger/policy"
)

const (
	ourAccount = optest.Account
	ourRegion  = optest.Region // where requests are for, unless they say otherwise
	abroad     = "eu-central-1"
	farAway    = "ap-southeast-2"
)

// service is KMS on a true token and database, without protocols: requests are JSON documents that
// go down the road.
type service struct {
	*optest.Kit
	t        testing.TB
	keys     *Keys
	byName   map[string]op.Operation
	clusters *clusters
	people   optest.People // whom policies and grants may name

	// around stands between KMS and the token; nil: nothing does.
	around func(*hsm.Token) Token
}

// Token is one token in all its parts, so that a test may stand before some of them.
type Token interface {
	Maker
	residents.Token
	datakeys.Device
	imports.Device
	cryptoops.Random
	cryptoops.Signer
	cryptoops.Opener
}

func deviceOf(t Token) Device {
	return Device{Maker: t, Sealer: t, DataKeys: t, Residents: t, Imports: t,
		Crypto: cryptoops.Device{Random: t, Signer: t, Opener: t}}
}

func start(t testing.TB) *service {
	t.Helper()
	return startWith(t, hsmtest.SoftHSM(t))
}

// startWith is start on another device.
func startWith(t testing.TB, device hsm.Config) *service {
	t.Helper()
	return startAround(t, device, nil)
}

// startAround is startWith with something between KMS and the device.
func startAround(t testing.TB, device hsm.Config, around func(*hsm.Token) Token) *service {
	t.Helper()
	s := &service{t: t, around: around, clusters: &clusters{t: t, tokens: map[string]hsm.Config{}}}
	s.Kit = optest.Start(t, device, s.assemble)
	return s
}

// assemble joins the parts, with empty caches.
func (s *service) assemble(k *optest.Kit) optest.Parts {
	s.Kit = k // not there yet when [optest.Start] calls this
	s.clusters.main = k.Token
	var device Token = k.Token
	if s.around != nil {
		device = s.around(k.Token)
	}
	s.keys = New(Config{DB: k.DB, Device: deviceOf(device), Jobs: jobs.Queue{},
		Installation: k.Installation, Principals: &s.people,
		Regions: []string{ourRegion, abroad, farAway}, Clusters: s.clusters})
	s.byName = map[string]op.Operation{}
	for _, o := range s.keys.Operations() {
		s.byName[o.Info().Name] = o
	}
	return optest.Parts{
		Operations: s.keys.Operations(),
		Jobs:       s.keys.Jobs(),
	}
}

// client is the service as one caller sees it; *service itself is that of the account's owner.
type client struct {
	*service
	caller policy.Caller
}

// user returns what an IAM user sees.
func (s *service) user(name string) client { return client{s, optest.User(name)} }

func arnOf(user string) string { return optest.UserARN(user) }

// asker is whoever asks.
type asker interface {
	serve(name string, in M) (any, error)
	test() testing.TB
}

func (s *service) test() testing.TB { return s.t }

func owner() policy.Caller { return optest.Root(ourAccount) }

func (s *service) time() time.Time { return s.Clock.Now() }

func (s *service) pass(d time.Duration) { s.Clock.Pass(d) }

// M is a request's document.
type M = map[string]any

// ask performs an operation and returns its output and AWS's name of its error.
func ask[O any](s asker, name string, in M) (out O, code string) {
	answer, err := s.serve(name, in)
	if err != nil {
		return out, model.KMS.Code(fault.Of(err))
	}
	return answer.(O), ""
}

// fail performs an operation and returns its error.
func fail(s asker, name string, in M) *fault.Error {
	_, err := s.serve(name, in)
	return fault.Of(err)
}

func (s *service) serve(name string, in M) (any, error) {
	return s.serveTo(owner(), ourRegion, name, in)
}

func (c client) serve(name string, in M) (any, error) {
	return c.serveTo(c.caller, ourRegion, name, in)
}

// askIn performs an operation in a Region.
func askIn[O any](s *service, region, name string, in M) (out O, refused *fault.Error) {
	answer, err := s.serveTo(owner(), region, name, in)
	if err != nil {
		return out, fault.Of(err)
	}
	return answer.(O), nil
}

// mustIn is askIn for what has to succeed.
func mustIn[O any](s *service, region, name string, in M) O {
	s.t.Helper()
	out, refused := askIn[O](s, region, name, in)
	if refused != nil {
		s.t.Fatalf("%s in %s %v: %v", name, region, in, refused)
	}
	return out
}

func (s *service) serveTo(caller policy.Caller, region, name string, in M) (any, error) {
	s.t.Helper()
	return s.Serve(asking(caller, region), s.byName[name], in)
}

// asking is the context of a request that ends with the process only.
func asking(caller policy.Caller, region string) context.Context {
	return optest.In(optest.As(context.Background(), caller), region)
}

// must is ask for what has to succeed.
func must[O any](s asker, name string, in M) O {
	s.test().Helper()
	out, code := ask[O](s, name, in)
	if code != "" {
		s.test().Fatalf("%s %v: %s", name, in, code)
	}
	return out
}

// key makes a key and returns its id.
func (s *service) key() string {
	s.t.Helper()
	return must[CreateKeyOutput](s, "CreateKey", nil).KeyMetadata.KeyId
}

// within runs f as another service's operation would run: on behalf of the account's owner.
func (s *service) within(f func(*op.Call) error) error { return s.withinAs(owner(), ourRegion, f) }

func (s *service) withinRegion(region string, f func(*op.Call) error) error {
	return s.withinAs(owner(), region, f)
}

func (s *service) withinAs(caller policy.Caller, region string, f func(*op.Call) error) error {
	type nothing struct{ op.ByShape }
	find := func(*op.Call, nothing) (op.Open, error) {
		return op.Open{Action: "kms:Test", Reason: "a test"}, nil
	}
	unrecorded := *model.KMS
	unrecorded.Records = op.Records{}
	o := op.Read(op.Info{Name: "Test", Service: &unrecorded}, find,
		func(c *op.Call, _ nothing, _ op.Open) (op.None, error) { return op.None{}, f(c) })
	_, err := s.Serve(asking(caller, region), o, nil)
	return err
}

func (s *service) sealAs(service, keyID string, context map[string]string,
	value string) (e envelope.Envelope, err error) {
	err = s.within(func(c *op.Call) (err error) {
		e, err = s.keys.Seal(c, service, keyID, context, []byte(value))
		return err
	})
	return e, err
}

func (s *service) unsealAs(service string, e envelope.Envelope,
	context map[string]string) (value string, err error) {
	err = s.within(func(c *op.Call) error {
		b, err := s.keys.Unseal(c, service, e, context)
		value = string(b)
		return err
	})
	return value, err
}

// faultCode returns AWS's name of an error, or nothing.
func faultCode(err error) string {
	if f := fault.Of(err); f != nil {
		return model.KMS.Code(f)
	}
	return ""
}
