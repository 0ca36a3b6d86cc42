package servicetest_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// TestRows_MissingInTheDatabase_AreTheServicesFailure: a row that a signed one names, or that is
// only deleted together with others, and that is not there. The caller asked for nothing wrong and
// is told nothing of what is missing; the operator is.
func TestRows_MissingInTheDatabase_AreTheServicesFailure(t *testing.T) {
	s := servicetest.Start(t)
	c, m := s.KMS(), s.SecretsManager()
	var all []edited
	add := func(name, says, statement string, q servicetest.Request, args ...any) {
		all = append(all, edited{name, says, statement, args, q})
	}
	ask := func(target, format string, args ...any) servicetest.Request {
		return servicetest.Request{Target: target, Body: fmt.Appendf(nil, format, args...)}
	}
	read := func(name string) servicetest.Request {
		return ask("secretsmanager.GetSecretValue", `{"SecretId":%q}`, name)
	}

	rotated := createKey(t, c)
	old := encrypt(t, c, rotated.KeyId, "x", nil)
	material := decrypts(t, c, old, "x")
	must(c.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: rotated.KeyId}))(t)
	add("an older material", "has lost its material "+material,
		`DELETE FROM kms_materials WHERE id = ?1`, ask("TrentService.Decrypt",
			`{"CiphertextBlob":%q}`, base64.StdEncoding.EncodeToString(old)), material)

	bare := createKey(t, c)
	add("the one material", "has lost its material", `DELETE FROM kms_materials WHERE key_id = ?1`,
		ask("TrentService.Encrypt", `{"KeyId":%q,"Plaintext":"eA=="}`, *bare.KeyId), *bare.KeyId)

	const gone = "is gone from the database"
	named := createKey(t, c)
	createAlias(t, c, "alias/left", named.KeyId)
	add("a key", gone, `DELETE FROM kms_keys WHERE id = ?1`,
		ask("TrentService.DescribeKey", `{"KeyId":%q}`, *named.KeyId), *named.KeyId)
	all = append(all, edited{name: "a key by its alias", table: gone,
		q: ask("TrentService.DescribeKey", `{"KeyId":"alias/left"}`)})
	external := must(c.CreateKey(t.Context(), &kms.CreateKeyInput{Origin: "EXTERNAL"}))(t).KeyMetadata
	createAlias(t, c, "alias/empty", external.KeyId)
	add("a key without material, by its alias", gone, `DELETE FROM kms_keys WHERE id = ?1`,
		ask("TrentService.DescribeKey", `{"KeyId":"alias/empty"}`), *external.KeyId)

	secretUnder := func(name string) *string {
		k := createKey(t, c)
		must(m.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(name),
			KmsKeyId: k.KeyId, SecretString: aws.String("x")}))(t)
		return k.KeyId
	}
	add("a secret's key", gone, `DELETE FROM kms_keys WHERE id = ?1`, read("of-a-lost-key"),
		*secretUnder("of-a-lost-key"))
	add("a secret's data key", "has lost its epoch", `DELETE FROM kms_data_keys WHERE key_id = ?1`,
		read("of-a-lost-data-key"), *secretUnder("of-a-lost-data-key"))
	add("a secret's material", "has lost its material",
		`DELETE FROM kms_materials WHERE key_id = ?1`, read("of-a-lost-material"),
		*secretUnder("of-a-lost-material"))

	createSecret(t, m, "labelled", "x")
	put(t, m, "labelled", "y")
	add("a version with a label", "was removed outside the service",
		`DELETE FROM secret_versions WHERE name = 'labelled' AND id = (SELECT id FROM secret_versions
			WHERE name = 'labelled' ORDER BY created LIMIT 1)`,
		ask("secretsmanager.GetSecretValue", `{"SecretId":"labelled","VersionStage":"AWSPREVIOUS"}`))
	previous := must(m.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{
		SecretId: aws.String("labelled"), VersionStage: aws.String("AWSPREVIOUS")}))(t).VersionId
	for what, q := range map[string]servicetest.Request{
		"a version with another label than the one that is asked for": ask(
			"secretsmanager.GetSecretValue",
			`{"SecretId":"labelled","VersionId":%q,"VersionStage":"AWSCURRENT"}`, *previous),
		"a version that a label shall move to": ask("secretsmanager.UpdateSecretVersionStage",
			`{"SecretId":"labelled","VersionStage":"new","MoveToVersionId":%q}`, *previous),
	} {
		all = append(all, edited{name: what, table: "was removed outside the service", q: q})
	}

	s.Restart(t, nil) // with empty caches; rows that are edited before it wouldn't let it start
	db := database(t, s.Database)
	for _, e := range all {
		if e.statement != "" {
			edit(t, db, e)
		}
	}
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) { refusedInside(t, s, e) })
	}
	anew(t, s, m)
}

// anew has the data key of an epoch made again, because its row was lost: what the first one sealed
// is closed, and that is no caller's doing either.
func anew(t *testing.T, s *servicetest.Server, m *secretsmanager.Client) {
	t.Helper()
	put(t, m, "of-a-lost-data-key", "sealed since")
	a := s.Do(t, "secretsmanager.GetSecretValue",
		`{"SecretId":"of-a-lost-data-key","VersionStage":"AWSPREVIOUS"}`)
	if a.Status != 500 || a.Code() != "InternalServiceError" ||
		!strings.Contains(s.Log.String(), "has been lost or exchanged") {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	discreet(t, a)
	got := must(m.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("of-a-lost-data-key")}))(t)
	if *got.SecretString != "sealed since" {
		t.Errorf("the new value is %q", *got.SecretString)
	}
}
