package servicetest_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// edited is one edit of the database behind the service's back, and the request that meets it.
type edited struct {
	name, table string
	statement   string // ?1 and so on stand for args; SQLite binds $1 by its position
	args        []any
	q           servicetest.Request
}

// TestRows_EditedInTheDatabase_AreRefused: who can write to the database and has no token can grant
// nothing, move nothing and swap nothing: the service answers an internal error, says which table
// in its log, and nothing to the caller.
func TestRows_EditedInTheDatabase_AreRefused(t *testing.T) {
	s := servicetest.Start(t)
	c, m := s.KMS(), s.SecretsManager()
	var all []edited
	add := func(name, table, statement string, q servicetest.Request, args ...any) {
		all = append(all, edited{name, table, statement, args, q})
	}

	use := func(id *string) servicetest.Request {
		return servicetest.Request{Target: "TrentService.Encrypt",
			Body: fmt.Appendf(nil, `{"KeyId":%q,"Plaintext":"eA=="}`, *id)}
	}
	ofKey := func(name, set string) {
		k := createKey(t, c)
		must(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: k.KeyId}))(t)
		add("a key's "+name, "kms_keys", `UPDATE kms_keys SET `+set+` WHERE id = ?1`, use(k.KeyId),
			*k.KeyId)
	}
	ofKey("state", `state = 'Enabled'`)
	ofKey("manager", `manager = 'AWS'`)
	ofKey("policy", `policy = '{}'`)
	ofKey("tags", `tags = '[{"TagKey":"role","TagValue":"admin"}]'`)
	ofKey("description", `description = 'other'`)
	ofKey("revision", `rev = rev + 1`)
	ofKey("material", `material_id = 'ab'`)
	ofKey("Region", `region = 'eu-central-1'`)
	ofKey("MAC", `mac = zeroblob(32)`)
	ofKey("MAC's length", `mac = x''`)
	all[7].q.Region = servicetest.Abroad

	one, two := createKey(t, c), createKey(t, c)
	for _, column := range []string{`wrapped`, `verifier`, `mac`, `created`} {
		k := createKey(t, c)
		add("a material's "+column, "kms_materials", `UPDATE kms_materials SET `+column+` = (SELECT `+
			column+` FROM kms_materials WHERE key_id = ?2) WHERE key_id = ?1`,
			use(k.KeyId), *k.KeyId, *two.KeyId)
	}
	k := createKey(t, c)
	add("a material taken over whole", "kms_materials",
		`UPDATE kms_materials SET (id, wrapped, verifier, created, mac) = (SELECT id, wrapped, verifier, created, mac FROM kms_materials WHERE key_id = ?2) WHERE key_id = ?1`,
		use(k.KeyId), *k.KeyId, *two.KeyId)
	k = createKey(t, c)
	add("a material removed", "", `DELETE FROM kms_materials WHERE key_id = ?1`, use(k.KeyId),
		*k.KeyId)

	createAlias(t, c, "alias/edited", one.KeyId)
	createAlias(t, c, "alias/renamed", one.KeyId)
	add("an alias's target", "kms_aliases",
		`UPDATE kms_aliases SET key_id = ?1 WHERE name = 'alias/edited'`, use(aws.String("alias/edited")),
		*two.KeyId)
	add("an alias's name", "kms_aliases",
		`UPDATE kms_aliases SET name = 'alias/admin' WHERE name = 'alias/renamed'`,
		use(aws.String("alias/admin")))
	all = append(all, edited{name: "a listing of it", table: "kms_aliases",
		q: servicetest.Request{Target: "TrentService.ListAliases", Body: []byte(`{}`)}})

	eve := s.User(t, "eve")
	for _, set := range []string{`operations = '["Encrypt"]'`,
		`operations = '["Encrypt"]', grantee = '` + servicetest.UserARN("eve") +
			`'`, `constraints = '{}'`, `id = ?1`, `mac = zeroblob(32)`} {
		k := createKey(t, c)
		must(c.CreateGrant(t.Context(),
			&kms.CreateGrantInput{KeyId: k.KeyId, GranteePrincipal: aws.String(servicetest.UserARN("eve")),
				Operations:  []types.GrantOperation{"Decrypt"},
				Constraints: &types.GrantConstraints{EncryptionContextEquals: map[string]string{"a": "b"}}}))(t)
		q := use(k.KeyId)
		q.As = eve
		add("a grant: "+set, "kms_grants", `UPDATE kms_grants SET `+set+` WHERE key_id = ?1`, q, *k.KeyId)
	}
	from, to := createKey(t, c), createKey(t, c)
	must(c.CreateGrant(t.Context(),
		&kms.CreateGrantInput{KeyId: from.KeyId, GranteePrincipal: aws.String(servicetest.UserARN("eve")),
			Operations: []types.GrantOperation{"Encrypt"}}))(t)
	moved := use(to.KeyId)
	moved.As = eve
	add("a grant of another key", "kms_grants", `UPDATE kms_grants SET key_id = ?1 WHERE key_id = ?2`,
		moved, *to.KeyId, *from.KeyId)

	read := func(id string) servicetest.Request {
		return servicetest.Request{Target: "secretsmanager.GetSecretValue",
			Body: fmt.Appendf(nil, `{"SecretId":%q}`, id)}
	}
	for i, set := range []string{`stages = replace(stages, 'AWSCURRENT', 'X')`,
		`key_id = 'alias/other'`, `tags = '[{"Key":"a","Value":"b"}]'`, `description = 'other'`,
		`policy = '{}'`, `suffix = 'AAAAAA'`} {
		name := fmt.Sprint("secret", i)
		createSecret(t, m, name, "x")
		put(t, m, name, "y")
		add("a secret: "+set, "secrets", `UPDATE secrets SET `+set+` WHERE name = ?1`, read(name), name)
	}
	for i, set := range []string{`sealed`, `sealed, digest`, `sealed, digest, mac`, `epoch`, `id`} {
		name, other := fmt.Sprint("version", i), fmt.Sprint("other", i)
		createSecret(t, m, name, "x")
		createSecret(t, m, other, "y")
		statement := `UPDATE secret_versions SET (` + set + `) = (SELECT ` + set +
			` FROM secret_versions WHERE name = ?2) WHERE name = ?1`
		switch set {
		case "epoch": // those of the two are alike
			statement = `UPDATE secret_versions SET epoch = epoch + 1 WHERE name = ?1 AND name <> ?2`
		}
		add("a version's "+set, "", statement, read(name), name, other)
	}
	createSecret(t, m, "removed", "x")
	add("a version removed", "", `DELETE FROM secret_versions WHERE name = 'removed'`, read("removed"))

	p := s.ParameterStore()
	ofParameter := func(name, table, statement string) {
		putParameter(t, p, name, "1")
		add("a parameter: "+statement, table, statement+` WHERE name = ?1`, servicetest.Request{
			Target: "AmazonSSM.GetParameter", Body: fmt.Appendf(nil, `{"Name":%q}`, name)}, name)
	}
	for i, set := range []string{`user = 'arn:aws:iam::111122223333:user/eve'`, `id = 'other'`,
		`labels = '{"prod":1}'`, `key_id = 'alias/other'`, `tier = 'Advanced'`, `mac = zeroblob(32)`} {
		ofParameter(fmt.Sprint("/edited/", i), "parameters", `UPDATE parameters SET `+set)
	}
	for i, set := range []string{`value = x'32'`, `value = x'32', mac = zeroblob(32)`,
		`type = 'StringList'`, `modified = modified + 1`} {
		ofParameter(fmt.Sprint("/version/", i), "parameter_versions",
			`UPDATE parameter_versions SET `+set)
	}
	ofParameter("/removed", "", `DELETE FROM parameter_versions`)

	own := createKey(t, c)
	must(m.CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("own"), KmsKeyId: own.KeyId,
			SecretString: aws.String("x")}))(t)
	add("a data key", "kms_data_keys",
		`UPDATE kms_data_keys SET sealed = zeroblob(length(sealed)) WHERE key_id = ?1`, read("own"),
		*own.KeyId)

	caller := func(name, set string) {
		creds := s.User(t, strings.ReplaceAll(name, " ", "-"))
		q := servicetest.Request{Target: "TrentService.ListKeys", Body: []byte(`{}`), As: creds}
		add("an access key's "+name, "access_keys", `UPDATE access_keys SET `+set+` WHERE id = ?1`, q, creds.AccessKeyID)
	}
	caller("principal", `principal_id = account`)
	caller("account", `account = '999988887777'`)
	caller("status", `status = 'active'`)
	caller("secret", `sealed = (SELECT sealed FROM access_keys WHERE id = '`+s.Root.AccessKeyID+`')`)

	s.Restart(t, nil) // with empty caches; rows that are edited before it wouldn't let it start
	db := database(t, s.Database)
	for _, e := range all {
		if e.statement != "" {
			edit(t, db, e)
		}
	}
	for _, e := range all {
		if e.table == "access_keys" {
			s.Clock.Advance(10 * time.Second) // before a caller is known, one cause is logged once a period
		}
		t.Run(e.name, func(t *testing.T) { refusedInside(t, s, e) })
	}
	encrypt(t, c, one.KeyId, "what nobody touched goes on", nil)
	if err := s.Service().Ready(); err != nil {
		t.Errorf("edited rows took the service away from everybody: %v", err)
	}
}

