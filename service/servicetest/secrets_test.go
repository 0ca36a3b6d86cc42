package servicetest_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/uuid"
)

// What Secrets Manager says, letter by letter.
const (
	absent   = "Secrets Manager can't find the specified secret."
	marked   = "You can't perform this operation on the secret because it was marked for deletion."
	reserved = "You can't create this secret because a secret with this name is already scheduled " +
		"for deletion."
	badName = "Invalid name. Must be a valid name containing alphanumeric characters, or any of " +
		"the following: -/_+=.@!"
)

func createSecret(t testing.TB, c *secretsmanager.Client,
	name, value string) *secretsmanager.CreateSecretOutput {
	t.Helper()
	return must(c.CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: &name, SecretString: &value}))(t)
}

func secretValue(t testing.TB, c *secretsmanager.Client, id string) string {
	t.Helper()
	return aws.ToString(must(c.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: &id}))(t).SecretString)
}

func put(t testing.TB, c *secretsmanager.Client, id, value string, labels ...string) string {
	t.Helper()
	return *must(c.PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: &id, SecretString: &value,
			VersionStages: labels}))(t).VersionId
}

// labels returns the labels of a secret, each with the number of its version in versions.
func labels(t testing.TB, c *secretsmanager.Client, id string, versions ...string) string {
	t.Helper()
	var all []string
	for version, stages := range must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: &id}))(t).VersionIdsToStages {
		for _, s := range stages {
			all = append(all, fmt.Sprintf("%s=%d", s, slices.Index(versions, version)))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestGetSecretValue_StoredSecret_ComesBackWhole(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	token := uuid.NewString()
	made := must(c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("prod/db/x"), ClientRequestToken: &token, Description: aws.String("d"),
		SecretString: aws.String("päss"), Tags: []types.Tag{
			{Key: aws.String("b"), Value: aws.String("1")}, {Key: aws.String("a"), Value: aws.String("")},
		}}))(t)
	prefix := "arn:aws:secretsmanager:" + servicetest.Region + ":" + servicetest.Account + ":secret:"
	suffixed := regexp.MustCompile("^" + prefix + "prod/db/x-[A-Za-z0-9]{6}$")
	if !suffixed.MatchString(*made.ARN) || *made.Name != "prod/db/x" || *made.VersionId != token {
		t.Errorf("CreateSecret answered %s, %s, %s", *made.ARN, *made.Name, *made.VersionId)
	}
	current := []string{"AWSCURRENT"}
	for _, id := range []string{"prod/db/x", *made.ARN, prefix + "prod/db/x"} {
		got := must(c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id}))(t)
		if *got.ARN != *made.ARN || *got.Name != "prod/db/x" || *got.VersionId != token ||
			*got.SecretString != "päss" || got.SecretBinary != nil ||
			!slices.Equal(got.VersionStages, current) || !about(*got.CreatedDate, s.Clock.Now()) {
			t.Errorf("GetSecretValue of %s answered %+v", id, got)
		}
		d := must(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &id}))(t)
		if *d.ARN != *made.ARN || *d.Name != "prod/db/x" || *d.Description != "d" ||
			d.KmsKeyId != nil || d.DeletedDate != nil || !d.CreatedDate.Equal(*got.CreatedDate) ||
			!about(*d.LastChangedDate, s.Clock.Now()) || aws.ToBool(d.RotationEnabled) ||
			d.RotationLambdaARN != nil ||
			fmt.Sprint(d.VersionIdsToStages) != "map["+token+":[AWSCURRENT]]" {
			t.Errorf("DescribeSecret of %s answered %+v", id, d)
		}
		if len(d.Tags) != 2 || *d.Tags[0].Key != "a" || *d.Tags[0].Value != "" ||
			*d.Tags[1].Key != "b" || *d.Tags[1].Value != "1" {
			t.Errorf("the tags of %s are %+v", id, d.Tags)
		}
	}
}

func TestGetSecretValue_AnyValue_ComesBackTheSame(t *testing.T) {
	c := servicetest.Start(t).SecretsManager()
	for _, value := range [][]byte{{0}, {0xFF, 0xFE, 0x00}, bytes.Repeat([]byte{0x80}, 65536)} {
		name := aws.String(fmt.Sprint("binary", len(value)))
		must(c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: name,
			SecretBinary: value}))(t)
		out := must(c.GetSecretValue(t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: name}))(t)
		if !bytes.Equal(out.SecretBinary, value) || out.SecretString != nil {
			t.Errorf("%d bytes came back as %d and a string %v", len(value), len(out.SecretBinary),
				out.SecretString)
		}
	}
	for i, value := range []string{" ", "\x00", `{"user":"x","password":"\"\\"}`,
		strings.Repeat("\x01", 65536), strings.Repeat("ü", 32768)} {
		name := fmt.Sprint("text", i)
		createSecret(t, c, name, value)
		if got := secretValue(t, c, name); got != value {
			t.Errorf("a string of %d bytes came back as one of %d", len(value), len(got))
		}
	}
}

