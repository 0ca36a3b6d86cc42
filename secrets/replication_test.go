package secrets_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/keystore"
	"claviger/policy"
	"claviger/secrets"
	"claviger/secrets/model"
	"claviger/secrets/replication"
	"claviger/secrets/secret"
)

// The Regions that copies are kept in.
const (
	europe  = "eu-central-1"
	oceania = "ap-southeast-2"
)

// in performs an operation in a Region.
func in[O any](s *service, region, name string, document M) (out O, err error) {
	answer, err := s.Ask(optest.In(context.Background(), region), name, document)
	if err != nil {
		return out, err
	}
	return answer.(O), nil
}

// mustIn is in for what has to succeed.
func mustIn[O any](s *service, region, name string, document M) O {
	s.T.Helper()
	out, err := in[O](s, region, name, document)
	if err != nil {
		s.T.Fatalf("%s in %s: %v", name, region, err)
	}
	return out
}

// refusedIn performs an operation that has to fail.
func (s *service) refusedIn(region, name string, document M, code, message string) {
	s.T.Helper()
	_, err := in[any](s, region, name, document)
	f := fault.Of(err)
	switch {
	case f == nil:
		s.T.Errorf("%s in %s succeeded, want %s", name, region, code)
	case model.SecretsManager.Code(f) != code, message != "" && f.Message != message:
		s.T.Errorf("%s in %s: %v, want %s %s", name, region, err, code, message)
	}
}

func (s *service) textIn(region, id string) string {
	s.T.Helper()
	return *mustIn[secrets.GetSecretValueOutput](s, region, "GetSecretValue",
		M{"SecretId": id}).SecretString
}

func (s *service) describeIn(region, id string) secrets.DescribeSecretOutput {
	s.T.Helper()
	return mustIn[secrets.DescribeSecretOutput](s, region, "DescribeSecret", M{"SecretId": id})
}

// replicate has the secret x copied.
func (s *service) replicate(to ...M) []secret.ReplicaStatus {
	s.T.Helper()
	return must[replication.Output](s, "ReplicateSecretToRegions",
		M{"SecretId": "x", "AddReplicaRegions": to}).ReplicationStatus
}

// status is what the primary x says of a copy.
func (s *service) status(region string) secret.ReplicaStatus {
	s.T.Helper()
	for _, r := range s.describe("x").ReplicationStatus {
		if r.Region == region {
			return r
		}
	}
	return secret.ReplicaStatus{}
}

func (s *service) inStep(regions ...string) {
	s.T.Helper()
	for _, region := range regions {
		if st := s.status(region); st.Status != "InSync" || st.StatusMessage != "" {
			s.T.Errorf("%s: %+v", region, st)
		}
	}
}