func edit(t *testing.T, db *sql.DB, e edited) {
	t.Helper()
	r, err := db.Exec(e.statement, e.args...)
	if err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%s: %d rows were edited: %v", e.name, n, err)
	}
}

// refusedInside checks that a request meets an internal error of which the caller learns nothing
// and the operator enough.
func refusedInside(t *testing.T, s *servicetest.Server, e edited) {
	t.Helper()
	mark := s.Mark(t)
	a := s.Send(t, e.q)
	service, _, _ := strings.Cut(e.q.Target, ".")
	code := map[string]string{"TrentService": "KMSInternalException",
		"secretsmanager": "InternalServiceError", "AmazonSSM": "InternalServerError"}[service]
	if a.Status != 500 || a.Code() != code ||
		!strings.HasPrefix(a.Message(), "The request failed because of an internal error.") {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	discreet(t, a)
	for _, r := range s.Records(t, mark, a.RequestID()) {
		if r.ErrorMessage != "" || r.ErrorCode != "KMSInternalException" && r.ErrorCode != code {
			t.Errorf("recorded as %s", r.Line)
		}
	}
	for line := range strings.Lines(s.Log.String()) {
		if strings.Contains(line, a.RequestID()) && strings.Contains(line, "level=ERROR") &&
			strings.Contains(line, e.table) {
			return
		}
	}
	t.Errorf("the log does not say what is wrong with %q", e.table)
}
