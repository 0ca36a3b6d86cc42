package keystore

import (
	"slices"
	"sync"
	"testing"

	"claviger/keystore/key"
)

// As with AWS, asking for the key of a service that we have makes it; of one that we don't have
// there is none.
func TestDescribeKey_AliasOfAService_MakesItsManagedKey(t *testing.T) {
	s := start(t)
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() {
			name := []string{"alias/aws/" + sm, "arn:aws:kms:" + ourRegion + ":" + ourAccount +
				":alias/aws/" + sm}[i%2]
			out, code := ask[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": name})
			if code != "" || out.KeyMetadata.KeyManager != key.ManagerAWS {
				t.Errorf("%q, %+v", code, out)
			}
			ids[i] = out.KeyMetadata.Arn
		})
	}
	all.Wait()
	if ids = slices.Compact(ids); len(ids) != 1 || s.seal("", "x").KeyARN != ids[0] {
		t.Errorf("keys %v", ids)
	}
	for _, name := range []string{"alias/aws/s3", "alias/aws/", "alias/app"} {
		if _, code := ask[any](s, "DescribeKey", M{"KeyId": name}); code != "NotFoundException" {
			t.Errorf("%s: %q", name, code)
		}
	}
	s.checkNoFailure()
}

func TestRotation_ManagedKey_IsYearly(t *testing.T) {
	s := start(t)
	e := s.seal("", "x")
	if got := s.rotation(e.KeyARN); !got.KeyRotationEnabled || got.RotationPeriodInDays != 365 {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"} {
		if _, code := ask[any](s, name, M{"KeyId": e.KeyARN}); code != "AccessDeniedException" {
			t.Errorf("%s on a key that a service manages: %q", name, code)
		}
	}
	s.passAndRun(365 * key.Day)
	if n := len(s.rotations(e.KeyARN, "ROTATIONS_ONLY")); n != 1 {
		t.Errorf("%d rotations in a year", n)
	}
	s.checkOpens(e, "x")
	if again := s.seal("", "y"); again.Epoch != e.Epoch+1 {
		t.Errorf("epoch %d after the rotation", again.Epoch)
	}
}