func TestReplicateSecretToRegions_TwoRegions_HaveAllThatIsCopied(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	s.Do("TagResource", M{"SecretId": "x", "Tags": []M{{"Key": "a", "Value": "b"}}})
	key := s.key()
	s.Do("UpdateSecret", M{"SecretId": "x", "Description": "d", "KmsKeyId": key})
	s.Do("PutResourcePolicy", M{"SecretId": "x", "ResourcePolicy": admits(account)})
	pending := s.put("x", "next", "AWSPENDING")
	before := s.describe("x")
	got := s.replicate(M{"Region": europe}, M{"Region": oceania})
	want := []secret.ReplicaStatus{
		{Region: oceania, KmsKeyId: "alias/aws/secretsmanager", Status: "InProgress"},
		{Region: europe, KmsKeyId: "alias/aws/secretsmanager", Status: "InProgress"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	s.sync()
	s.inStep(europe, oceania)
	now := s.describe("x")
	if now.PrimaryRegion != region || !now.LastChangedDate.Equal(before.LastChangedDate.Time) {
		t.Errorf("%+v", now)
	}
	for _, r := range []string{europe, oceania} {
		d := s.describeIn(r, "x")
		if d.ARN != secret.ARN(account, r, now.ARN[len(prefix):]) || d.PrimaryRegion != region ||
			d.Description != "d" || d.KmsKeyId != "" || d.Tags[0].Value != "b" ||
			!reflect.DeepEqual(d.VersionIdsToStages, now.VersionIdsToStages) ||
			d.ReplicationStatus != nil {
			t.Errorf("%s: %+v", r, d)
		}
		if s.textIn(r, "x") != "one" {
			t.Errorf("%s has another value", r)
		}
		next := mustIn[secrets.GetSecretValueOutput](s, r, "GetSecretValue",
			M{"SecretId": "x", "VersionId": pending})
		if *next.SecretString != "next" {
			t.Errorf("%s: %s", r, *next.SecretString)
		}
		p := mustIn[secrets.GetResourcePolicyOutput](s, r, "GetResourcePolicy", M{"SecretId": "x"})
		if *p.ResourcePolicy != admits(account) {
			t.Errorf("%s: %s", r, *p.ResourcePolicy)
		}
	}
	list := mustIn[secrets.ListSecretsOutput](s, europe, "ListSecrets",
		M{"Filters": []M{filter("primary-region", region)}})
	if len(list.SecretList) != 1 {
		t.Errorf("%+v", list)
	}
}

// sync does what is due, and what falls due by that.
func (s *service) sync() {
	for range 2 * len(regions) {
		s.run()
	}
}

// TestReplica_EveryChangeOfItsPrimary_Follows: whatever changes a primary has its copies follow.
func TestReplica_EveryChangeOfItsPrimary_Follows(t *testing.T) {
	s := start(t)
	made := must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "x", "SecretString": "one",
		"ClientRequestToken": v(1), "AddReplicaRegions": []M{{"Region": europe}}})
	if len(made.ReplicationStatus) != 1 || made.ReplicationStatus[0].Status != "InProgress" {
		t.Errorf("%+v", made)
	}
	s.sync()
	for _, change := range []struct {
		name string
		in   M
	}{
		{"PutSecretValue", M{"SecretString": "two", "ClientRequestToken": v(2)}},
		{"UpdateSecret", M{"SecretString": "three", "ClientRequestToken": v(3)}},
		{"UpdateSecret", M{"Description": "text"}},
		{"UpdateSecretVersionStage", M{"VersionStage": "mine", "MoveToVersionId": v(2)}},
		{"UpdateSecretVersionStage", M{"VersionStage": "mine", "RemoveFromVersionId": v(2)}},
		{"TagResource", M{"Tags": []M{{"Key": "a"}}}},
		{"UntagResource", M{"TagKeys": []string{"a"}}},
		{"PutResourcePolicy", M{"ResourcePolicy": admits(account)}},
		{"DeleteResourcePolicy", M{}},
	} {
		s.inStep(europe)
		change.in["SecretId"] = "x"
		s.Do(change.name, change.in)
		if st := s.status(europe); st.Status != "InProgress" {
			t.Errorf("after %s: %+v", change.name, st)
		}
		s.sync()
		here, there := s.describe("x"), s.describeIn(europe, "x")
		if s.textIn(europe, "x") != s.text(M{"SecretId": "x"}) ||
			!reflect.DeepEqual(here.VersionIdsToStages, there.VersionIdsToStages) ||
			here.Description != there.Description || !reflect.DeepEqual(here.Tags, there.Tags) {
			t.Errorf("after %s: %+v, and there %+v", change.name, here, there)
		}
	}
}

