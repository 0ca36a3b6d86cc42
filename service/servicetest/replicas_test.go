package servicetest_test

import (
	"fmt"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

const onReplica = "Operation not permitted on a replica secret. Call must be made in primary " +
	"secret's region."

// TestReplicas_EveryWrite_IsRefusedByName: what changes a secret is refused where its copy is, and
// what needs a secret in another state says so.
func TestReplicas_EveryWrite_IsRefusedByName(t *testing.T) {
	s := servicetest.Start(t)
	replicated(t, s, "copied", servicetest.Abroad, servicetest.Region)
	c := s.SecretsManager()
	gone := createSecret(t, c, "gone", "x")
	must(c.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: gone.ARN}))(t)
	token := `"ClientRequestToken":"0c6f2b0e-4c6d-4a3b-9d0a-1d2c3b4a5f60"`
	policy := `{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},` +
		`\"Action\":\"secretsmanager:*\",\"Resource\":\"*\"}}`
	for _, x := range []struct{ name, more string }{
		{"PutSecretValue", `"SecretString":"y",` + token},
		{"UpdateSecret", `"Description":"y"`},
		{"UpdateSecretVersionStage", `"VersionStage":"mine"`},
		{"DeleteSecret", `"ForceDeleteWithoutRecovery":true`},
		{"RestoreSecret", ``},
		{"TagResource", `"Tags":[{"Key":"a"}]`},
		{"UntagResource", `"TagKeys":["a"]`},
		{"PutResourcePolicy", `"ResourcePolicy":"` + policy + `"`},
		{"DeleteResourcePolicy", ``},
		{"RotateSecret", token},
		{"CancelRotateSecret", ``},
		{"ReplicateSecretToRegions", `"AddReplicaRegions":[{"Region":"eu-central-1"}]`},
		{"RemoveRegionsFromReplication", `"RemoveReplicaRegions":["eu-central-1"]`},
		{"StopReplicationToReplica", ``},
	} {
		ask := func(id string) servicetest.Answer {
			document := strings.TrimSuffix(fmt.Sprintf(`{"SecretId":"%s",%s`, id, x.more), ",") + "}"
			return s.Do(t, "secretsmanager."+x.name, document)
		}
		if x.name != "RestoreSecret" && x.name != "DeleteSecret" {
			if a := ask("gone"); a.Code() != "InvalidRequestException" {
				t.Errorf("%s of what is marked for deletion: %d %s", x.name, a.Status, a.Body)
			}
		}
		if x.name == "StopReplicationToReplica" {
			continue
		}
		if a := ask("copied"); a.Code() != "InvalidParameterException" || a.Message() != onReplica {
			t.Errorf("%s of a copy: %d %s", x.name, a.Status, a.Body)
		}
	}
	alone := createSecret(t, c, "alone", "x")
	_, err := c.StopReplicationToReplica(t.Context(),
		&secretsmanager.StopReplicationToReplicaInput{SecretId: alone.ARN})
	refused(t, err, "InvalidParameterException", "*")
}

// TestReplicas_FromMadeToDeleted_FollowFailAndRecover: a copy follows its primary, fails while its
// key is disabled, recovers, is promoted, and its successor is removed before the primary goes.
func TestReplicas_FromMadeToDeleted_FollowFailAndRecover(t *testing.T) {
	s := servicetest.Start(t)
	home, abroad := s.SecretsManager(), s.SecretsManager(servicetest.WithRegion(servicetest.Abroad))
	keys := s.KMS(servicetest.WithRegion(servicetest.Abroad))
	key := createKey(t, keys)
	name := aws.String("db")
	value := func() string {
		return *must(abroad.GetSecretValue(t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: name}))(t).SecretString
	}
	put := func(text string) {
		must(home.PutSecretValue(t.Context(),
			&secretsmanager.PutSecretValueInput{SecretId: name, SecretString: &text}))(t)
	}
	replicate := func() {
		must(home.ReplicateSecretToRegions(t.Context(),
			&secretsmanager.ReplicateSecretToRegionsInput{SecretId: name,
				ForceOverwriteReplicaSecret: true, AddReplicaRegions: []types.ReplicaRegionType{
					{Region: aws.String(servicetest.Abroad), KmsKeyId: key.KeyId}}}))(t)
		awaitReplicas(t, home, *name, types.StatusTypeInSync)
	}
	createSecret(t, home, *name, "one")
	replicate()
	if got := value(); got != "one" {
		t.Errorf("the copy has %q", got)
	}
	must(keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	put("two")
	awaitReplicas(t, home, *name, types.StatusTypeFailed)
	must(keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
	if got := value(); got != "one" {
		t.Errorf("the copy that failed has %q", got)
	}
	replicate()
	if got := value(); got != "two" {
		t.Errorf("the copy that recovered has %q", got)
	}
	must(abroad.StopReplicationToReplica(t.Context(),
		&secretsmanager.StopReplicationToReplicaInput{SecretId: name}))(t)
	put("three")
	if got := value(); got != "two" {
		t.Errorf("the promoted copy has %q", got)
	}
	replicate()
	_, err := home.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: name})
	refused(t, err, "InvalidParameterException", "*")
	must(home.RemoveRegionsFromReplication(t.Context(),
		&secretsmanager.RemoveRegionsFromReplicationInput{SecretId: name,
			RemoveReplicaRegions: []string{servicetest.Abroad}}))(t)
	_, err = abroad.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: name})
	refused(t, err, "ResourceNotFoundException", "*")
	must(home.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: name}))(t)
}
