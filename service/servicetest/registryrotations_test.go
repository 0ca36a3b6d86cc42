package servicetest_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// stageRotations makes a secret that can be rotated, and one that was, where a request needs them.
func stageRotations(t testing.TB, s *servicetest.Server, request, unique string) (there,
	absent []string) {
	t.Helper()
	for _, word := range []string{"CREDENTIALS", "ROTATED"} {
		if !strings.Contains(request, word) {
			continue
		}
		name := strings.ToLower(word[1:2]) + "-" + unique
		c := s.SecretsManager()
		createSecret(t, c, name, `{"username":"`+name+`","password":"first"}`)
		if word == "ROTATED" {
			must(c.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &name,
				RotationLambdaARN: aws.String(servicetest.VaultARN)}))(t)
		}
		there, absent = append(there, word, name), append(absent, word, "absent")
	}
	return there, absent
}

// awaitRotations waits until no secret is being rotated.
func awaitRotations(t testing.TB, db *sql.DB) {
	t.Helper()
	soon := time.Now().Add(time.Hour).UnixMicro()
	eventually(t, "every rotation is complete", func() bool {
		return len(column(t, db, `SELECT subject FROM jobs WHERE kind = 'secretsmanager:RotateSecret'
			AND (expires > 0 OR due < $1)`, soon)) == 0
	})
}