// TestSecretID_EachForm_NamesTheSecretOrNothing: a name, a complete ARN and an ARN without its suffix name a secret;
// nothing else does.
func TestSecretID_EachForm_NamesTheSecretOrNothing(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	full := *createSecret(t, c, "app/one", "1").ARN
	hyphen := *createSecret(t, c, "app/one-abc123", "2").ARN
	for _, x := range []struct{ id, code, message string }{
		{"app/one", "", ""},
		{full, "", ""},
		{full[:len(full)-7], "", ""},
		{"app/one-abc123", "", ""},
		{hyphen, "", ""},
		// it is read as a complete ARN of app/one
		{hyphen[:len(hyphen)-7], "ResourceNotFoundException", absent},
		{full[strings.LastIndex(full, ":")+1:], "ResourceNotFoundException", absent},
		{full[:len(full)-6] + "AAAAAA", "ResourceNotFoundException", absent},
		{"app/two", "ResourceNotFoundException", absent},
		{"app/on", "ResourceNotFoundException", absent},
		{full[:strings.LastIndex(full, "/")], "ResourceNotFoundException", absent},
		{"APP/one", "ResourceNotFoundException", absent},
		{strings.Replace(full, servicetest.Region, servicetest.Abroad, 1), "ResourceNotFoundException",
			absent},
		{strings.Replace(full, servicetest.Account, "999988887777", 1), "AccessDeniedException", "*"},
		{"app one", "ValidationException", badName},
		{"arn:aws:secretsmanager:nonsense", "ValidationException", badName},
	} {
		t.Run(x.id, func(t *testing.T) {
			calls := map[string]error{
				"GetSecretValue": second(c.GetSecretValue(t.Context(),
					&secretsmanager.GetSecretValueInput{SecretId: &x.id})),
				"DescribeSecret": second(c.DescribeSecret(t.Context(),
					&secretsmanager.DescribeSecretInput{SecretId: &x.id})),
				"PutSecretValue": second(c.PutSecretValue(t.Context(),
					&secretsmanager.PutSecretValueInput{SecretId: &x.id, SecretString: aws.String("x")})),
				"UpdateSecret": second(c.UpdateSecret(t.Context(),
					&secretsmanager.UpdateSecretInput{SecretId: &x.id, Description: aws.String("x")})),
				"ListSecretVersionIds": second(c.ListSecretVersionIds(t.Context(),
					&secretsmanager.ListSecretVersionIdsInput{SecretId: &x.id})),
				"TagResource": second(c.TagResource(t.Context(),
					&secretsmanager.TagResourceInput{SecretId: &x.id,
						Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})),
				"UntagResource": second(c.UntagResource(t.Context(),
					&secretsmanager.UntagResourceInput{SecretId: &x.id, TagKeys: []string{"a"}})),
				"DeleteSecret": second(c.DeleteSecret(t.Context(),
					&secretsmanager.DeleteSecretInput{SecretId: &x.id})),
				"RestoreSecret": second(c.RestoreSecret(t.Context(),
					&secretsmanager.RestoreSecretInput{SecretId: &x.id})),
			}
			for name, err := range calls {
				if x.code != "" {
					refused(t, err, x.code, x.message)
				} else if err != nil && name != "RestoreSecret" && name != "DeleteSecret" {
					t.Errorf("%s: %v", name, err)
				}
			}
			if x.code == "" { // a map is in no order: whether it was restored last is left to chance
				must(c.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &x.id}))(t)
			}
		})
	}
}

func TestCreateSecret_WrongInput_IsRefusedByName(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	createSecret(t, c, "there", "1")
	must(c.DeleteSecret(t.Context(),
		&secretsmanager.DeleteSecretInput{SecretId: aws.String(*createSecret(t, c, "going", "1").ARN)}))(
		t)
	for _, x := range []struct {
		name          string
		in            secretsmanager.CreateSecretInput
		code, message string
	}{
		{"the name is there", secretsmanager.CreateSecretInput{Name: aws.String("there"),
			SecretString: aws.String(
				"2")}, "ResourceExistsException",
			"The operation failed because the secret there already exists."},
		{"the name is going", secretsmanager.CreateSecretInput{Name: aws.String("going")},
			"InvalidRequestException", reserved},
		{"a blank in the name", secretsmanager.CreateSecretInput{Name: aws.String("a b")},
			"ValidationException", badName},
		{"a name without ASCII", secretsmanager.CreateSecretInput{Name: aws.String("ä")},
			"ValidationException", badName},
		{"an empty name", secretsmanager.CreateSecretInput{Name: aws.String("")}, "ValidationException",
			"*"},
		{"a long name", secretsmanager.CreateSecretInput{Name: aws.String(strings.Repeat("n", 513))},
			"ValidationException", "*"},
		{"two values", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			SecretString: aws.String("1"), SecretBinary: []byte("1")}, "InvalidParameterException", "*"},
		{"a long value", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			SecretString: aws.String(strings.Repeat("v", 65537))}, "ValidationException",
			"1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member " +
				"must have length less than or equal to 65536"},
		{"a value of too many bytes",
			secretsmanager.CreateSecretInput{Name: aws.String("n"),
				SecretString: aws.String(strings.Repeat("ü", 32769))}, "InvalidParameterException", "*"},
		{"an empty value", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			SecretString: aws.String("")}, "ValidationException", "*"},
		{"a short token", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			ClientRequestToken: aws.String("short")}, "ValidationException", "*"},
		{"twin tags", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")},
				{Key: aws.String("a"), Value: aws.String("")}}}, "InvalidParameterException", "*"},
		{"a reserved tag", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			Tags: []types.Tag{{Key: aws.String("Aws:a"),
				Value: aws.String("")}}}, "InvalidParameterException", "*"},
		{"replicas", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String(
				servicetest.Abroad)}}}, "InvalidParameterException", "*"},
		{"no such key", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			SecretString: aws.String("1"), KmsKeyId: aws.String(noKey)}, "EncryptionFailure", "*"},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := c.CreateSecret(t.Context(), &x.in)
			refused(t, err, x.code, x.message)
		})
	}
	a := s.Do(t, "secretsmanager.CreateSecret", `{"Name":"n","SecretString":"1"}`)
	if a.Code() != "InvalidRequestException" ||
		a.Message() != "You must provide a ClientRequestToken value. We recommend a UUID-type value." {
		t.Errorf("without a token: %d %s", a.Status, a.Body)
	}
	if got := names(t, c, nil); len(got) != 1 {
		t.Errorf("after refusals there are %v", got)
	}
}