func TestReplica_Writes_AreItsPrimarys(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	s.replicate(M{"Region": europe})
	s.sync()
	const refusal = "Operation not permitted on a replica secret. Call must be made in primary " +
		"secret's region."
	for name, more := range map[string]M{
		"PutSecretValue":               {"SecretString": "y", "ClientRequestToken": token()},
		"UpdateSecret":                 {"Description": "y"},
		"UpdateSecretVersionStage":     {"VersionStage": "mine", "RemoveFromVersionId": token()},
		"DeleteSecret":                 {"ForceDeleteWithoutRecovery": true},
		"RestoreSecret":                {},
		"TagResource":                  {"Tags": []M{{"Key": "a"}}},
		"UntagResource":                {"TagKeys": []string{"a"}},
		"PutResourcePolicy":            {"ResourcePolicy": admits(account)},
		"DeleteResourcePolicy":         {},
		"RotateSecret":                 {"ClientRequestToken": token()},
		"CancelRotateSecret":           {},
		"ReplicateSecretToRegions":     {"AddReplicaRegions": []M{{"Region": oceania}}},
		"RemoveRegionsFromReplication": {"RemoveReplicaRegions": []string{oceania}},
	} {
		more["SecretId"] = "x"
		s.refusedIn(europe, name, more, "InvalidParameterException", refusal)
	}
	s.refusedIn(europe, "CreateSecret", M{"Name": "x", "SecretString": "one",
		"ClientRequestToken": s.get("x").VersionId}, "ResourceExistsException", "")
	for _, name := range []string{"DescribeSecret", "ListSecretVersionIds", "GetResourcePolicy"} {
		mustIn[any](s, europe, name, M{"SecretId": "x"})
	}
	s.Refused("StopReplicationToReplica", M{"SecretId": "x"}, "InvalidParameterException", "")
}

func TestReplicateSecretToRegions_WrongRegions_AreRefused(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	abroad := mustIn[keystore.CreateKeyOutput](s, europe, "kms:CreateKey", M{}).KeyMetadata
	for _, to := range [][]M{
		{{"Region": region}}, {{"Region": "eu-west-1"}}, {{"Region": europe}, {"Region": europe}},
		{{"KmsKeyId": abroad.KeyId}},
	} {
		s.Refused("ReplicateSecretToRegions", M{"SecretId": "x", "AddReplicaRegions": to},
			"InvalidParameterException", "")
	}
	s.Refused("RemoveRegionsFromReplication", M{"SecretId": "x",
		"RemoveReplicaRegions": []string{europe}}, "ResourceNotFoundException", "")
	s.Refused("ReplicateSecretToRegions", M{"SecretId": "x", "AddReplicaRegions": []M{
		{"Region": region}}}, "InvalidParameterException", "Invalid replica region.")
	s.replicate(M{"Region": europe, "KmsKeyId": abroad.KeyId})
	s.sync()
	s.inStep(europe)
	if st := s.status(europe); st.KmsKeyId != abroad.KeyId {
		t.Errorf("%+v", st)
	}
	if d := s.describe("x"); d.PrimaryRegion != region || len(d.ReplicationStatus) != 1 {
		t.Errorf("%+v", d)
	}
}

// TestReplicateSecretToRegions_KeyOfAnotherRegion_IsAStatus: AWS takes the request, and
// tells of the key where it tells of the copy.
func TestReplicateSecretToRegions_KeyOfAnotherRegion_IsAStatus(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	abroad := mustIn[keystore.CreateKeyOutput](s, europe, "kms:CreateKey", M{}).KeyMetadata
	for _, key := range []string{abroad.KeyId, abroad.Arn} {
		s.replicate(M{"Region": oceania, "KmsKeyId": key})
		s.sync()
		if st := s.status(oceania); st.Status != secret.Failed || st.StatusMessage == "" {
			t.Errorf("%+v", st)
		}
	}
	s.replicate(M{"Region": oceania, "KmsKeyId": "alias/aws/secretsmanager"})
	s.sync()
	s.inStep(oceania)
}

