package servicetest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// TestDeleteSecret_WindowOver_FreesTheName: a secret can be taken back until the last moment, and
// after that its name is free.
func TestDeleteSecret_WindowOver_FreesTheName(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	day := 24 * time.Hour
	del := func(in secretsmanager.DeleteSecretInput) (*secretsmanager.DeleteSecretOutput, error) {
		return c.DeleteSecret(t.Context(), &in)
	}
	saved, lost := createSecret(t, c, "saved", "1"), createSecret(t, c, "lost", "1")
	for _, in := range []secretsmanager.DeleteSecretInput{
		{SecretId: saved.ARN, RecoveryWindowInDays: aws.Int64(6)},
		{SecretId: saved.ARN, RecoveryWindowInDays: aws.Int64(31)},
		{SecretId: saved.ARN, RecoveryWindowInDays: aws.Int64(-1 << 40)},
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
			refused(t, call(t.Context(), lost.ARN), "InvalidRequestException", marked)
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
	got := names(t, c, &secretsmanager.ListSecretsInput{IncludePlannedDeletion: aws.Bool(true)})
	if !slices.Equal(got, []string{"saved", "lost"}) {
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