// TestClientRequestToken_Repeated_IsDoneOnce: a request that is repeated with its token is done once; the token with another
// value is refused.
func TestClientRequestToken_Repeated_IsDoneOnce(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	token := aws.String(uuid.NewString())
	create := func(token *string, value string) (*secretsmanager.CreateSecretOutput, error) {
		return c.CreateSecret(t.Context(),
			&secretsmanager.CreateSecretInput{Name: aws.String("n"), ClientRequestToken: token,
				SecretString: &value})
	}
	first := must(create(token, "1"))(t)
	again := must(create(token, "1"))(t)
	if *again.ARN != *first.ARN || *again.VersionId != *first.VersionId {
		t.Errorf("repeated: %s %s, at first: %s %s", *again.ARN, *again.VersionId, *first.ARN,
			*first.VersionId)
	}
	_, err := create(token, "2")
	refused(t, err, "ResourceExistsException", "*")
	_, err = create(nil, "1")
	refused(t, err, "ResourceExistsException", "*")

	change := func(token *string, value string) (*secretsmanager.PutSecretValueOutput, error) {
		return c.PutSecretValue(t.Context(),
			&secretsmanager.PutSecretValueInput{SecretId: aws.String("n"), ClientRequestToken: token,
				SecretString: &value})
	}
	two, three := aws.String(uuid.NewString()), aws.String(uuid.NewString())
	must(change(two, "2"))(t)
	must(change(three, "3"))(t)
	late := must(change(two, "2"))(t)
	if !slices.Equal(late.VersionStages, []string{"AWSPREVIOUS"}) || secretValue(t, c, "n") != "3" {
		t.Errorf("a late repetition answered %v and made %q current", late.VersionStages,
			secretValue(t, c, "n"))
	}
	_, err = change(two, "other")
	refused(t, err, "ResourceExistsException", "You can't use ClientRequestToken "+*two+
		" because that value is already in use for a version of secret "+*first.ARN+".")
	_, err = c.UpdateSecret(t.Context(),
		&secretsmanager.UpdateSecretInput{SecretId: aws.String("n"), ClientRequestToken: two,
			SecretString: aws.String("other")})
	refused(t, err, "ResourceExistsException", "*")
	_, err = c.PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: aws.String("n"), ClientRequestToken: two,
			SecretBinary: []byte("2")})
	refused(t, err, "ResourceExistsException", "*")
	if got := labels(t, c, "n", *token, *two, *three); got != "AWSCURRENT=2 AWSPREVIOUS=1" {
		t.Error(got)
	}
}

