package secrets_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/jobs"
	"claviger/keystore"
	"claviger/keystore/cryptoops"
	"claviger/policy"
	"claviger/secrets"
	"claviger/secrets/model"
	"claviger/secrets/rotation"

	"github.com/google/uuid"
)

const (
	account = optest.Account
	region  = optest.Region
	prefix  = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:"
)

// regions are those that are served.
var regions = []string{region, "eu-central-1", "ap-southeast-2"}

// service is KMS and Secrets Manager on a true token and database, without protocols: requests are
// JSON documents that go down the road.
type service struct {
	*optest.Kit
	t             testing.TB
	owner         string         // the account whose root user asks
	who           *policy.Caller // who asks instead; nil: nobody
	optest.People                // whom resource policies may name

	rotators rotation.Rotators

	secrets    *secrets.Secrets
	operations []op.Operation
}

func start(t testing.TB) *service {
	t.Helper()
	s := &service{t: t, owner: account}
	s.Kit = optest.Start(t, hsmtest.SoftHSM(t), s.assemble)
	return s
}

// assemble joins the parts, with empty caches.
func (s *service) assemble(k *optest.Kit) optest.Parts {
	t := k.Token
	keys := keystore.New(keystore.Config{DB: k.DB, Jobs: jobs.Queue{}, Installation: k.Installation,
		Principals: &s.People, Regions: regions, Device: keystore.Device{Maker: t, Sealer: t,
			DataKeys: t, Residents: t, Imports: t,
			Crypto: cryptoops.Device{Random: t, Signer: t, Opener: t}}})
	sm := secrets.New(secrets.Config{DB: k.DB, Keys: keys, Random: k.Token, Jobs: jobs.Queue{},
		Installation: k.Installation, Regions: regions, Principals: &s.People, Rotators: s.rotators})
	due := keys.Jobs()
	maps.Copy(due, sm.Jobs())
	s.secrets = sm
	s.operations = append(keys.Operations(), sm.Operations()...)
	return optest.Parts{Operations: s.operations, Jobs: due}
}

// by has somebody ask from now on, and returns what gives the root user back.
func (s *service) by(c policy.Caller) (back func()) {
	s.who = &c
	return func() { s.who = nil }
}

// as has another account's root user ask from now on.
func (s *service) as(account string) { s.owner = account }

// allowAll lets everybody do everything from now on, across accounts too.
func (s *service) allowAll() {
	s.Decide(func(policy.Request) policy.Decision { return policy.Decision{Effect: policy.Allow} })
}

// M is a request's document.
type M = map[string]any

// serve performs an operation of Secrets Manager, or of the service named before a colon.
func (s *service) serve(ctx context.Context, name string, in M) (any, error) {
	if !strings.Contains(name, ":") {
		name = "secretsmanager:" + name
	}
	caller := optest.Root(s.owner)
	if s.who != nil {
		caller = *s.who
	}
	return s.Serve(optest.As(ctx, caller), s.Operation(name), in)
}

// ask is serve for those who know what is answered.
func ask[O any](s *service, name string, in M) (out O, err error) {
	answer, err := s.serve(context.Background(), name, in)
	if err != nil {
		return out, err
	}
	return answer.(O), nil
}

// must is ask for what has to succeed.
func must[O any](s *service, name string, in M) O {
	s.t.Helper()
	out, err := ask[O](s, name, in)
	if err != nil {
		s.t.Fatalf("%s %v: %v", name, in, err)
	}
	return out
}

// do performs what has to succeed and whose answer nobody needs.
func (s *service) do(name string, in M) {
	s.t.Helper()
	must[any](s, name, in)
}

// refused performs an operation that has to fail with a code and, if one is given, a message.
func (s *service) refused(name string, in M, code, message string) {
	s.t.Helper()
	_, err := s.serve(context.Background(), name, in)
	f := fault.Of(err)
	switch {
	case f == nil:
		s.t.Errorf("%s %v succeeded, want %s", name, in, code)
	case model.SecretsManager.Code(f) != code:
		s.t.Errorf("%s %v: %v, want %s", name, in, err, code)
	case message != "" && f.Message != message:
		s.t.Errorf("%s: message %q, want %q", name, f.Message, message)
	}
}

// Shorthands for what nearly every test does.

func token() string { return uuid.NewString() }

func (s *service) create(name, value string) secrets.CreateSecretOutput {
	s.t.Helper()
	return must[secrets.CreateSecretOutput](s, "CreateSecret",
		M{"Name": name, "SecretString": value, "ClientRequestToken": token()})
}

func (s *service) put(id, value string, stages ...string) string {
	s.t.Helper()
	in := M{"SecretId": id, "SecretString": value, "ClientRequestToken": token()}
	if stages != nil {
		in["VersionStages"] = stages
	}
	return must[secrets.PutSecretValueOutput](s, "PutSecretValue", in).VersionId
}

func (s *service) get(id string) secrets.GetSecretValueOutput {
	s.t.Helper()
	return must[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": id})
}

func (s *service) text(in M) string {
	s.t.Helper()
	out := must[secrets.GetSecretValueOutput](s, "GetSecretValue", in)
	if out.SecretString == nil {
		s.t.Fatalf("%v: no SecretString", in)
	}
	return *out.SecretString
}

func (s *service) describe(id string) secrets.DescribeSecretOutput {
	s.t.Helper()
	return must[secrets.DescribeSecretOutput](s, "DescribeSecret", M{"SecretId": id})
}

// key makes a customer's KMS key and returns its id.
func (s *service) key() string {
	s.t.Helper()
	return must[keystore.CreateKeyOutput](s, "kms:CreateKey", M{}).KeyMetadata.KeyId
}

// eventually waits for what rides in a later transaction.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(fmt.Sprint("it did not happen: ", what))
		}
	}
}
