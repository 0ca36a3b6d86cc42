package servicetest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// TestJobs_BesideACrowdOfChanges_LoseNoRace: rotations and replicas go through while clients change
// the same secret all the time, and no client is sent away because of them.
func TestJobs_BesideACrowdOfChanges_LoseNoRace(t *testing.T) {
	s := servicetest.Start(t)
	c, db, mark := s.SecretsManager(), database(t, s.Database), s.Mark(t)
	there, _ := stageRotations(t, s, "CREDENTIALS", "contended")
	name := &there[1]
	end := meanwhile(t, func(i, n int) error {
		_, err := c.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: name,
			Tags: []types.Tag{{Key: aws.String(fmt.Sprint(i)), Value: aws.String(fmt.Sprint(n))}}})
		return err
	})
	must(c.ReplicateSecretToRegions(t.Context(), &secretsmanager.ReplicateSecretToRegionsInput{
		SecretId: name, AddReplicaRegions: []types.ReplicaRegionType{
			{Region: aws.String(servicetest.Abroad)}}}))(t)
	for range 3 {
		must(c.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: name,
			RotationLambdaARN: aws.String(servicetest.VaultARN)}))(t)
		awaitRotations(t, db)
	}
	end()
	losesNoRace(t, s, mark)
}

// TestPairs_CountedBesideACrowdOfChanges_LoseNoRace: what an import counts for itself, within its
// turn, is of the key that others change, too.
func TestPairs_CountedBesideACrowdOfChanges_LoseNoRace(t *testing.T) {
	s := servicetest.Start(t)
	c, mark := s.KMS(), s.Mark(t)
	there, _ := stageSpecial(t, c, "WAITING")
	id := &there[1]
	end := meanwhile(t, func(i, n int) error {
		_, err := c.TagResource(t.Context(), &kms.TagResourceInput{KeyId: id,
			Tags: []kmstypes.Tag{tag(fmt.Sprint(i), fmt.Sprint(n))}})
		return err
	})
	w := &walker{Server: s}
	for _, o := range s.Service().Operations {
		if n := o.Info(); idOf(n) == "kms.ImportKeyMaterial" {
			w.n = n
		}
	}
	document := strings.NewReplacer(there...).Replace(walk[idOf(w.n)].request)
	for range 4 {
		if a := w.send(t, document, s.Root, false); a.Status != 200 {
			t.Errorf("an import beside others is answered %s", a.Body)
		}
	}
	end()
	losesNoRace(t, s, mark)
}

// meanwhile has a crowd make changes, each numbered by who makes it and how many it made, until end
// is called.
func meanwhile(t *testing.T, change func(who, made int) error) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for who := range crowd {
		all.Go(func() {
			for made := 0; ctx.Err() == nil; made++ {
				if err := change(who, made); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// losesNoRace looks in the trail for what was given up because others were faster.
func losesNoRace(t *testing.T, s *servicetest.Server, since servicetest.Mark) {
	t.Helper()
	for _, r := range s.Trail(t, since) {
		if strings.Contains(r.ErrorCode, "Throttling") {
			t.Errorf("lost a race: %s", r.Line)
		}
	}
}
