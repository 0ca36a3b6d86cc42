package parameters_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/jobs"
	"claviger/keystore"
	"claviger/keystore/cryptoops"
	"claviger/parameters"
	"claviger/parameters/model"
	"claviger/parameters/public"
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
	*optest.Asker
	optest.People               // whom resource policies may name
	declared      *public.Trees // by the site

	operations []op.Operation
}

func start(t testing.TB) *service {
	t.Helper()
	return startWith(t, nil)
}

// startWith is start where the site declares parameters.
func startWith(t testing.TB, declared *public.Trees) *service {
	t.Helper()
	s := &service{Asker: optest.NewAsker(t, model.ParameterStore), declared: declared}
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

// put makes a String, or gives it a new version.
func (s *service) put(name, value string) parameters.PutParameterOutput {
	s.T.Helper()
	return must[parameters.PutParameterOutput](s, "PutParameter",
		M{"Name": name, "Value": value, "Type": "String", "Overwrite": true})
}

// get reads a parameter in clear.
func (s *service) get(name string) parameters.Parameter {
	s.T.Helper()
	return must[parameters.GetParameterOutput](s, "GetParameter",
		M{"Name": name, "WithDecryption": true}).Parameter
}