// TestReplica_KeyClosed_FailsAndRecovers: the key of a copy is disabled, and enabled again.
func TestReplica_KeyClosed_FailsAndRecovers(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	key := mustIn[keystore.CreateKeyOutput](s, europe, "kms:CreateKey", M{}).KeyMetadata.KeyId
	s.replicate(M{"Region": europe, "KmsKeyId": key}, M{"Region": oceania})
	s.sync()
	s.inStep(europe, oceania)
	mustIn[any](s, europe, "kms:DisableKey", M{"KeyId": key})
	s.put("x", "two")
	for range 3 {
		s.sync()
		if st := s.status(europe); st.Status != "Failed" || st.StatusMessage == "" {
			t.Errorf("%+v", st)
		}
		s.inStep(oceania)
		s.Clock.Pass(time.Hour)
	}
	mustIn[any](s, europe, "kms:EnableKey", M{"KeyId": key})
	if s.textIn(europe, "x") != "one" || s.textIn(oceania, "x") != "two" {
		t.Error("a copy changed that could not, or didn't that could")
	}
	s.sync()
	s.inStep(europe, oceania)
	if s.textIn(europe, "x") != "two" {
		t.Error("the copy didn't follow")
	}
	other := mustIn[keystore.CreateKeyOutput](s, europe, "kms:CreateKey", M{}).KeyMetadata.KeyId
	mustIn[any](s, europe, "kms:DisableKey", M{"KeyId": key})
	s.replicate(M{"Region": europe, "KmsKeyId": other})
	s.sync()
	s.inStep(europe)
	if s.textIn(europe, "x") != "two" || s.describeIn(europe, "x").KmsKeyId != other {
		t.Error("the copy has not the other key")
	}
}

func TestReplica_NameTaken_FailsUntilItMayBeWrittenOver(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	mustIn[secrets.CreateSecretOutput](s, europe, "CreateSecret",
		M{"Name": "x", "SecretString": "theirs", "ClientRequestToken": token()})
	s.replicate(M{"Region": europe})
	s.sync()
	if st := s.status(europe); st.Status != "Failed" ||
		st.StatusMessage != "Secret with this name already exists in this region" {
		t.Errorf("%+v", st)
	}
	if s.textIn(europe, "x") != "theirs" {
		t.Error("it was written over")
	}
	s.Do("ReplicateSecretToRegions", M{"SecretId": "x", "AddReplicaRegions": []M{{"Region": europe}},
		"ForceOverwriteReplicaSecret": true})
	s.sync()
	s.inStep(europe)
	if s.textIn(europe, "x") != "one" {
		t.Error("it was not written over")
	}
	mustIn[any](s, europe, "CreateSecret",
		M{"Name": "new", "SecretString": "theirs", "ClientRequestToken": token()})
	s.Do("CreateSecret", M{"Name": "new", "SecretString": "ours", "ClientRequestToken": token(),
		"AddReplicaRegions": []M{{"Region": europe}}, "ForceOverwriteReplicaSecret": true})
	s.sync()
	if s.textIn(europe, "new") != "ours" {
		t.Error("it was not written over when its primary was made")
	}
}

func TestReplica_PromotedAndRemoved_LeavesItsPrimary(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	s.replicate(M{"Region": europe}, M{"Region": oceania})
	s.sync()
	arn := s.describe("x").ARN
	still := "You can't delete secret " + arn + " that still has replica regions [" + oceania + ", " +
		europe + "]."
	s.Refused("DeleteSecret", M{"SecretId": "x"}, "InvalidParameterException", still)
	s.Refused("DeleteSecret", M{"SecretId": "x", "ForceDeleteWithoutRecovery": true},
		"InvalidParameterException", still)
	out := mustIn[replication.StopReplicationToReplicaOutput](s, europe, "StopReplicationToReplica",
		M{"SecretId": "x"})
	if d := s.describeIn(europe, "x"); d.ARN != out.ARN || d.PrimaryRegion != "" {
		t.Errorf("%+v", d)
	}
	mustIn[any](s, europe, "PutSecretValue", M{"SecretId": "x", "SecretString": "own",
		"ClientRequestToken": token()})
	s.put("x", "two")
	s.sync()
	s.inStep(oceania)
	if s.textIn(europe, "x") != "own" || s.status(europe).Status != "" {
		t.Error("the promoted copy still follows")
	}
	left := must[replication.Output](s, "RemoveRegionsFromReplication",
		M{"SecretId": "x", "RemoveReplicaRegions": []string{oceania, oceania}})
	if left.ReplicationStatus == nil || len(left.ReplicationStatus) != 0 ||
		s.describe("x").PrimaryRegion != "" {
		t.Errorf("%+v", left)
	}
	s.refusedIn(oceania, "DescribeSecret", M{"SecretId": "x"}, "ResourceNotFoundException", "")
	s.sync()
	s.Do("ReplicateSecretToRegions", M{"SecretId": "x", "AddReplicaRegions": []M{{"Region": europe}},
		"ForceOverwriteReplicaSecret": true})
	s.sync()
	s.inStep(europe)
	if s.textIn(europe, "x") != "two" {
		t.Error("the secret that was promoted isn't a copy again")
	}
	s.Do("RemoveRegionsFromReplication", M{"SecretId": "x", "RemoveReplicaRegions": []string{europe}})
	s.Do("DeleteSecret", M{"SecretId": "x", "ForceDeleteWithoutRecovery": true})
}