// TestStagingLabel_Moved_StandsOnOneVersion: labels move as AWS documents it, and each stands on one version at most.
func TestStagingLabel_Moved_StandsOnOneVersion(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	must(c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("n")}))(t)
	_, err := c.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("n")})
	refused(t, err, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")

	var v []string
	want := func(after, want string) {
		t.Helper()
		if got := labels(t, c, "n", v...); got != want {
			t.Errorf("%s: %s, want %s", after, got, want)
		}
	}
	v = append(v, put(t, c, "n", "v0", "MINE"))
	want("the first version is current whatever it was made for", "AWSCURRENT=0 MINE=0")
	v = append(v, put(t, c, "n", "v1"))
	want("a new value", "AWSCURRENT=1 AWSPREVIOUS=0 MINE=0")
	v = append(v, put(t, c, "n", "v2", "AWSPENDING"))
	want("a pending value", "AWSCURRENT=1 AWSPENDING=2 AWSPREVIOUS=0 MINE=0")
	v = append(v, put(t, c, "n", "v3", "MINE", "AWSCURRENT"))
	want("two labels", "AWSCURRENT=3 AWSPENDING=2 AWSPREVIOUS=1 MINE=3")

	move := func(label string, from, to int) error {
		in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String("n"),
			VersionStage: &label}
		if from >= 0 {
			in.RemoveFromVersionId = &v[from]
		}
		if to >= 0 {
			in.MoveToVersionId = &v[to]
		}
		return second(c.UpdateSecretVersionStage(t.Context(), in))
	}
	for name, err := range map[string]error{
		"without the holder":          move("AWSCURRENT", -1, 2),
		"from where it is not":        move("AWSCURRENT", 2, 1),
		"removing AWSCURRENT":         move("AWSCURRENT", 3, -1),
		"from nowhere to nowhere":     move("AWSCURRENT", -1, -1),
		"removing where nothing is":   move("OTHER", 1, -1),
		"a held label of the user's ": move("MINE", -1, 0),
	} {
		t.Run(name, func(t *testing.T) { refused(t, err, "InvalidParameterException", "*") })
	}
	want("after refusals", "AWSCURRENT=3 AWSPENDING=2 AWSPREVIOUS=1 MINE=3")
	accepted(t, move("AWSCURRENT", 3, 2))
	want("the rotation is finished", "AWSCURRENT=2 AWSPENDING=2 AWSPREVIOUS=3 MINE=3")
	accepted(t, move("AWSPENDING", 2, -1))
	accepted(t, move("NEW", -1, 0))
	accepted(t, move("MINE", 3, 1))
	want("moved", "AWSCURRENT=2 AWSPREVIOUS=3 MINE=1 NEW=0")
	_, err = c.UpdateSecretVersionStage(t.Context(),
		&secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String("n"),
			VersionStage: aws.String("X"), MoveToVersionId: aws.String(uuid.NewString())})
	refused(t, err, "ResourceNotFoundException", "*")

	read := func(id, stage *string) (*secretsmanager.GetSecretValueOutput, error) {
		return c.GetSecretValue(t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: aws.String("n"), VersionId: id,
				VersionStage: stage})
	}
	for label, value := range map[string]string{"AWSCURRENT": "v2", "AWSPREVIOUS": "v3", "MINE": "v1",
		"NEW": "v0"} {
		if got := *must(read(nil, &label))(t).SecretString; got != value {
			t.Errorf("%s is %s, want %s", label, got, value)
		}
	}
	for i := range v {
		if got := *must(read(&v[i], nil))(t).SecretString; got != fmt.Sprint("v", i) {
			t.Errorf("version %d is %s", i, got)
		}
	}
	must(read(&v[2], aws.String("AWSCURRENT")))(t)
	unknown := uuid.NewString()
	for _, x := range []struct {
		name          string
		id, stage     *string
		code, message string
	}{
		{"a label of another version", &v[0], aws.String("AWSCURRENT"), "InvalidRequestException",
			"You provided a VersionStage that is not associated to the provided VersionId."},
		{"an unknown label", nil, aws.String("NONE"), "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: NONE"},
		{"an unknown version", &unknown, nil, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for VersionId: " + unknown},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := read(x.id, x.stage)
			refused(t, err, x.code, x.message)
		})
	}

	many := make([]string, 20)
	for i := range many {
		many[i] = fmt.Sprint("L", i)
	}
	createSecret(t, c, "labels", "1")
	_, err = c.PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: aws.String("labels"), SecretString: aws.String("2"),
			VersionStages: many})
	refused(t, err, "LimitExceededException", "*")
	put(t, c, "labels", "2", many[:19]...)
	if secretValue(t, c, "labels") != "1" {
		t.Error("other labels took AWSCURRENT along")
	}
}

func TestUpdateSecret_EachMember_ChangesThatOnly(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	made := createSecret(t, c, "n", "1")
	update := func(in secretsmanager.UpdateSecretInput) (*secretsmanager.UpdateSecretOutput, error) {
		in.SecretId = aws.String("n")
		return c.UpdateSecret(t.Context(), &in)
	}
	out := must(update(secretsmanager.UpdateSecretInput{Description: aws.String("new")}))(t)
	if out.VersionId != nil || *out.ARN != *made.ARN || *out.Name != "n" {
		t.Errorf("UpdateSecret of a description answered version %s", aws.ToString(out.VersionId))
	}
	out = must(update(secretsmanager.UpdateSecretInput{SecretBinary: []byte("2")}))(t)
	if got := labels(t, c, "n", *made.VersionId, *out.VersionId); got != "AWSCURRENT=1 AWSPREVIOUS=0" {
		t.Error(got)
	}
	d := must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: aws.String("n")}))(t)
	if *d.Description != "new" {
		t.Errorf("description %q", *d.Description)
	}
	must(update(secretsmanager.UpdateSecretInput{Description: aws.String("")}))(t)

	key := createKey(t, s.KMS())
	must(update(secretsmanager.UpdateSecretInput{KmsKeyId: key.Arn}))(t)
	d = must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: aws.String("n")}))(t)
	if aws.ToString(d.KmsKeyId) != *key.Arn || aws.ToString(d.Description) != "" {
		t.Errorf("key %s, description %q", aws.ToString(d.KmsKeyId), aws.ToString(d.Description))
	}
	must(s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	_, err := c.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("n")})
	refused(t, err, "DecryptionFailure",
		"Secrets Manager can't decrypt the protected secret text using the provided KMS key.")
	_, err = c.PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: aws.String("n"), SecretString: aws.String("3")})
	refused(t, err, "EncryptionFailure",
		"Secrets Manager can't encrypt the protected secret text using the provided KMS key.")
	must(s.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
	must(update(secretsmanager.UpdateSecretInput{KmsKeyId: aws.String("")}))(t)
	must(s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	if got := must(c.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("n")}))(t); string(
		got.SecretBinary) != "2" {
		t.Errorf("under the managed key again: %q", got.SecretBinary)
	}
	_, err = update(secretsmanager.UpdateSecretInput{SecretBinary: []byte("2"),
		SecretString: aws.String("2")})
	refused(t, err, "InvalidParameterException", "*")
}

