package secrets_test

import (
	"slices"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/policy"
	"claviger/secrets/model"
)

// conditionRequest is a request that has all there is to say to condition keys, and what it says in
// all that it demands of a secret.
type conditionRequest struct {
	operation string
	in        M
	says      map[string]string // values joined by a blank
}

// said returns the rows: each operation of the registry that demands something of a secret has one.
func said(key, keyARN string) []conditionRequest {
	const sm = "secretsmanager:"
	tags := []M{{"Key": "team", "Value": "x"}, {"Key": "app", "Value": "y"}}
	tagged := map[string]string{"aws:RequestTag/team": "x", "aws:TagKeys": "app team"}
	aPolicy := document(let("Allow", account, "*"))
	return []conditionRequest{
		{"CreateSecret", M{"Name": "new", "ClientRequestToken": v(1), "Description": "d",
			"KmsKeyId": "alias/app", "Tags": tags, "ForceOverwriteReplicaSecret": false},
			map[string]string{sm + "Name": "new", sm + "Description": "d", sm + "KmsKeyId": "alias/app",
				sm + "KmsKeyArn": keyARN, sm + "ForceOverwriteReplicaSecret": "false",
				"aws:RequestTag/team": "x", "aws:TagKeys": "app team"}},
		{"CreateSecret", M{"Name": "new", "ClientRequestToken": v(1), "Type": "T",
			"AddReplicaRegions": []M{{"Region": europe}, {"Region": oceania}}},
			map[string]string{sm + "AddReplicaRegions": europe + " " + oceania, sm + "Type": "T"}},
		{"CreateSecret", M{"Name": "new", "ClientRequestToken": v(1)},
			map[string]string{sm + "Name": "new", sm + "KmsKeyId": "", sm + "KmsKeyArn": ""}},
		{"UpdateSecret", M{"Description": "", "KmsKeyId": key},
			map[string]string{sm + "KmsKeyId": key, sm + "KmsKeyArn": keyARN}},
		{"UpdateSecret", M{"KmsKeyId": keyARN},
			map[string]string{sm + "KmsKeyId": keyARN, sm + "KmsKeyArn": keyARN}},
		{"UpdateSecret", M{"Description": "d", "KmsKeyId": "alias/none"}, map[string]string{
			sm + "Description": "d",
			sm + "KmsKeyArn":   "arn:aws:kms:" + region + ":" + account + ":alias/none"}},
		{"UpdateSecret", M{"KmsKeyId": ""}, map[string]string{sm + "KmsKeyArn": "arn:aws:kms:" +
			region + ":" + account + ":alias/aws/secretsmanager"}},
		{"UpdateSecret", M{"KmsKeyId": "no key"}, map[string]string{sm + "KmsKeyArn": ""}},
		{"DeleteSecret", M{"RecoveryWindowInDays": 7}, map[string]string{
			sm + "RecoveryWindowInDays": "7", sm + "ForceDeleteWithoutRecovery": ""}},
		{"DeleteSecret", M{"ForceDeleteWithoutRecovery": true}, map[string]string{
			sm + "RecoveryWindowInDays": "", sm + "ForceDeleteWithoutRecovery": "true"}},
		{"GetSecretValue", M{"VersionId": v(1)},
			map[string]string{sm + "VersionId": v(1), sm + "VersionStage": ""}},
		{"GetSecretValue", M{"VersionStage": "blue"},
			map[string]string{sm + "VersionId": "", sm + "VersionStage": "blue"}},
		{"GetSecretValue", M{}, map[string]string{sm + "VersionStage": "AWSCURRENT"}},
		{"PutResourcePolicy", M{"ResourcePolicy": aPolicy, "BlockPublicPolicy": false},
			map[string]string{sm + "BlockPublicPolicy": "false"}},
		{"PutResourcePolicy", M{"ResourcePolicy": aPolicy},
			map[string]string{sm + "BlockPublicPolicy": ""}},
		{"TagResource", M{"Tags": tags}, tagged},
		{"UntagResource", M{"TagKeys": []string{"team"}}, map[string]string{"aws:TagKeys": "team"}},
		{"UpdateSecretVersionStage", M{"VersionStage": "blue"},
			map[string]string{sm + "VersionStage": "blue"}},
		{"CreateManagedSecret", M{"Name": "new", "ClientRequestToken": v(1), "Description": "d",
			"KmsKeyId": "alias/app", "Tags": tags, "RotationLambdaARN": lambda("safe"),
			"Engine": "e", "Host": "h", "Username": "u", "Password": "p"},
			map[string]string{sm + "Name": "new", sm + "Description": "d", sm + "KmsKeyId": "alias/app",
				sm + "KmsKeyArn": keyARN, sm + "RotationLambdaARN": lambda("safe"),
				"aws:RequestTag/team": "x", "aws:TagKeys": "app team"}},

		{"ReplicateSecretToRegions", M{"AddReplicaRegions": []M{{"Region": europe}},
			"ForceOverwriteReplicaSecret": true}, map[string]string{sm + "AddReplicaRegions": europe,
			sm + "ForceOverwriteReplicaSecret": "true"}},
		{"RotateSecret", M{"ClientRequestToken": v(1), "RotationLambdaARN": lambda("f"),
			"RotateImmediately": false, "RotationRules": M{"AutomaticallyAfterDays": 3},
			"ExternalSecretRotationRoleArn": "arn:aws:iam::" + account + ":role/r"},
			map[string]string{sm + "RotationLambdaARN": lambda("f"), sm + "RotateImmediately": "false",
				sm + "ModifyRotationRules":           "true",
				sm + "ExternalSecretRotationRoleArn": "arn:aws:iam::" + account + ":role/r"}},
		{"RotateSecret", M{"ClientRequestToken": v(1)}, map[string]string{
			sm + "RotateImmediately": "", sm + "ModifyRotationRules": ""}},
		{"CancelRotateSecret", M{}, nil},
		{"UpdateSecret", M{"Type": "T"}, map[string]string{sm + "Type": "T"}},
		{"RemoveRegionsFromReplication", M{"RemoveReplicaRegions": []string{europe}}, nil},
		{"StopReplicationToReplica", M{}, nil},
		{"DescribeSecret", M{}, nil}, {"RestoreSecret", M{}, nil}, {"ListSecretVersionIds", M{}, nil},
		{"PutSecretValue", M{"SecretString": "w", "ClientRequestToken": v(1)}, nil},
		{"GetResourcePolicy", M{}, nil}, {"DeleteResourcePolicy", M{}, nil},
		{"ValidateResourcePolicy", M{"ResourcePolicy": aPolicy}, nil},
	}
}

