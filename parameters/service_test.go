package parameters_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/jobs"
	"claviger/keystore"
	"claviger/keystore/cryptoops"
	"claviger/parameters"
	"claviger/parameters/model"
	"claviger/parameters/public"
	"claviger/policy"
	"claviger/secrets"
)

const (
	account = optest.Account
	region  = optest.Region
	prefix  = "arn:aws:ssm:" + region + ":" + account + ":parameter"
)

// regions are those that are served.
var regions = []string{region, "eu-central-1"}

// service is KMS, Secrets Manager and Parameter Store on a true token and database, without
// protocols: requests are JSON documents that go down the road.
type service struct {
	*optest.Kit
	t             testing.TB
	owner         string         // the account whose root user asks
	who           *policy.Caller // who asks instead; nil: nobody
	optest.People                // whom resource policies may name
	declared      *public.Trees  // by the site

	operations []op.Operation
}

func start(t testing.TB) *service {
	t.Helper()
	return startWith(t, nil)
}

// startWith is start where the site declares parameters.
func startWith(t testing.TB, declared *public.Trees) *service {
	t.Helper()
	s := &service{t: t, owner: account, declared: declared}
	s.Kit = optest.Start(t, hsmtest.SoftHSM(t), s.assemble)
	return s
}

// declare returns the public parameters of a file with a text, which hang at a path.
func declare(t testing.TB, path, text string) *public.Trees {
	t.Helper()
	file := filepath.Join(t.TempDir(), "public.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	trees, err := public.Load(public.Tree{Path: path, File: file})
	if err != nil {
		t.Fatal(err)
	}
	return trees
}

// assemble joins the parts, with empty caches.
func (s *service) assemble(k *optest.Kit) optest.Parts {
	t := k.Token
	keys := keystore.New(keystore.Config{DB: k.DB, Jobs: jobs.Queue{}, Installation: k.Installation,
		Principals: &s.People, Regions: regions, Device: keystore.Device{Maker: t, Sealer: t,
			DataKeys: t, Residents: t, Imports: t,
			Crypto: cryptoops.Device{Random: t, Signer: t, Opener: t}}})
	sm := secrets.New(secrets.Config{DB: k.DB, Keys: keys, Random: t, Jobs: jobs.Queue{},
		Installation: k.Installation, Regions: regions, Principals: &s.People})
	ps := parameters.New(parameters.Config{DB: k.DB, Keys: keys, Secrets: sm, Public: s.declared,
		Jobs:         jobs.Queue{},
		Installation: k.Installation, Principals: &s.People})
	due := keys.Jobs()
	maps.Copy(due, sm.Jobs())
	maps.Copy(due, ps.Jobs())
	s.operations = slices.Concat(keys.Operations(), sm.Operations(), ps.Operations())
	return optest.Parts{Operations: s.operations, Jobs: due}
}

// by has somebody ask from now on, and returns what gives the root user back.
func (s *service) by(c policy.Caller) (back func()) {
	s.who = &c
	return func() { s.who = nil }
}

// as has another account's root user ask from now on.
func (s *service) as(account string) { s.owner = account }

// M is a request's document.
type M = map[string]any

// serve performs an operation of Parameter Store, or of the service named before a colon.
func (s *service) serve(ctx context.Context, name string, in M) (any, error) {
	if !strings.Contains(name, ":") {
		name = "ssm:" + name
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
	case model.ParameterStore.Code(f) != code:
		s.t.Errorf("%s %v: %v, want %s", name, in, err, code)
	case message != "" && f.Message != message:
		s.t.Errorf("%s: message %q, want %q", name, f.Message, message)
	}
}

// put makes a String, or gives it a new version.
func (s *service) put(name, value string) parameters.PutParameterOutput {
	s.t.Helper()
	return must[parameters.PutParameterOutput](s, "PutParameter",
		M{"Name": name, "Value": value, "Type": "String", "Overwrite": true})
}

// get reads a parameter in clear.
func (s *service) get(name string) parameters.Parameter {
	s.t.Helper()
	return must[parameters.GetParameterOutput](s, "GetParameter",
		M{"Name": name, "WithDecryption": true}).Parameter
}