// TestReplica_Reads_CountThereAlone: a day of a read is the copy's, and its primary shows it.
func TestReplica_Reads_CountThereAlone(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	s.replicate(M{"Region": europe})
	s.sync()
	if st := s.status(europe); st.LastAccessedDate != nil {
		t.Errorf("%+v", st)
	}
	s.textIn(europe, "x")
	if st := s.status(europe); st.LastAccessedDate == nil ||
		!st.LastAccessedDate.Equal(optest.Began.Truncate(24*time.Hour)) {
		t.Errorf("%+v", st)
	}
	if s.describe("x").LastAccessedDate != nil {
		t.Error("the primary was not read")
	}
}

// TestReplica_Rotation_ReachesIt: what a rotation does to a primary its copies show, and none runs
// there, nor once they stand alone.
func TestReplica_Rotation_ReachesIt(t *testing.T) {
	s, target := startRotating(t, nil)
	s.Do("ReplicateSecretToRegions", M{"SecretId": "db", "AddReplicaRegions": []M{{"Region": europe}}})
	s.sync()
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe"),
		"RotationRules": M{"AutomaticallyAfterDays": 30}})
	s.sync()
	if !target.opens(s.textIn(europe, "db")) {
		t.Error("the copy has another password")
	}
	here, there := s.describe("db"), s.describeIn(europe, "db")
	if !reflect.DeepEqual(here.Rotated, there.Rotated) ||
		!reflect.DeepEqual(here.VersionIdsToStages, there.VersionIdsToStages) {
		t.Errorf("%+v, want %+v", there, here)
	}
	mustIn[any](s, europe, "StopReplicationToReplica", M{"SecretId": "db"})
	if d := s.describeIn(europe, "db"); *d.RotationEnabled || d.NextRotationDate != nil {
		t.Errorf("%+v", d)
	}
}

// TestReplicateSecretToRegions_ClosedKeys_AreTheCallers: who may not open the secret can't have it
// copied, and who may not use a key can't give it to a copy. Later the service asks for itself.
func TestReplicateSecretToRegions_ClosedKeys_AreTheCallers(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	s.Do("UpdateSecret", M{"SecretId": "x", "KmsKeyId": s.key()})
	there := mustIn[keystore.CreateKeyOutput](s, europe, "kms:CreateKey", M{}).KeyMetadata.KeyId
	to := M{"Region": europe, "KmsKeyId": there}
	for _, action := range []string{"kms:Decrypt", "kms:GenerateDataKey"} {
		s.Forbid(action)
		s.Refused("ReplicateSecretToRegions", M{"SecretId": "x", "AddReplicaRegions": []M{to}},
			"AccessDeniedException", "Access to KMS is not allowed")
	}
	s.Forbid("secretsmanager:ReplicateSecretToRegions")
	s.Refused("CreateSecret", M{"Name": "y", "SecretString": "v", "ClientRequestToken": token(),
		"AddReplicaRegions": []M{to}}, "AccessDeniedException", "")
	s.Decide(policy.Decide)
	s.replicate(to)
	s.sync()
	s.inStep(europe)
}

// admits is a resource policy that lets an account read.
func admits(account string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` +
		account + `:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`
}
