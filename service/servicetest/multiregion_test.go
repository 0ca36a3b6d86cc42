package servicetest_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

// multiRegionKey makes one, with replicas in some Regions.
func multiRegionKey(t testing.TB, c *kms.Client, regions ...string) *types.KeyMetadata {
	t.Helper()
	key := must(c.CreateKey(t.Context(),
		&kms.CreateKeyInput{MultiRegion: aws.Bool(true)}))(t).KeyMetadata
	for _, region := range regions {
		must(c.ReplicateKey(t.Context(),
			&kms.ReplicateKeyInput{KeyId: key.KeyId, ReplicaRegion: &region}))(t)
	}
	return key
}

// A multi-Region key from its making to its end, as a client in each Region sees it. Terraform
// makes a replica and asks at once whether it is enabled.
func TestMultiRegionKey_MadeToDeleted_IsSeenInEachRegion(t *testing.T) {
	s := servicetest.Start(t)
	here, abroad := s.KMS(), s.KMS(servicetest.WithRegion(servicetest.Abroad))
	ctx := t.Context()
	id := multiRegionKey(t, here).KeyId
	context := map[string]string{"a": "b"}
	before := encrypt(t, here, id, "before", context)

	mark := s.Mark(t)
	made := must(here.ReplicateKey(ctx,
		&kms.ReplicateKeyInput{KeyId: id, ReplicaRegion: aws.String(servicetest.Abroad),
			Tags: tags(1)}))(t)
	m := made.ReplicaKeyMetadata
	if m.KeyState != types.KeyStateCreating || m.Enabled || *m.Description != "" ||
		len(made.ReplicaTags) != 1 || *made.ReplicaPolicy == "" {
		t.Errorf("ReplicateKey answered %+v", m)
	}
	if r := s.Trail(t, mark); len(r) != 1 || len(r[0].Resources) != 2 {
		t.Errorf("ReplicateKey left %d records, the first of them about %v", len(r), r[0].Resources)
	}
	m = describe(t, abroad, id)
	if m.KeyState != types.KeyStateEnabled || !m.Enabled ||
		m.MultiRegionConfiguration.MultiRegionKeyType != types.MultiRegionKeyTypeReplica {
		t.Errorf("right after it the replica is %+v", m)
	}
	opens := func(c *kms.Client, blob []byte, keyID *string, want string) {
		t.Helper()
		out := must(c.Decrypt(ctx,
			&kms.DecryptInput{CiphertextBlob: blob, KeyId: keyID, EncryptionContext: context}))(t)
		if string(out.Plaintext) != want {
			t.Errorf("opened %q, want %q", out.Plaintext, want)
		}
	}
	opens(abroad, before, id, "before")
	opens(abroad, before, nil, "before")
	opens(here, encrypt(t, abroad, id, "abroad", context), nil, "abroad")
	_, err := abroad.Decrypt(ctx,
		&kms.DecryptInput{CiphertextBlob: before, KeyId: aws.String(keyARN(*id)),
			EncryptionContext: context})
	refused(t, err, "NotFoundException", "Invalid arn "+servicetest.Region)

	old := describe(t, abroad, id).CurrentKeyMaterialId
	must(here.RotateKeyOnDemand(ctx, &kms.RotateKeyOnDemandInput{KeyId: id}))(t)
	if now := describe(t, abroad, id).CurrentKeyMaterialId; *now == *old ||
		*now != *describe(t, here, id).CurrentKeyMaterialId {
		t.Errorf("after a rotation the replica's material is %s, and was %s", *now, *old)
	}
	_, err = abroad.RotateKeyOnDemand(ctx, &kms.RotateKeyOnDemandInput{KeyId: id})
	refused(t, err, "UnsupportedOperationException",
		strings.Replace(keyARN(*id), servicetest.Region, servicetest.Abroad, 1)+
			" is not a multi-region primary key.")
	opens(abroad, before, nil, "before")
	opens(abroad, encrypt(t, here, id, "rotated", context), nil, "rotated")

	must(here.UpdatePrimaryRegion(ctx,
		&kms.UpdatePrimaryRegionInput{KeyId: id, PrimaryRegion: aws.String(servicetest.Abroad)}))(t)
	c := describe(t, here, id).MultiRegionConfiguration
	if c.MultiRegionKeyType != types.MultiRegionKeyTypeReplica ||
		*c.PrimaryKey.Region != servicetest.Abroad || *c.ReplicaKeys[0].Region != servicetest.Region {
		t.Errorf("after UpdatePrimaryRegion: %+v", c)
	}
	_, err = here.ReplicateKey(ctx,
		&kms.ReplicateKeyInput{KeyId: id, ReplicaRegion: aws.String(servicetest.Abroad)})
	refused(t, err, "UnsupportedOperationException", keyARN(*id)+" is not a multi-region primary key.")

	s.Restart(t, nil)
	opens(abroad, before, nil, "before")
	waiting := must(abroad.ScheduleKeyDeletion(ctx,
		&kms.ScheduleKeyDeletionInput{KeyId: id, PendingWindowInDays: aws.Int32(7)}))(t)
	if waiting.KeyState != types.KeyStatePendingReplicaDeletion || waiting.DeletionDate != nil ||
		*waiting.PendingWindowInDays != 7 {
		t.Errorf("deleting the primary first: %+v", waiting)
	}
	if m := describe(t, abroad, id); *m.PendingDeletionWindowInDays != 7 || m.DeletionDate != nil {
		t.Errorf("the primary is %+v", m)
	}
	must(here.ScheduleKeyDeletion(ctx,
		&kms.ScheduleKeyDeletionInput{KeyId: id, PendingWindowInDays: aws.Int32(7)}))(t)
	week := 7*24*time.Hour + time.Minute
	s.Clock.Advance(week)
	s.RunDueJobs(t)
	_, err = here.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
	refused(t, err, "NotFoundException", "*")
	if m := describe(t, abroad, id); m.KeyState != types.KeyStatePendingDeletion ||
		m.DeletionDate == nil || len(m.MultiRegionConfiguration.ReplicaKeys) != 0 {
		t.Errorf("the primary is %+v", m)
	}
	s.Clock.Advance(week)
	s.RunDueJobs(t)
	_, err = abroad.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
	refused(t, err, "NotFoundException", "*")
}

