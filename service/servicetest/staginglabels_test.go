package servicetest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/uuid"
)

// TestStagingLabel_Moved_StandsOnOneVersion: labels move as AWS documents it, and each stands on
// one version at most.
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
