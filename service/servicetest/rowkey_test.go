package servicetest_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"claviger/internal/install"
	"claviger/internal/rowmac"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// The attack of this file is an account's own: its owner can write to the database, has no PIN and
// no token, and wants another account's secret. Whatever the service signs rows by, they have it
// signed by a key of theirs, and put that key in the place of the service's.

// checkText is what a check value is made of.
const checkText = "claviger check"

// victim makes a secret in another account and returns what only its owner may read.
func victim(t *testing.T, s *servicetest.Server) (m *secretsmanager.Client, value string) {
	t.Helper()
	m = s.SecretsManager(servicetest.As(s.RootOf(t, otherAccount)))
	must(m.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("theirs"),
		SecretString: aws.String("the other account's")}))(t)
	return m, "the other account's"
}

// TestServiceKeys_RowKeyReplaced_StartIsRefused: an HMAC key of KMS signs every row, and then
// stands in the row key's place.
func TestServiceKeys_RowKeyReplaced_StartIsRefused(t *testing.T) {
	s := servicetest.Start(t)
	theirs, value := victim(t, s)
	key := must(s.KMS().CreateKey(t.Context(),
		&kms.CreateKeyInput{KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC"}))(t).KeyMetadata
	calls := 0
	mac := func(message []byte) []byte {
		calls++
		return must(s.KMS().GenerateMac(t.Context(), &kms.GenerateMacInput{KeyId: key.KeyId,
			Message: message, MacAlgorithm: "HMAC_SHA_256"}))(t).Mac
	}
	copied := copyOf(t, s)
	db := database(t, copied)
	edit(t, db, edited{name: "account", statement: `UPDATE access_keys SET account = ?1 WHERE id = ?2`,
		args: []any{otherAccount, s.Root.AccessKeyID}})
	signAll(t, db, mac)
	if calls < 11 {
		t.Fatalf("%d calls to GenerateMac can't have signed what the other account's secret hangs on",
			calls)
	}
	proof := sha256.Sum256(mac([]byte(checkText + "row-mac")))
	refusesServiceKey(t, s, db, copied, "row-mac", *key.KeyId, proof[:], mac)
	stillTheirs(t, s, theirs, value)
}

// TestServiceKeys_IdentityKeyReplaced_StartIsRefused: an imported AES key, whose bytes its owner
// knows, in the place of the key that seals access keys' secrets.
func TestServiceKeys_IdentityKeyReplaced_StartIsRefused(t *testing.T) {
	s := servicetest.Start(t)
	theirs, value := victim(t, s)
	id := external(t, s.KMS(), types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	known := make([]byte, 32)
	rand.Read(known)
	must(s.KMS().ImportKeyMaterial(t.Context(),
		parcel(t, s.KMS(), id, "RSAES_OAEP_SHA_256", known)))(t)
	block := must(aes.NewCipher(known))(t)
	gcm := must(cipher.NewGCM(block))(t)
	iv := make([]byte, gcm.NonceSize())
	rand.Read(iv)
	proof := gcm.Seal(iv, iv, []byte(checkText), []byte(checkText+"identity"))
	copied := copyOf(t, s)
	refusesServiceKey(t, s, database(t, copied), copied, "identity", *id, proof,
		func(message []byte) []byte { sum := sha256.Sum256(message); return sum[:] })
	stillTheirs(t, s, theirs, value)
}

// copyOf copies the database as it is.
func copyOf(t *testing.T, s *servicetest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.db")
	db := database(t, s.Database)
	_, err := db.Exec(`VACUUM INTO ?`, path)
	accepted(t, errors.Join(err, db.Close(), os.Chmod(path, 0o600)))
	return path
}

// signAll signs every row of every signed table anew, as the service would if the key were its own.
func signAll(t *testing.T, db *sql.DB, mac func([]byte) []byte) {
	t.Helper()
	var installation string
	accepted(t, db.QueryRow(`SELECT id FROM installation`).Scan(&installation))
	for _, table := range rowmac.Tables() {
		columns := strings.TrimSuffix(table.Columns(), ", mac")
		rows := must(db.Query(`SELECT mac, ` + columns + ` FROM ` + table.Name()))(t)
		macs := map[string][]byte{}
		for rows.Next() {
			var before []byte
			values := make([]any, strings.Count(columns, ",")+1)
			dest := []any{&before}
			for i := range values {
				dest = append(dest, &values[i])
			}
			accepted(t, rows.Scan(dest...))
			macs[string(before)] = mac(rowBytes(installation, table.Name(), values))
		}
		accepted(t, errors.Join(rows.Err(), rows.Close()))
		for before, m := range macs {
			_, err := db.Exec(`UPDATE `+table.Name()+` SET mac = ?1 WHERE mac = ?2`, m, []byte(before))
			accepted(t, err)
		}
	}
}

// rowBytes is what is signed of a row.
func rowBytes(installation, table string, values []any) []byte {
	var b []byte
	for _, v := range slices.Concat([]any{"claviger row 1", installation, table}, values) {
		var part []byte
		switch v := v.(type) {
		case int64:
			part = binary.BigEndian.AppendUint64(nil, uint64(v))
		case []byte:
			part = v
		case nil:
		default:
			part = fmt.Append(nil, v)
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}
	return b
}

// refusesServiceKey puts the material of a KMS key into the place of a service key, with each check
// value that its owner can come by and under each name of its kind, and wants no start.
func refusesServiceKey(t *testing.T, s *servicetest.Server, db *sql.DB, path, name, keyID string,
	proof []byte, mac func([]byte) []byte) {
	t.Helper()
	var own, their []byte
	var kind, ownKind string
	accepted(t, db.QueryRow(`SELECT verifier, kind FROM kms_materials WHERE key_id = ?`,
		keyID).Scan(&own, &ownKind))
	accepted(t, db.QueryRow(`SELECT verifier, kind FROM service_keys WHERE name = ?`,
		name).Scan(&their, &kind))
	var signed []string
	for what, check := range map[string][]byte{
		"its own check value": own, "the other's check value": their, "a proof": proof,
		"a proof and a MAC":                slices.Concat(proof, mac(proof)),
		"a proof and the MAC of its own":   slices.Concat(proof, own[max(0, len(own)-32):]),
		"a proof and the MAC of the other": slices.Concat(proof, their[max(0, len(their)-32):]),
	} {
		for _, k := range []string{kind, ownKind} {
			edit(t, db, edited{name: what, statement: `UPDATE service_keys SET (kind, root, mechanism,
				wrapped, verifier) = (SELECT ?1, root, mechanism, wrapped, ?2 FROM kms_materials
				WHERE key_id = ?3) WHERE name = ?4`, args: []any{k, check, keyID, name}})
			variant := filepath.Join(filepath.Dir(path), fmt.Sprintf("%d.db", len(signed)))
			_, err := db.Exec(`VACUUM INTO ?`, variant)
			accepted(t, errors.Join(err, os.Chmod(variant, 0o600)))
			signed = append(signed, variant)
		}
	}
	s.Restart(t, func() {
		for _, variant := range signed {
			if err := s.TryStart(t.Context(), variant); !errors.Is(err, install.ErrChanged) {
				t.Errorf("a start with a key of the attacker's: %v", err)
			}
		}
	})
}

// stillTheirs checks that the service goes on from its own database, and nobody else's secret is to
// be had.
func stillTheirs(t *testing.T, s *servicetest.Server, theirs *secretsmanager.Client, value string) {
	t.Helper()
	in := &secretsmanager.GetSecretValueInput{SecretId: aws.String("theirs")}
	if out, err := s.SecretsManager().GetSecretValue(t.Context(), in); err == nil {
		t.Errorf("another account reads %q", *out.SecretString)
	}
	if out := must(theirs.GetSecretValue(t.Context(), in))(t); *out.SecretString != value {
		t.Errorf("its owner reads %q", *out.SecretString)
	}
	if bytes.Contains([]byte(s.Log.String()), []byte(value)) {
		t.Error("the log has it")
	}
}
