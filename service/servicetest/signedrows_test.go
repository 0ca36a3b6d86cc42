package servicetest_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"claviger/identity/accesskey"
	"claviger/internal/fault"
	"claviger/internal/install"
	"claviger/internal/rowmac"
	"claviger/service/servicetest"
	"claviger/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// everySignedRow makes at least one row in every table whose rows are signed, most columns filled.
func everySignedRow(t *testing.T) *servicetest.Server {
	t.Helper()
	s := servicetest.StartOn(t, withResidents(t), servicetest.WithCluster(t))
	c, m := s.KMS(), s.SecretsManager()
	made := must(c.CreateKey(t.Context(),
		&kms.CreateKeyInput{MultiRegion: aws.Bool(true), Description: aws.String("d"),
			Tags: []types.Tag{{TagKey: aws.String("k"), TagValue: aws.String("v")}}}))(t).KeyMetadata
	must(c.ReplicateKey(t.Context(),
		&kms.ReplicateKeyInput{KeyId: made.KeyId, ReplicaRegion: aws.String(servicetest.Abroad)}))(t)
	must(c.CreateAlias(t.Context(),
		&kms.CreateAliasInput{AliasName: aws.String("alias/a"), TargetKeyId: made.KeyId}))(t)
	must(c.CreateGrant(t.Context(),
		&kms.CreateGrantInput{KeyId: made.KeyId, GranteePrincipal: aws.String(servicetest.NobodyARN),
			RetiringPrincipal: aws.String(servicetest.RootARN), Name: aws.String("g"),
			Operations:  []types.GrantOperation{"Decrypt"},
			Constraints: &types.GrantConstraints{EncryptionContextSubset: map[string]string{"a": "b"}}}))(t)
	must(c.CreateKey(t.Context(),
		&kms.CreateKeyInput{KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY"}))(t)
	external := must(c.CreateKey(t.Context(),
		&kms.CreateKeyInput{Origin: "EXTERNAL"}))(t).KeyMetadata.KeyId
	must(c.GetParametersForImport(t.Context(), &kms.GetParametersForImportInput{KeyId: external,
		WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048"}))(t)
	must(m.CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("x"),
			KmsKeyId: made.KeyId, Description: aws.String("d"), Tags: []sm.Tag{{Key: aws.String("k"),
				Value: aws.String("v")}}}))(t)
	must(m.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{
		SecretId:       aws.String("s"),
		ResourcePolicy: ofSecret([3]string{"Allow", servicetest.RootARN, "*"})}))(t)
	everyEntity(t, s)
	everyParameter(t, s)
	stageTopics(t, s, "SUBSCRIPTION", "every")
	everyEvent(t, s)
	accepted(t, s.Service().RevokeSession(t.Context(),
		accesskey.NewID(accesskey.Temporary, servicetest.Account), "claviger test"))
	connectedStore(t, s)
	s.CutLedgerAfter(1) // what a key is to be made by is written down, and the key isn't
	if _, err := c.CreateKey(t.Context(), edwards); err == nil {
		t.Fatal("a key was made without a record")
	}
	s.RestoreLedger()
	raw := database(t, s.Database)
	eventually(t, "the trail is signed", func() (there bool) {
		accepted(t, raw.QueryRow(`SELECT count(*) > 0 FROM tree_checkpoints`).Scan(&there))
		return there
	})
	return s
}

// TestSignedRows_EditedColumn_IsRefused walks the registry of signed tables: one
// blank more in any text, one byte in any bytes, one more in any number, in any
// signed column, and no row of the table is believed. JSON with a blank behind it
// says what it said before, and is refused like all else.
func TestSignedRows_EditedColumn_IsRefused(t *testing.T) {
	s := everySignedRow(t)
	copied := filepath.Join(t.TempDir(), "copy.db")
	raw := database(t, s.Database)
	if _, err := raw.Exec(`VACUUM INTO ?`, copied); err != nil {
		t.Fatal(err)
	}
	accepted(t, raw.Close())
	accepted(t, os.Chmod(copied, 0o600))
	db := must(store.OpenReader(t.Context(), copied))(t)
	defer db.Close()
	in := must(install.Load(t.Context(), db, s.Service().Token))(t)
	edits := database(t, copied)
	defer edits.Close()
	for _, table := range rowmac.Tables() {
		signer := in.SignerOf(table.Name(), s.Service().Token)
		t.Run(table.Name(), func(t *testing.T) { refusesEdits(t, signer, db, edits, table) })
	}
}

// TestSignedRows_TableWithMAC_IsDeclared: a table that carries a MAC is in the registry, and so in
// the test above.
func TestSignedRows_TableWithMAC_IsDeclared(t *testing.T) {
	s := servicetest.Start(t)
	declared := map[string]bool{}
	for _, table := range rowmac.Tables() {
		declared[table.Name()] = true
	}
	found := must(database(t, s.Database).Query(`SELECT t.name FROM sqlite_schema t,
		pragma_table_info(t.name) c WHERE t.type = 'table' AND c.name = 'mac'`))(t)
	defer found.Close()
	n := 0
	for ; found.Next(); n++ {
		var name string
		accepted(t, found.Scan(&name))
		if !declared[name] {
			t.Errorf("%s has a column mac and is not declared by rowmac", name)
		}
	}
	if n != len(declared) {
		t.Errorf("%d tables have a MAC and %d are declared", n, len(declared))
	}
}

// refusesEdits edits each signed column of a table in turn and takes the edit back.
func refusesEdits(t *testing.T, signer *rowmac.Signer, db *store.DB, edits *sql.DB,
	table rowmac.Declared) {
	verified := func() (bad error) {
		rows, err := table.Inspect(t.Context(), signer, db, func(_ []any, why error) { bad = why })
		accepted(t, err)
		if rows == 0 {
			t.Fatal("it has no row: the test tests nothing")
		}
		return bad
	}
	accepted(t, verified())
	edited := 0
	columns := must(edits.Query(`SELECT name, type FROM pragma_table_info(?)`, table.Name()))(t)
	defer columns.Close()
	for columns.Next() {
		var name, kind string
		accepted(t, columns.Scan(&name, &kind))
		if !slices.Contains(strings.Split(table.Columns(), ", "), name) {
			continue
		}
		there, back := editOf(name, kind)
		must(edits.Exec(fmt.Sprintf(`UPDATE %s SET %s = %s`, table.Name(), name, there)))(t)
		if f := fault.Of(verified()); f == nil || f.Kind != fault.Internal {
			t.Errorf("column %s: %v, want an internal error", name, f)
		}
		must(edits.Exec(fmt.Sprintf(`UPDATE %s SET %s = %s`, table.Name(), name, back)))(t)
		accepted(t, verified())
		edited++
	}
	if edited < 4 {
		t.Errorf("only %d columns were edited", edited)
	}
}

// editOf returns the expression that edits a column a little, and the one that takes it back.
func editOf(name, kind string) (there, back string) {
	switch kind {
	case "TEXT":
		return name + ` || ' '`, `substr(` + name + `, 1, length(` + name + `) - 1)`
	case "BLOB":
		return `CAST(` + name + ` || x'20' AS BLOB)`, `substr(` + name + `, 1, length(` + name + `) - 1)`
	}
	return name + ` + 1`, name + ` - 1`
}