// TestGetSecretValue_UnderAKey_RecordsItsUse: reading a secret is recorded as a use of its key by the same caller, and the
// key that the service manages can be used through the service only.
func TestGetSecretValue_UnderAKey_RecordsItsUse(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	made := createSecret(t, c, "n", "1")
	m := s.Mark(t)
	secretValue(t, c, "n")
	var names []string
	for _, r := range s.Trail(t, m) {
		names = append(names, r.EventSource+" "+r.EventName+" "+r.UserIdentity.ARN+" "+
			r.UserIdentity.InvokedBy)
		if r.EventName == "Decrypt" &&
			(!strings.Contains(string(r.RequestParameters), *made.ARN) ||
				!strings.Contains(string(r.RequestParameters), *made.VersionId)) {
			t.Errorf("the record of the key's use lacks its context: %s", r.Line)
		}
	}
	slices.Sort(names)
	want := []string{"kms.amazonaws.com Decrypt " + servicetest.RootARN +
		" secretsmanager.amazonaws.com", "secretsmanager.amazonaws.com GetSecretValue " +
		servicetest.RootARN + " "}
	if !slices.Equal(names, want) {
		t.Errorf("one read left %q, want %q", names, want)
	}

	alias := aws.String("alias/aws/secretsmanager")
	key := describe(t, s.KMS(), alias)
	if key.KeyManager != "AWS" || key.KeyState != "Enabled" {
		t.Errorf("the service's key is managed by %s and %s", key.KeyManager, key.KeyState)
	}
	for name, err := range map[string]error{
		"Encrypt": second(s.KMS().Encrypt(t.Context(),
			&kms.EncryptInput{KeyId: alias, Plaintext: []byte("x")})),
		"GenerateDataKey": second(s.KMS().GenerateDataKey(t.Context(),
			&kms.GenerateDataKeyInput{KeyId: key.KeyId, KeySpec: "AES_256"})),
		"DisableKey": second(s.KMS().DisableKey(t.Context(),
			&kms.DisableKeyInput{KeyId: key.KeyId})),
		"ScheduleKeyDeletion": second(s.KMS().ScheduleKeyDeletion(t.Context(),
			&kms.ScheduleKeyDeletionInput{KeyId: key.KeyId})),
		"CreateAlias": second(s.KMS().CreateAlias(t.Context(),
			&kms.CreateAliasInput{AliasName: aws.String("alias/mine"), TargetKeyId: key.KeyId})),
	} {
		t.Run(name, func(t *testing.T) { refused(t, err, "AccessDeniedException", "*") })
	}
	if secretValue(t, c, "n") != "1" {
		t.Error("the secret can't be read any more")
	}
}