// withoutSecret are the operations that demand nothing of a secret.
var withoutSecret = []string{"ListSecrets", "BatchGetSecretValue", "GetRandomPassword"}

// TestConditionKeys_EachDocumented_IsSetByItsOperation walks the registry: a demand has a value for
// each condition key that AWS documents for its action, the secret's ARN, its tags and its policy.
func TestConditionKeys_EachDocumented_IsSetByItsOperation(t *testing.T) {
	s := start(t)
	key := s.key()
	keyARN := "arn:aws:kms:" + region + ":" + account + ":key/" + key
	s.Do("kms:CreateAlias", M{"AliasName": "alias/app", "TargetKeyId": key})
	s.Do("CreateSecret", M{"Name": "x", "SecretString": "v", "ClientRequestToken": token(),
		"KmsKeyId": key, "Tags": []M{{"Key": "team", "Value": "x"}}})
	s.putPolicy("x", let("Allow", account, "*"))
	arn := s.describe("x").ARN

	var demands []policy.Demand
	s.Decide(func(q policy.Request) policy.Decision {
		demands = q.Demands
		return policy.Decision{Effect: policy.Deny,
			Err: fault.New(fault.Denied, "AccessDeniedException", "seen")}
	})
	set, asked := map[string][]string{}, map[string]bool{}
	for _, r := range said(key, keyARN) {
		makes := strings.HasPrefix(r.operation, "Create")
		if !makes {
			r.in["SecretId"] = "x"
		}
		demands, asked[r.operation] = nil, true
		s.Refused(r.operation, r.in, "AccessDeniedException", "seen")
		for _, d := range demands {
			values := d.Values()
			for name, want := range r.says {
				if got := strings.Join(values[name], " "); got != want {
					t.Errorf("%s %v: %s is %q, want %q", d.Action, r.in, name, got, want)
				}
			}
			for name := range values {
				set[d.Action] = append(set[d.Action], name)
			}
			tags, err := d.Resource.Tags()
			if r.in["Tags"] != nil && (err != nil || tags["team"] != "x") {
				t.Errorf("%s: tags %v, %v", d.Action, tags, err)
			}
			if makes {
				continue // there is no secret yet, and no policy of one
			}
			rules, err := d.Resource.Policy()
			if err != nil || rules == nil || d.Resource.ARN != arn || d.Resource.Asked != "x" ||
				values[model.SecretID][0] != arn || tags["team"] != "x" || d.Resource.PolicyDecides {
				t.Errorf("%s: %+v, policy %v, tags %v", d.Action, d.Resource, rules, tags)
			}
		}
	}
	for action, names := range model.ConditionKeys {
		for _, name := range names {
			if !slices.ContainsFunc(set["secretsmanager:"+action], func(key string) bool {
				return key == name || strings.HasSuffix(name, "/") && strings.HasPrefix(key, name)
			}) {
				t.Errorf("%s never has %s", action, name)
			}
			if strings.HasSuffix(name, "/") {
				name += "team"
			}
			d, err := policy.Parse(document(let("Allow", account, action,
				`"Condition":{"Null":{"`+name+`":"false"}}`)))
			if err != nil || len(d.Unknown()) > 0 {
				t.Errorf("a policy that turns on %s is said to turn on nothing: %v", name, err)
			}
		}
	}
	for _, o := range s.operations {
		n := o.Info()
		if n.Service != model.SecretsManager || n.Method == "" {
			continue
		}
		if asked[n.Name] == slices.Contains(withoutSecret, n.Name) {
			t.Errorf("%s: it has to have a row here, or to demand nothing of a secret", n.Name)
		}
	}
}

