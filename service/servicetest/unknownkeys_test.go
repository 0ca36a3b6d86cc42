package servicetest_test

import (
	"fmt"
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
	"github.com/aws/aws-sdk-go-v2/service/ssm"
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
	"iam.CreatePolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		_, err := newPolicy(t, s, policy)
		return err
	},
	"iam.CreatePolicyVersion": func(t *testing.T, s *servicetest.Server, policy string) error {
		made := must(newPolicy(t, s, plainPolicy))(t)
		_, err := s.IAM().CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
			PolicyArn: made.Policy.Arn, PolicyDocument: &policy})
		return err
	},
	"iam.PutUserPolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		_, err := s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{PolicyDocument: &policy,
			UserName: aws.String("nobody"), PolicyName: aws.String("p")})
		return err
	},
	"iam.PutGroupPolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		name := aws.String("g" + uuid.NewString())
		must(s.IAM().CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: name}))(t)
		_, err := s.IAM().PutGroupPolicy(t.Context(), &iam.PutGroupPolicyInput{GroupName: name,
			PolicyName: aws.String("p"), PolicyDocument: &policy})
		return err
	},
	"iam.PutRolePolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		role := must(savedRole(t, s, plainTrust))(t).Role.RoleName
		_, err := s.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: role,
			PolicyName: aws.String("p"), PolicyDocument: &policy})
		return err
	},
	"iam.CreateRole": func(t *testing.T, s *servicetest.Server, policy string) error {
		_, err := savedRole(t, s, policy)
		return err
	},
	"iam.UpdateAssumeRolePolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		role := must(savedRole(t, s, plainTrust))(t).Role.RoleName
		_, err := s.IAM().UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
			RoleName: role, PolicyDocument: &policy})
		return err
	},
	"secretsmanager.PutResourcePolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		secret := createSecret(t, s.SecretsManager(), fmt.Sprint("s", len(policy)), "x").ARN
		_, err := s.SecretsManager().PutResourcePolicy(t.Context(),
			&secretsmanager.PutResourcePolicyInput{SecretId: secret, ResourcePolicy: &policy})
		return err
	},
	"ssm.PutResourcePolicy": func(t *testing.T, s *servicetest.Server, policy string) error {
		name := "/s/" + uuid.NewString()
		must(s.ParameterStore().PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name,
			Value: aws.String("x"), Type: "String", Tier: "Advanced"}))(t)
		_, err := s.ParameterStore().PutResourcePolicy(t.Context(), &ssm.PutResourcePolicyInput{
			ResourceArn: aws.String(parameterARN(name)), Policy: &policy})
		return err
	},
	"secretsmanager.ValidateResourcePolicy": func(t *testing.T, s *servicetest.Server,
		policy string) error {
		_, err := s.SecretsManager().ValidateResourcePolicy(t.Context(),
			&secretsmanager.ValidateResourcePolicyInput{ResourcePolicy: &policy})
		return err
	},
}

const (
	plainPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	plainTrust  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",` +
		`"Principal":{"AWS":"111122223333"}}}`
)

func newPolicy(t *testing.T, s *servicetest.Server, policy string) (
	*iam.CreatePolicyOutput, error) {
	return s.IAM().CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyDocument: &policy,
		PolicyName: aws.String("p" + uuid.NewString())})
}

func savedRole(t *testing.T, s *servicetest.Server, trust string) (*iam.CreateRoleOutput, error) {
	return s.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{AssumeRolePolicyDocument: &trust,
		RoleName: aws.String("r" + uuid.NewString())})
}

// asking is a policy for everybody, under conditions on keys that hold.
func asking(name string, keys ...string) string {
	tests := []string{}
	for _, k := range keys {
		tests = append(tests, fmt.Sprintf(`%q:"%t"`, k, k != "aws:SourceIp"))
	}
	vendor, operation, _ := strings.Cut(name, ".")
	of := `"Principal":"*","Resource":"*","Action":"` + vendor + `:*"`
	switch {
	case operation == "CreateRole", operation == "UpdateAssumeRolePolicy":
		of = `"Principal":"*","Action":"sts:AssumeRole"`
	case vendor == "ssm":
		of = `"Principal":{"AWS":"111122223333"},"Resource":"*","Action":"ssm:GetParameter"`
	case vendor == "iam":
		of = `"Action":"*","Resource":"*"`
	}
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` + of + `,"Condition":{"Null":{` + strings.Join(tests, ",") + `}}}}`
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
		accepted(t, save(t, s, asking(name, "ec2:Vpc", vendor+":ViaServise", "aws:SourceIp")))
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
		accepted(t, save(t, s, asking(name, "aws:SourceIp", "AWS:principalTag/a")))
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
		for _, c := range []struct {
			keys []string
			want string
		}{
			{[]string{"aws:SourceIp", "kms:Viaservise", "ec2:Vpc"}, "ec2:Vpc, kms:Viaservise"},
			{many, strings.Join(many[:20], ", ") + ", ..."},
			{[]string{long}, op.Clip(long, 128)},
		} {
			err := save(t, s, asking(name, c.keys...))
			code := "MalformedPolicyDocumentException"
			if strings.HasPrefix(name, "iam.") {
				code = "MalformedPolicyDocument"
			}
			if strings.HasPrefix(name, "ssm.") {
				code = "MalformedResourcePolicyDocumentException"
			}
			refused(t, err, code, says+c.want)
		}
		accepted(t, save(t, s, asking(name, "aws:SourceIp")))
	}
}