// TestDeleteSecret_WindowOver_FreesTheName: a secret can be taken back until the last moment, and after that its name is
// free.
func TestDeleteSecret_WindowOver_FreesTheName(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	day := 24 * time.Hour
	del := func(in secretsmanager.DeleteSecretInput) (*secretsmanager.DeleteSecretOutput, error) {
		return c.DeleteSecret(t.Context(), &in)
	}
	saved, lost := createSecret(t, c, "saved", "1"), createSecret(t, c, "lost", "1")
	for _, in := range []secretsmanager.DeleteSecretInput{
		{SecretId: saved.ARN, RecoveryWindowInDays: aws.Int64(6)}, {SecretId: saved.ARN,
			RecoveryWindowInDays: aws.Int64(31)}, {SecretId: saved.ARN, RecoveryWindowInDays: aws.Int64(
			-1 << 40)},
		{SecretId: saved.ARN, RecoveryWindowInDays: aws.Int64(7),
			ForceDeleteWithoutRecovery: aws.Bool(true)},
	} {
		_, err := del(in)
		refused(t, err, "InvalidParameterException", "*")
	}
	out := must(del(secretsmanager.DeleteSecretInput{SecretId: saved.ARN}))(t)
	if *out.ARN != *saved.ARN || *out.Name != "saved" ||
		!about(*out.DeletionDate, s.Clock.Now().Add(30*day)) {
		t.Errorf("DeleteSecret answered %s, %s, %v", *out.ARN, *out.Name, *out.DeletionDate)
	}
	must(del(secretsmanager.DeleteSecretInput{SecretId: lost.ARN,
		RecoveryWindowInDays: aws.Int64(7)}))(t)
	for name, call := range map[string]func(context.Context, *string) error{
		"GetSecretValue": func(ctx context.Context, id *string) error {
			return second(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id}))
		},
		"PutSecretValue": func(ctx context.Context, id *string) error {
			return second(c.PutSecretValue(ctx,
				&secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String("2")}))
		},
		"UpdateSecret": func(ctx context.Context, id *string) error {
			return second(c.UpdateSecret(ctx,
				&secretsmanager.UpdateSecretInput{SecretId: id, Description: aws.String("2")}))
		},
		"TagResource": func(ctx context.Context, id *string) error {
			return second(c.TagResource(ctx,
				&secretsmanager.TagResourceInput{SecretId: id,
					Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
		},
		"UntagResource": func(ctx context.Context, id *string) error {
			return second(c.UntagResource(ctx,
				&secretsmanager.UntagResourceInput{SecretId: id, TagKeys: []string{"a"}}))
		},
		"UpdateSecretVersionStage": func(ctx context.Context, id *string) error {
			return second(c.UpdateSecretVersionStage(ctx,
				&secretsmanager.UpdateSecretVersionStageInput{SecretId: id, VersionStage: aws.String("X"),
					MoveToVersionId: lost.VersionId}))
		},
		"DeleteSecret": func(ctx context.Context, id *string) error {
			return second(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, call(t.Context(), lost.ARN),
				"InvalidRequestException", marked)
		})
	}
	d := must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: lost.ARN}))(t)
	if d.DeletedDate == nil || len(d.VersionIdsToStages) != 1 {
		t.Errorf("while it waits it is described as %+v", d)
	}
	if got := names(t, c, nil); len(got) != 0 {
		t.Errorf("listed without being asked for: %v", got)
	}
	if got := names(t, c, &secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true)}); !slices.Equal(got, []string{"saved", "lost"}) {
		t.Errorf("listed when asked for: %v", got)
	}

	s.Clock.Advance(7*day - time.Minute)
	s.RunDueJobs(t)
	back := must(c.RestoreSecret(t.Context(),
		&secretsmanager.RestoreSecretInput{SecretId: aws.String("saved")}))(t)
	if *back.ARN != *saved.ARN || secretValue(t, c, "saved") != "1" {
		t.Error("the secret was not restored")
	}
	must(c.RestoreSecret(t.Context(),
		&secretsmanager.RestoreSecretInput{SecretId: aws.String("saved")}))(t)
	must(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: lost.ARN}))(t)
	s.Clock.Advance(2 * time.Minute)
	eventually(t, "the secret is gone", func() bool {
		s.RunDueJobs(t)
		_, err := c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: lost.ARN})
		return err != nil
	})
	again := createSecret(t, c, "lost", "2")
	if *again.ARN == *lost.ARN {
		t.Error("the new secret has the ARN of the old one")
	}
	_, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: lost.ARN})
	refused(t, err, "ResourceNotFoundException", absent)

	force := aws.Bool(true)
	gone := must(del(secretsmanager.DeleteSecretInput{SecretId: aws.String("lost"),
		ForceDeleteWithoutRecovery: force}))(t)
	if *gone.ARN != *again.ARN || !about(*gone.DeletionDate, s.Clock.Now()) {
		t.Errorf("forced: %s, %v", *gone.ARN, *gone.DeletionDate)
	}
	_, err = c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: aws.String("lost")})
	refused(t, err, "ResourceNotFoundException", absent)
	must(del(secretsmanager.DeleteSecretInput{SecretId: aws.String("lost"),
		ForceDeleteWithoutRecovery: force}))(t)
	_, err = del(secretsmanager.DeleteSecretInput{SecretId: aws.String("lost")})
	refused(t, err, "ResourceNotFoundException", absent)

	must(del(secretsmanager.DeleteSecretInput{SecretId: aws.String("saved")}))(t)
	must(del(secretsmanager.DeleteSecretInput{SecretId: aws.String("saved"),
		ForceDeleteWithoutRecovery: force}))(t)
	createSecret(t, c, "saved", "3")
	s.Clock.Advance(60 * day)
	s.RunDueJobs(t)
	if secretValue(t, c, "saved") != "3" {
		t.Error("the job of a forced deletion took its successor")
	}
}

// names returns the names of a listing in its order.
func names(t testing.TB, c *secretsmanager.Client,
	in *secretsmanager.ListSecretsInput) (out []string) {
	t.Helper()
	if in == nil {
		in = &secretsmanager.ListSecretsInput{}
	}
	for p := secretsmanager.NewListSecretsPaginator(c, in); p.HasMorePages(); {
		page := must(p.NextPage(t.Context()))(t)
		if in.MaxResults != nil && len(page.SecretList) > int(*in.MaxResults) {
			t.Errorf("a page of %d secrets where %d are the most", len(page.SecretList), *in.MaxResults)
		}
		for _, e := range page.SecretList {
			out = append(out, *e.Name)
		}
	}
	return out
}

