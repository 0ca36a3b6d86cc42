package servicetest_test

import (
	"net/url"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// ofSecretsManager are what the user guide of Secrets Manager shows of its operations, and what
// others have recorded of them.
var ofSecretsManager = []documented{
	{"CreateSecret", `{"Name":"a/b","ClientRequestToken":"TOKEN-CREATE","SecretString":"canary",
		"Description":"d","Tags":[{"Key":"k","Value":"v"}]}`,
		`{"requestParameters":{"name":"a/b","clientRequestToken":"TOKEN-CREATE","description":"d",
		"tags":[{"key":"k","value":"v"}]},"responseElements":{"arn":"SECRET"},"readOnly":false,
		"resources":"absent"}`},
	{"GetSecretValue", `{"SecretId":"a/b","VersionStage":"AWSCURRENT"}`,
		`{"requestParameters":{"secretId":"a/b","versionStage":"AWSCURRENT"},"responseElements":null,
		"readOnly":true,"resources":"absent","additionalEventData":{"resourceARNs":["SECRET"]}}`},
	{"BatchGetSecretValue", `{"Filters":[{"Key":"name","Values":["a/b"]}]}`,
		`{"requestParameters":{"filters":[{"key":"name","values":["a/b"]}]},"responseElements":null,
		"readOnly":true}`},
	{"ListSecrets", `{"MaxResults":5}`, `{"requestParameters":{"maxResults":5},
		"responseElements":null,"readOnly":true,"resources":"absent"}`},
	{"PutSecretValue", `{"SecretId":"a/b","ClientRequestToken":"TOKEN-PUT-VALUE",
		"SecretString":"canary","VersionStages":["X"]}`,
		`{"requestParameters":{"secretId":"a/b","clientRequestToken":"TOKEN-PUT-VALUE",
		"versionStages":["X"]},"responseElements":{"arn":"SECRET"},"readOnly":false}`},
	{"UpdateSecret", `{"SecretId":"a/b","Description":"e"}`,
		`{"requestParameters":{"secretId":"a/b","description":"e"},"responseElements":{"arn":"SECRET"}}`},
	{"TagResource", `{"SecretId":"a/b","Tags":[{"Key":"k","Value":"w"}]}`,
		`{"requestParameters":{"secretId":"a/b","tags":[{"key":"k","value":"w"}]},
		"responseElements":{"arn":"SECRET"}}`},
	{"GetSecretValue", `{"SecretId":"absent"}`, `{"errorCode":"ResourceNotFoundException",
		"requestParameters":{"secretId":"absent"},"responseElements":null}`},
	{"DeleteSecret", `{"SecretId":"a/b","RecoveryWindowInDays":7}`,
		`{"requestParameters":{"secretId":"a/b","recoveryWindowInDays":7},
		"responseElements":{"name":"a/b","deletionDate":"DATE","arn":"SECRET"}}`},
}

// ofParameterStore are what others have recorded of Parameter Store.
var ofParameterStore = []documented{
	{"PutParameter", `{"Name":"/a/b","Type":"String","Value":"canary","Overwrite":false}`,
		`{"requestParameters":{"name":"/a/b","type":"String","value":"HIDDEN_DUE_TO_SECURITY_REASONS",
		"overwrite":false},"responseElements":{"version":1,"tier":"Standard"},"readOnly":false,
		"resources":"absent"}`},
	{"GetParameter", `{"Name":"/a/b","WithDecryption":true}`,
		`{"requestParameters":{"name":"/a/b","withDecryption":true},"responseElements":null,
		"readOnly":true,"resources":[{"accountId":"111122223333","ARN":"PARAMETER"}]}`},
	{"GetParameters", `{"Names":["/a/b"]}`, `{"requestParameters":{"names":["/a/b"]},
		"responseElements":null,"resources":[{"accountId":"111122223333","ARN":"PARAMETER"}]}`},
	{"DescribeParameters", `{"MaxResults":5}`, `{"requestParameters":{"maxResults":5},
		"responseElements":null,"readOnly":true,"resources":"absent"}`},
	{"LabelParameterVersion", `{"Name":"/a/b","Labels":["l"]}`,
		`{"requestParameters":{"name":"/a/b","labels":["l"]},"responseElements":{"invalidLabels":[],
		"parameterVersion":1}}`},
	{"DeleteParameter", `{"Name":"/a/b"}`,
		`{"requestParameters":{"name":"/a/b"},"responseElements":null,"readOnly":false,
		"additionalEventData":{"resourceARNs":["PARAMETER"]}}`},
}

// trusted is a trust policy, and how CloudTrail shows it in an answer.
const (
	trusted = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":` +
		`"arn:aws:iam::111122223333:user/alice"},"Action":"sts:AssumeRole"}]}`
	trustedInForms = `~%7B%22Version%22%3A%222012-10-17%22.*%22sts%3AAssumeRole%22.*`
)

// ofIAM are recorded of AWS in attack simulations.
var ofIAM = []documented{
	{"CreateUser", `UserName=bob&Tags.member.1.Key=a&Tags.member.1.Value=b`,
		`{"requestParameters":{"userName":"bob","tags":[{"key":"a","value":"b"}]},
		"responseElements":{"user":{"path":"/","userName":"bob","userId":"~AIDA.*",
		"arn":"arn:aws:iam::111122223333:user/bob","createDate":"DATE","tags":[{"key":"a","value":"b"}]}},
		"readOnly":false,"resources":"absent"}`},
	{"CreateAccessKey", `UserName=bob`,
		`{"requestParameters":{"userName":"bob"},"responseElements":{"accessKey":{"userName":"bob",
		"accessKeyId":"~AKIA.*","status":"Active","createDate":"DATE"}}}`},
	{"GetUser", `UserName=absent`, `{"errorCode":"NoSuchEntityException","errorMessage":"*",
		"requestParameters":{"userName":"absent"},"responseElements":null,"readOnly":true}`},
	{"CreateUser", `UserName=bob`, `{"errorCode":"EntityAlreadyExistsException",
		"responseElements":null}`},
	{"AttachUserPolicy", `UserName=bob&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess`,
		`{"requestParameters":{"userName":"bob",
		"policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"},"responseElements":null}`},
	{"CreateRole", `RoleName=r&Path=/p/&AssumeRolePolicyDocument=` + url.QueryEscape(trusted),
		`{"requestParameters":{"path":"/p/","roleName":"r","assumeRolePolicyDocument":"TRUST"},
		"responseElements":{"role":{"path":"/p/","roleName":"r","roleId":"~AROA.*",
		"arn":"arn:aws:iam::111122223333:role/p/r","createDate":"DATE",
		"assumeRolePolicyDocument":"` + trustedInForms + `"}}}`},
	{"ListUsers", `MaxItems=5`, `{"requestParameters":{"maxItems":5},"responseElements":null,
		"readOnly":true}`},
}

// issued are the credentials of a session in a record: their secret is left out, and the token is
// hidden.
const issued = `{"accessKeyId":"~ASIA.*","expiration":"DATE",
	"sessionToken":"HIDDEN_DUE_TO_SECURITY_REASONS"}`

// ofSTS are documented, and recorded in attack simulations. Alice asks.
var ofSTS = []documented{
	{"GetCallerIdentity", ``, `{"requestParameters":null,"responseElements":null,"readOnly":true,
		"userIdentity":{"type":"IAMUser","principalId":"~AIDA.*",
		"arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","accessKeyId":"~AKIA.*",
		"userName":"alice"}}`},
	{"AssumeRole", `RoleArn=ROLE&RoleSessionName=day&DurationSeconds=900`,
		`{"requestParameters":{"roleArn":"ROLE","roleSessionName":"day","durationSeconds":900},
		"responseElements":{"credentials":` + issued + `,"assumedRoleUser":{"assumedRoleId":"~AROA.*:day",
		"arn":"arn:aws:sts::111122223333:assumed-role/r/day"}},"readOnly":true,
		"resources":[{"accountId":"111122223333","type":"AWS::IAM::Role","ARN":"ROLE"}]}`},
	{"AssumeRole", `RoleArn=arn:aws:iam::111122223333:role/absent&RoleSessionName=day`,
		`{"errorCode":"AccessDenied","errorMessage":"~User: .*","requestParameters":null,
		"responseElements":null,"resources":"absent"}`},
	{"GetFederationToken", `Name=joe`,
		`{"requestParameters":{"name":"joe"},"responseElements":{"credentials":` + issued + `,
		"federatedUser":{"federatedUserId":"111122223333:joe",
		"arn":"arn:aws:sts::111122223333:federated-user/joe"},"packedPolicySize":0},"readOnly":false}`},
	{"GetSessionToken", `DurationSeconds=900`, `{"requestParameters":{"durationSeconds":900},
		"responseElements":{"credentials":` + issued + `},"readOnly":true}`},
}

// TestCloudTrail_OtherServices_RecordsAreAsRecordedOfAWS, field by field.
func TestCloudTrail_OtherServices_RecordsAreAsRecordedOfAWS(t *testing.T) {
	s := servicetest.Start(t)
	alice := s.User(t, "alice")
	must(s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("alice"),
		PolicyName: aws.String("p"), PolicyDocument: policyOf(permit("sts:*", "*", ""))}))(t)
	kept := strings.NewReplacer("SECRET", "~arn:aws:secretsmanager:us-east-1:111122223333:secret:a/b-.{6}",
		"DATE", anyDate, "PARAMETER", "arn:aws:ssm:us-east-1:111122223333:parameter/a/b",
		"TOKEN", strings.Repeat("t", 32), "ROLE", "arn:aws:iam::111122223333:role/p/r",
		"TRUST", strings.ReplaceAll(trusted, `"`, `\"`))
	ofIAMDates := strings.NewReplacer("DATE", strings.Replace(anyDate, "20[0-9]{2},", "20[0-9]{2}", 1),
		"TRUST", strings.ReplaceAll(trusted, `"`, `\"`))
	mark := s.Mark(t)
	for _, service := range []struct {
		name, target, version string
		all                   []documented
	}{
		{"secretsmanager", "secretsmanager", "", ofSecretsManager},
		{"ssm", "AmazonSSM", "", ofParameterStore},
		{"iam", "", "2010-05-08", ofIAM},
		{"sts", "", "2011-06-15", ofSTS},
	} {
		filled := kept
		if service.name == "iam" {
			filled = ofIAMDates
		}
		for _, d := range service.all {
			q := servicetest.Request{Target: service.target + "." + d.operation,
				Body: []byte(filled.Replace(d.body))}
			if service.target == "" {
				q = servicetest.Request{Service: service.name, Type: stsType, Body: []byte("Action=" +
					d.operation + "&Version=" + service.version + "&" + filled.Replace(d.body))}
			}
			if service.name == "sts" {
				q.As = alice
			}
			recordedAs(t, s, q, service.name+"."+d.operation, filled.Replace(d.record))
		}
	}
	for _, r := range s.Trail(t, mark) {
		if strings.Contains(r.Line, "canary") {
			t.Errorf("a value is in %s", r.Line)
		}
	}
}
