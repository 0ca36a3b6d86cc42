package servicetest_test

import (
	"encoding/binary"
	"strconv"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// TestCustody_PINAndDatabaseStolen_RevealsNoKey takes everything that a real database holds of
// keys: the service's own, those of KMS and the data keys of secrets, and attacks it with the PIN
// on the token. Whoever has both can use keys, and open what they seal; that is why the PIN is kept
// apart. No key can be read or carried off, so that it ends when the PIN is changed.
func TestCustody_PINAndDatabaseStolen_RevealsNoKey(t *testing.T) {
	s := servicetest.Start(t)
	key := createKey(t, s.KMS())
	special(t, s.KMS()) // a key of each usage
	createSecret(t, s.SecretsManager(), "one", "x")
	must(s.SecretsManager().CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("two"), SecretString: aws.String("x"),
			KmsKeyId: key.KeyId}))(t)

	db := database(t, s.Database)
	var stolen []custody.Material
	ofKMS := map[string]custody.Material{}
	for _, query := range []string{
		`SELECT name, kind, root, mechanism, wrapped, verifier FROM service_keys`,
		`SELECT id, kind, root, mechanism, wrapped, verifier FROM kms_materials`} {
		rows, err := db.Query(query)
		accepted(t, err)
		for rows.Next() {
			var m custody.Material
			accepted(t, rows.Scan(&m.ID, &m.Kind, &m.Root, &m.Mechanism, &m.Wrapped, &m.Check))
			stolen, ofKMS[m.ID] = append(stolen, m), m
		}
		accepted(t, rows.Err())
	}
	if len(stolen) < 9 {
		t.Fatalf("the database holds %d materials only", len(stolen))
	}

	// A data key lies encrypted under its KMS key. The attacker has the token decrypt it, as the
	// service would.
	rows, err := db.Query(`SELECT key_id, service, epoch, id, kind, root, mechanism, sealed, material, verifier FROM kms_data_keys`)
	accepted(t, err)
	wrapped := 0
	for rows.Next() {
		var m custody.Material
		var keyID, service, under string
		var epoch int64
		var sealed []byte
		accepted(t, rows.Scan(&keyID, &service, &epoch, &m.ID, &m.Kind, &m.Root, &m.Mechanism, &sealed,
			&under, &m.Check))
		aad := lengths4("claviger data key 1", keyID, under, "epoch", strconv.FormatInt(epoch, 10), "id",
			m.ID, "service", service)
		m.Wrapped, err = s.Service().Token.Unseal(t.Context(), ofKMS[under].Rest(), sealed, aad)
		accepted(t, err)
		stolen = append(stolen, m)
		wrapped++
	}
	accepted(t, rows.Err())
	if wrapped != 2 {
		t.Fatalf("the database holds %d data keys", wrapped)
	}
	hsmtest.Attack(t, s.HSM, stolen...)
}

// lengths4 is how additional data is written: each part behind its length in four bytes.
func lengths4(parts ...string) (b []byte) {
	for _, p := range parts {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(p))), p...)
	}
	return b
}
