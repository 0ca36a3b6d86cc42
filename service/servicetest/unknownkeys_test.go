package servicetest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/uuid"
)

// saver saves a policy, or looks at one as if it were to be saved.
type saver func(t *testing.T, s *servicetest.Server, policy string) error

// savers are all operations that take the document of a policy which is in force afterwards.
var savers = map[string]saver{
	"kms.CreateKey": func(t *testing.T, s *servicetest.Server, policy string) error {
		_, err := s.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{Policy: &policy})
		return err
	},
	"kms.PutKeyPolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		_, err := s.KMS().PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{Policy: &policy,
			KeyId: createKey(t, s.KMS()).Arn})
		return err
	},
	"kms.ReplicateKey": func(t *testing.T, s *servicetest.Server, policy string) error {
		lone := must(s.KMS().CreateKey(t.Context(),
			&kms.CreateKeyInput{MultiRegion: aws.Bool(true)}))(t).KeyMetadata.Arn
		_, err := s.KMS().ReplicateKey(t.Context(), &kms.ReplicateKeyInput{Policy: &policy, KeyId: lone,
			ReplicaRegion: aws.String(servicetest.Abroad)})
		return err
	},
	"secretsmanager.PutResourcePolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		secret := createSecret(t, s.SecretsManager(), fmt.Sprint("s", len(policy)), "x").ARN
		_, err := s.SecretsManager().PutResourcePolicy(t.Context(),
			&secretsmanager.PutResourcePolicyInput{SecretId: secret, ResourcePolicy: &policy})
		return err
	},
	"secretsmanager.ValidateResourcePolicy": func(t *testing.T, s *servicetest.Server,
		policy string) error {
		_, err := s.SecretsManager().ValidateResourcePolicy(t.Context(),
			&secretsmanager.ValidateResourcePolicyInput{ResourcePolicy: &policy})
		return err
	},
}

func init() {
	for _, kind := range []string{"User", "Group", "Role"} {
		savers["iam.Put"+kind+"Policy"] = func(t *testing.T, s *servicetest.Server, text string) error {
			return putInline(t, s, kind, ofIdentity(text))
		}
	}
	maps.Copy(savers, map[string]saver{
		"iam.CreatePolicy": func(t *testing.T, s *servicetest.Server, text string) error {
			name, document := uuid.NewString(), ofIdentity(text)
			_, err := s.IAM().CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &name,
				PolicyDocument: &document})
			return err
		},
		"iam.CreatePolicyVersion": func(t *testing.T, s *servicetest.Server, text string) error {
			document := ofIdentity(text)
			_, err := s.IAM().CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
				PolicyArn:      aws.String(managedPolicy(t, s, uuid.NewString(), allowing("kms:*"))),
				PolicyDocument: &document})
			return err
		},
		"iam.CreateRole": func(t *testing.T, s *servicetest.Server, text string) error {
			name, document := uuid.NewString(), trusting(text)
			_, err := s.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name,
				AssumeRolePolicyDocument: &document})
			return err
		},
		"iam.UpdateAssumeRolePolicy": func(t *testing.T, s *servicetest.Server, text string) error {
			name, document := uuid.NewString(), trusting(text)
			stageOffice(t, s, name, managedPolicy(t, s, name, allowing("kms:*")))
			_, err := s.IAM().UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
				RoleName: &name, PolicyDocument: &document})
			return err
		},
	})
}

// putInline puts an inline policy on an entity of a kind that is made for it.
func putInline(t *testing.T, s *servicetest.Server, kind, document string) (err error) {
	t.Helper()
	c, name, p := s.IAM(), uuid.NewString(), aws.String("p")
	held := managedPolicy(t, s, name, allowing("kms:*"))
	switch kind {
	case "User":
		stageClerk(t, s, name, held)
		_, err = c.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: p,
			PolicyDocument: &document})
	case "Group":
		stageTeam(t, s, name, held)
		_, err = c.PutGroupPolicy(t.Context(), &iam.PutGroupPolicyInput{GroupName: &name, PolicyName: p,
			PolicyDocument: &document})
	default:
		stageOffice(t, s, name, held)
		_, err = c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: p,
			PolicyDocument: &document})
	}
	return err
}

// ofIdentity returns a policy of asking as one of an identity, and trusting as one of a role's
// trust.
func ofIdentity(text string) string {
	return strings.NewReplacer(`{"Statement"`, `{"Version":"2012-10-17","Statement"`,
		`"Principal":"*",`, "").Replace(text)
}