func TestListSecrets_EachFilter_FindsThoseOnly(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	for _, name := range []string{"a/1", "a/2", "B/1", "b/2", "c"} {
		s.Clock.Advance(time.Second)
		must(c.CreateSecret(t.Context(),
			&secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("x"),
				Description: aws.String("Secret of " + name),
				Tags:        []types.Tag{{Key: aws.String("Team" + name[:1]), Value: aws.String("Red")}}}))(t)
	}
	s.Clock.Advance(time.Second)
	must(c.UpdateSecret(t.Context(),
		&secretsmanager.UpdateSecretInput{SecretId: aws.String("a/1"),
			Description: aws.String("Changed")}))(t)
	type filter = types.Filter
	by := func(key string, values ...string) []filter {
		return []filter{{Key: types.FilterNameStringType(key), Values: values}}
	}
	for _, x := range []struct {
		name string
		in   secretsmanager.ListSecretsInput
		want string
	}{
		{"all", secretsmanager.ListSecretsInput{}, "a/1 a/2 B/1 b/2 c"},
		{"backwards", secretsmanager.ListSecretsInput{SortOrder: "desc"}, "c b/2 B/1 a/2 a/1"},
		{"by name", secretsmanager.ListSecretsInput{SortBy: "name"}, "B/1 a/1 a/2 b/2 c"},
		{"by change", secretsmanager.ListSecretsInput{SortBy: "last-changed-date"}, "a/2 B/1 b/2 c a/1"},
		{"by change, backwards",
			secretsmanager.ListSecretsInput{SortBy: "last-changed-date",
				SortOrder: "desc"}, "a/1 c b/2 B/1 a/2"},
		{"name", secretsmanager.ListSecretsInput{Filters: by("name", "a/")}, "a/1 a/2"},
		{"name, case", secretsmanager.ListSecretsInput{Filters: by("name", "b")}, "b/2"},
		{"two names", secretsmanager.ListSecretsInput{Filters: by("name", "a/1", "c")}, "a/1 c"},
		{"not a name", secretsmanager.ListSecretsInput{Filters: by("name", "!a/")}, "B/1 b/2 c"},
		{"description, any case",
			secretsmanager.ListSecretsInput{Filters: by("description", "secret of B")}, "B/1 b/2"},
		{"tag key", secretsmanager.ListSecretsInput{Filters: by("tag-key", "Teama")}, "a/1 a/2"},
		{"tag value", secretsmanager.ListSecretsInput{Filters: by("tag-value", "Red")},
			"a/1 a/2 B/1 b/2 c"},
		{"tag value, case", secretsmanager.ListSecretsInput{Filters: by("tag-value", "red")}, ""},
		{"all attributes", secretsmanager.ListSecretsInput{Filters: by("all", "changed")}, "a/1"},
		{"two filters", secretsmanager.ListSecretsInput{Filters: append(by("name", "a/"),
			by("description", "changed")...)}, "a/1"},
	} {
		t.Run(x.name, func(t *testing.T) {
			for _, size := range []*int32{nil, aws.Int32(1), aws.Int32(2), aws.Int32(5)} {
				x.in.MaxResults = size
				if got := strings.Join(names(t, c, &x.in), " "); got != x.want {
					t.Errorf("in pages of %d: %q, want %q", aws.ToInt32(size), got, x.want)
				}
			}
		})
	}
	token := must(c.ListSecrets(t.Context(),
		&secretsmanager.ListSecretsInput{MaxResults: aws.Int32(1)}))(t).NextToken
	for name, in := range map[string]*secretsmanager.ListSecretsInput{
		"another filter": {NextToken: token, Filters: by("name", "a")},
		"another order":  {NextToken: token, SortOrder: "desc"},
		"made up":        {NextToken: aws.String("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
	} {
		t.Run("a token for "+name, func(t *testing.T) {
			_, err := c.ListSecrets(t.Context(), in)
			refused(t, err, "InvalidNextTokenException", "*")
		})
	}
	_, err := c.ListSecrets(t.Context(),
		&secretsmanager.ListSecretsInput{Filters: []filter{{Key: "name"}}})
	refused(t, err, "InvalidParameterException", "*")
}

func TestListSecretVersionIds_OldVersions_AreListed(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	v := []string{*createSecret(t, c, "n", "0").VersionId}
	for i := range 6 {
		s.Clock.Advance(time.Second)
		v = append(v, put(t, c, "n", fmt.Sprint(i+1)))
	}
	slices.Reverse(v) // the newest comes first
	for _, size := range []*int32{nil, aws.Int32(1), aws.Int32(3), aws.Int32(7)} {
		for deprecated, want := range map[bool][]string{true: v, false: v[:2]} {
			var got []string
			p := secretsmanager.NewListSecretVersionIdsPaginator(c,
				&secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String("n"), MaxResults: size,
					IncludeDeprecated: aws.Bool(deprecated)})
			for p.HasMorePages() {
				page := must(p.NextPage(t.Context()))(t)
				if *page.Name != "n" || page.ARN == nil {
					t.Errorf("a page of %s", aws.ToString(page.Name))
				}
				for _, e := range page.Versions {
					got = append(got, *e.VersionId)
					if e.CreatedDate == nil || len(e.KmsKeyIds) != 1 || e.KmsKeyIds[0] != "DefaultEncryptionKey" {
						t.Errorf("version %+v", e)
					}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("pages of %d, deprecated %v: %v, want %v", aws.ToInt32(size), deprecated, got, want)
			}
		}
	}
	for i, id := range v { // versions without a label are there until they are pruned
		if got := *must(c.GetSecretValue(t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: aws.String("n"),
				VersionId: &id}))(t).SecretString; got != fmt.Sprint(6-i) {
			t.Errorf("version %d is %s", 6-i, got)
		}
	}
}