// TestConditionKeys_KeyOfASecret_HoldsUnderEachOfItsNames: a policy that lets a secret have one key
// alone isn't passed by an alias.
func TestConditionKeys_KeyOfASecret_HoldsUnderEachOfItsNames(t *testing.T) {
	s := start(t)
	allowed, other := s.key(), s.key()
	s.Do("kms:CreateAlias", M{"AliasName": "alias/allowed", "TargetKeyId": allowed})
	s.Do("kms:CreateAlias", M{"AliasName": "alias/other", "TargetKeyId": other})
	arn := "arn:aws:kms:" + region + ":" + account + ":"
	admin := optest.Somebody(t, account, "admin", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":
		["secretsmanager:CreateSecret","secretsmanager:UpdateSecret"],"Resource":"*","Condition":
		{"ArnNotEquals":{"secretsmanager:KmsKeyArn":"`+arn+"key/"+allowed+`"}}}]}`)
	defer s.By(admin)()
	for id, want := range map[string]string{allowed: "", "alias/allowed": "",
		arn + "alias/allowed": "", arn + "key/" + allowed: "", other: "AccessDeniedException",
		"alias/other": "AccessDeniedException", "": "AccessDeniedException",
		arn + "alias/other": "AccessDeniedException"} {
		_, err := ask[any](s, "CreateSecret", M{"Name": "s" + token(), "SecretString": "v",
			"ClientRequestToken": token(), "KmsKeyId": id})
		if f := fault.Of(err); f == nil && want != "" || f != nil && f.Code != want {
			t.Errorf("%q: %v, want %q", id, err, want)
		}
	}
	s.Refused("CreateSecret", M{"Name": "y", "ClientRequestToken": token()}, "AccessDeniedException",
		"")
}