func trusting(text string) string {
	return strings.NewReplacer(`"iam:*"`, `"sts:AssumeRole"`, `"Resource":"*",`, "").Replace(text)
}

// asking is a policy for everybody, under conditions on keys that hold.
func asking(service string, keys ...string) string {
	tests := []string{}
	for _, k := range keys {
		tests = append(tests, fmt.Sprintf(`%q:"%t"`, k, k != "aws:SourceIp"))
	}
	return `{"Statement":{"Effect":"Allow","Principal":"*","Action":"` + service + `:*",` +
		`"Resource":"*","Condition":{"Null":{` + strings.Join(tests, ",") + `}}}}`
}

// TestUnknownKeys_EachSaver_IsHere: whoever adds an operation that saves policies has it here, and
// gives it domain.UnknownKeys. Policies of sessions and simulations are saved nowhere.
func TestUnknownKeys_EachSaver_IsHere(t *testing.T) {
	for _, n := range routed(servicetest.Start(t)) {
		takes := slices.ContainsFunc([]string{"Policy", "ResourcePolicy", "PolicyDocument",
			"AssumeRolePolicyDocument"}, func(member string) bool {
			_, ok := n.In.FieldByName(member)
			return ok
		})
		saves := n.Service.Name != "sts" && !strings.HasPrefix(n.Name, "Simulate")
		if _, ok := savers[idOf(n)]; takes && saves && !ok {
			t.Errorf("%s takes a policy, and savers has no row for it", idOf(n))
		}
	}
}

// TestUnknownKeys_Accepted_AreNamedInLogAndRecord: AWS takes them, and so does the service. Whoever
// looks is told.
func TestUnknownKeys_Accepted_AreNamedInLogAndRecord(t *testing.T) {
	s := servicetest.Start(t)
	for name, save := range savers {
		vendor, operation, _ := strings.Cut(name, ".")
		mark, said := s.Mark(t), len(s.Log.String())
		accepted(t, save(t, s, asking(vendor, "ec2:Vpc", vendor+":ViaServise", "aws:SourceIp")))
		records := slices.DeleteFunc(s.Trail(t, mark), func(r servicetest.Record) bool {
			return r.EventName != operation
		})
		want := `"unknownConditionKeys":["ec2:Vpc","` + vendor + `:ViaServise"]`
		if n := len(records); n == 0 || !strings.Contains(records[n-1].Line, want) {
			t.Errorf("%s: no %s in %v", name, want, records)
		}
		if log := s.Log.String()[said:]; !strings.Contains(log, vendor+":ViaServise") {
			t.Errorf("%s: the log says %s", name, log)
		}
		mark = s.Mark(t)
		accepted(t, save(t, s, asking(vendor, "aws:SourceIp", "AWS:principalTag/a")))
		for _, r := range s.Trail(t, mark) {
			if strings.Contains(r.Line, "unknownConditionKeys") {
				t.Errorf("%s: nothing is unknown: %s", name, r.Line)
			}
		}
	}
}

// TestUnknownKeys_Refused_AreNamedInTheAnswer, as many as an answer may name.
func TestUnknownKeys_Refused_AreNamedInTheAnswer(t *testing.T) {
	s := servicetest.Start(t, func(c *service.Config) { c.RefuseUnknownKeys = true })
	var many []string
	for i := range 25 {
		many = append(many, fmt.Sprintf("acme:Key%02d", i))
	}
	long := "acme:" + strings.Repeat("x", 200)
	const says = "The policy contains condition keys that no request here has: "
	for name, save := range savers {
		vendor, _, _ := strings.Cut(name, ".")
		for _, c := range []struct {
			keys []string
			want string
		}{
			{[]string{"aws:SourceIp", "kms:Viaservise", "ec2:Vpc"}, "ec2:Vpc, kms:Viaservise"},
			{many, strings.Join(many[:20], ", ") + ", ..."},
			{[]string{long}, op.Clip(long, 128)},
		} {
			err := save(t, s, asking(vendor, c.keys...))
			code := "MalformedPolicyDocumentException"
			if vendor == "iam" {
				code = "MalformedPolicyDocument"
			}
			refused(t, err, code, says+c.want)
		}
		accepted(t, save(t, s, asking(vendor, "aws:SourceIp")))
	}
}