// A secret under a multi-Region key stays readable whatever becomes of the replica.
func TestSecret_UnderMultiRegionKey_SurvivesTheReplica(t *testing.T) {
	s := servicetest.Start(t)
	id := multiRegionKey(t, s.KMS(), servicetest.Abroad).KeyId
	abroad := s.SecretsManager(servicetest.WithRegion(servicetest.Abroad))
	for name, c := range map[string]*secretsmanager.Client{"here": s.SecretsManager(),
		"abroad": abroad} {
		must(c.CreateSecret(t.Context(),
			&secretsmanager.CreateSecretInput{Name: &name, KmsKeyId: id, SecretString: &name}))(t)
	}
	must(s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: id}))(t)
	out := must(abroad.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("abroad")}))(t)
	if *out.SecretString != "abroad" {
		t.Errorf("read %q", *out.SecretString)
	}
	if _, err := s.SecretsManager().GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("here")}); err == nil {
		t.Error("a secret under a disabled key can be read")
	}
}

// Of several clients that make the same replica one succeeds, and all see the
// same related keys then.
func TestReplicateKey_ClientsAtOnce_OneSucceeds(t *testing.T) {
	s := servicetest.Start(t)
	id := multiRegionKey(t, s.KMS()).KeyId
	var wg sync.WaitGroup
	made := make(chan bool, 8)
	for range cap(made) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := s.KMS().ReplicateKey(t.Context(),
				&kms.ReplicateKeyInput{KeyId: id, ReplicaRegion: aws.String(servicetest.Abroad)})
			var e smithy.APIError
			if err != nil && (!errors.As(err, &e) || e.ErrorCode() != "AlreadyExistsException") {
				t.Error(err)
			}
			made <- err == nil
		}()
	}
	wg.Wait()
	n := 0
	for range cap(made) {
		if <-made {
			n++
		}
	}
	if replicas := describe(t, s.KMS(), id).MultiRegionConfiguration.ReplicaKeys; n != 1 ||
		len(replicas) != 1 {
		t.Errorf("%d replicas were made, and the primary knows %d", n, len(replicas))
	}
}
