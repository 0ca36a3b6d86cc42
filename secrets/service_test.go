package secrets_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
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
	*optest.Asker
	optest.People // whom resource policies may name

	rotators rotation.Rotators

	secrets    *secrets.Secrets
	operations []op.Operation
}

func start(t testing.TB) *service {
	t.Helper()
	s := &service{Asker: optest.NewAsker(t, model.SecretsManager)}
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

// allowAll lets everybody do everything from now on, across accounts too.
func (s *service) allowAll() {
	s.Decide(func(policy.Request) policy.Decision { return policy.Decision{Effect: policy.Allow} })
}

// M is a request's document.
type M = optest.M

// ask performs an operation, and must does it where it has to succeed.
func ask[O any](s *service, name string, in M) (O, error) {
	return optest.Ask[O](s.Asker, name, in)
}

func must[O any](s *service, name string, in M) O {
	s.T.Helper()
	return optest.Must[O](s.Asker, name, in)
}

// Shorthands for what nearly every test does.

func token() string { return uuid.NewString() }

func (s *service) create(name, value string) secrets.CreateSecretOutput {
	s.T.Helper()
	return must[secrets.CreateSecretOutput](s, "CreateSecret",
		M{"Name": name, "SecretString": value, "ClientRequestToken": token()})
}

func (s *service) put(id, value string, stages ...string) string {
	s.T.Helper()
	in := M{"SecretId": id, "SecretString": value, "ClientRequestToken": token()}
	if stages != nil {
		in["VersionStages"] = stages
	}
	return must[secrets.PutSecretValueOutput](s, "PutSecretValue", in).VersionId
}

func (s *service) get(id string) secrets.GetSecretValueOutput {
	s.T.Helper()
	return must[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": id})
}

func (s *service) text(in M) string {
	s.T.Helper()
	out := must[secrets.GetSecretValueOutput](s, "GetSecretValue", in)
	if out.SecretString == nil {
		s.T.Fatalf("%v: no SecretString", in)
	}
	return *out.SecretString
}

func (s *service) describe(id string) secrets.DescribeSecretOutput {
	s.T.Helper()
	return must[secrets.DescribeSecretOutput](s, "DescribeSecret", M{"SecretId": id})
}

// key makes a customer's KMS key and returns its id.
func (s *service) key() string {
	s.T.Helper()
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