func TestBatchGetSecretValue_ListOrFilter_AnswersEach(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	for _, name := range []string{"a1", "a2", "a3", "b1"} {
		createSecret(t, c, name, "value of "+name)
	}
	must(c.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("b1")}))(t)
	out := must(c.BatchGetSecretValue(t.Context(),
		&secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a2", "none", "b1", "a1"}}))(t)
	var values, errs []string
	for _, v := range out.SecretValues {
		values = append(values, *v.Name+": "+*v.SecretString)
	}
	for _, e := range out.Errors {
		errs = append(errs, *e.SecretId+": "+*e.ErrorCode+": "+*e.Message)
	}
	if !slices.Equal(values, []string{"a2: value of a2", "a1: value of a1"}) ||
		!slices.Equal(errs, []string{"none: ResourceNotFoundException: " + absent,
			"b1: InvalidRequestException: " + marked}) {
		t.Errorf("a list answered %q and the errors %q", values, errs)
	}
	var got []string
	p := secretsmanager.NewBatchGetSecretValuePaginator(c,
		&secretsmanager.BatchGetSecretValueInput{Filters: []types.Filter{{Key: "name",
			Values: []string{"a"}}}, MaxResults: aws.Int32(2)})
	for p.HasMorePages() {
		page := must(p.NextPage(t.Context()))(t)
		if len(page.SecretValues) > 2 || len(page.Errors) > 0 {
			t.Errorf("a page of %d values, errors %v", len(page.SecretValues), page.Errors)
		}
		for _, v := range page.SecretValues {
			got = append(got, *v.SecretString)
		}
	}
	if !slices.Equal(got, []string{"value of a1", "value of a2", "value of a3"}) {
		t.Errorf("a filter answered %v", got)
	}
	for name, in := range map[string]*secretsmanager.BatchGetSecretValueInput{
		"neither": {},
		"both": {SecretIdList: []string{"a1"},
			Filters: []types.Filter{{Key: "name", Values: []string{"a"}}}},
		"a page of a list": {SecretIdList: []string{"a1"}, MaxResults: aws.Int32(1)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.BatchGetSecretValue(t.Context(), in)
			refused(t, err, "InvalidParameterException", "*")
		})
	}
	m := s.Mark(t)
	_, err := s.SecretsManager(s.AsNobody()).BatchGetSecretValue(t.Context(),
		&secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a1"}})
	refused(t, err, "AccessDeniedException", "*")
	if n := len(s.Trail(t, m)); n != 1 {
		t.Errorf("a batch that was refused left %d records", n)
	}
}

func TestGetRandomPassword_EachRequirement_IsMet(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	yes, no := aws.Bool(true), aws.Bool(false)
	get := func(in secretsmanager.GetRandomPasswordInput) (string, error) {
		out, err := c.GetRandomPassword(t.Context(), &in)
		if err != nil {
			return "", err
		}
		return *out.RandomPassword, nil
	}
	const lower, upper, digits, marks = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	for _, x := range []struct {
		name  string
		in    secretsmanager.GetRandomPasswordInput
		size  int
		types []string // each must be there, and nothing else
	}{
		{"usual", secretsmanager.GetRandomPasswordInput{}, 32, []string{lower, upper, digits, marks}},
		{"shortest", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(4)}, 4,
			[]string{lower, upper, digits, marks}},
		{"with a space", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(5),
			IncludeSpace: yes}, 5, []string{lower, upper, digits, marks, " "}},
		{"numbers", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(1),
			ExcludeLowercase: yes, ExcludeUppercase: yes, ExcludePunctuation: yes}, 1, []string{digits}},
		{"without some", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(4096),
			ExcludeCharacters: aws.String("a\"'\\"), ExcludeUppercase: yes}, 4096,
			[]string{lower[1:], digits, strings.NewReplacer("\"", "", "'", "", "\\", "").Replace(marks)}},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := must(get(x.in))(t)
			if len(p) != x.size || strings.Trim(p, strings.Join(x.types, "")) != "" {
				t.Errorf("%d characters, %q", len(p), p)
			}
			for _, some := range x.types {
				if !strings.ContainsAny(p, some) {
					t.Errorf("%q has none of %q", p, some)
				}
			}
		})
	}
	for name, in := range map[string]secretsmanager.GetRandomPasswordInput{
		"too short for its types": {PasswordLength: aws.Int64(3)},
		"nothing left": {ExcludeLowercase: yes, ExcludeUppercase: yes, ExcludePunctuation: yes,
			ExcludeNumbers: yes, RequireEachIncludedType: no},
		"one type all excluded": {ExcludeCharacters: aws.String(digits)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(in)
			refused(t, err, "InvalidParameterException", "*")
		})
	}
}

func TestTagResource_TagsOfASecret_AreDescribed(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	createSecret(t, c, "n", "1")
	of := func(n int) (out []types.Tag) {
		for _, t := range tags(n) {
			out = append(out, types.Tag{Key: t.TagKey, Value: t.TagValue})
		}
		return out
	}
	tagged := func(some []types.Tag) error {
		return second(c.TagResource(t.Context(),
			&secretsmanager.TagResourceInput{SecretId: aws.String("n"), Tags: some}))
	}
	accepted(t, tagged(of(49)))
	accepted(t, tagged([]types.Tag{{Key: aws.String("TAG00"), Value: aws.String("another key")}}))
	refused(t, tagged([]types.Tag{{Key: aws.String("one more"), Value: aws.String("")}}),
		"InvalidParameterException", "*")
	refused(t, tagged([]types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}),
		"InvalidParameterException", "*")
	must(c.UntagResource(t.Context(),
		&secretsmanager.UntagResourceInput{SecretId: aws.String("n"),
			TagKeys: []string{"tag00", "never there"}}))(t)
	got := must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: aws.String("n")}))(t).Tags
	if len(got) != 49 || *got[0].Key != "TAG00" || *got[1].Key != "tag01" {
		t.Errorf("%d tags: %s, %s ...", len(got), *got[0].Key, *got[1].Key)
	}
}
