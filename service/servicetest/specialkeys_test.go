package servicetest_test

import (
	"context"
	"fmt"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// specialOperations are the operations on keys of one usage, by the rows of the key-state matrix.
func specialOperations(c *kms.Client, key *types.KeyMetadata, product []byte,
	dry *bool) map[string]func(context.Context) error {
	id, message := key.KeyId, []byte("x")
	get := map[string]func(context.Context) error{"GetPublicKey": func(ctx context.Context) error {
		return second(c.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: id}))
	}}
	switch key.KeyUsage {
	case "SIGN_VERIFY":
		get["Sign"] = func(ctx context.Context) error {
			return second(c.Sign(ctx,
				&kms.SignInput{KeyId: id, Message: message, SigningAlgorithm: "ECDSA_SHA_256", DryRun: dry}))
		}
		get["Verify"] = func(ctx context.Context) error {
			return second(c.Verify(ctx,
				&kms.VerifyInput{KeyId: id, Message: message, Signature: product,
					SigningAlgorithm: "ECDSA_SHA_256", DryRun: dry}))
		}
	case "KEY_AGREEMENT":
		get["DeriveSharedSecret"] = func(ctx context.Context) error {
			return second(c.DeriveSharedSecret(ctx,
				&kms.DeriveSharedSecretInput{KeyId: id, PublicKey: product, KeyAgreementAlgorithm: "ECDH",
					DryRun: dry}))
		}
	case "GENERATE_VERIFY_MAC":
		return map[string]func(context.Context) error{
			"GenerateMac": func(ctx context.Context) error {
				return second(c.GenerateMac(ctx,
					&kms.GenerateMacInput{KeyId: id, Message: message, MacAlgorithm: "HMAC_SHA_256", DryRun: dry}))
			},
			"VerifyMac": func(ctx context.Context) error {
				return second(c.VerifyMac(ctx,
					&kms.VerifyMacInput{KeyId: id, Message: message, Mac: product, MacAlgorithm: "HMAC_SHA_256",
						DryRun: dry}))
			},
		}
	case "ENCRYPT_DECRYPT":
		if key.KeySpec == "SYMMETRIC_DEFAULT" {
			return map[string]func(context.Context) error{
				"GenerateDataKeyPair": func(ctx context.Context) error {
					return second(c.GenerateDataKeyPair(ctx,
						&kms.GenerateDataKeyPairInput{KeyId: id, KeyPairSpec: "ECC_NIST_P256", DryRun: dry}))
				},
				"GenerateDataKeyPairWithoutPlaintext": func(ctx context.Context) error {
					return second(c.GenerateDataKeyPairWithoutPlaintext(ctx,
						&kms.GenerateDataKeyPairWithoutPlaintextInput{KeyId: id, KeyPairSpec: "ECC_NIST_P256",
							DryRun: dry}))
				},
			}
		}
		const by = "RSAES_OAEP_SHA_256"
		get["Encrypt"] = func(ctx context.Context) error {
			return second(c.Encrypt(ctx,
				&kms.EncryptInput{KeyId: id, Plaintext: message, EncryptionAlgorithm: by, DryRun: dry}))
		}
		get["Decrypt"] = func(ctx context.Context) error {
			return second(c.Decrypt(ctx,
				&kms.DecryptInput{KeyId: id, CiphertextBlob: product, EncryptionAlgorithm: by, DryRun: dry}))
		}
		get["ReEncrypt"] = func(ctx context.Context) error {
			return second(c.ReEncrypt(ctx,
				&kms.ReEncryptInput{SourceKeyId: id, CiphertextBlob: product, SourceEncryptionAlgorithm: by,
					DestinationKeyId:               id,
					DestinationEncryptionAlgorithm: by, DryRun: dry}))
		}
	}
	return get
}

// special are one key for each usage, with what it made before anything happened to it.
func special(t testing.TB, c *kms.Client) map[*types.KeyMetadata][]byte {
	t.Helper()
	keys := map[*types.KeyMetadata][]byte{createKey(t, c): nil}
	key := createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY")
	keys[key] = must(c.Sign(t.Context(),
		&kms.SignInput{KeyId: key.KeyId, Message: []byte("x"),
			SigningAlgorithm: "ECDSA_SHA_256"}))(t).Signature
	key = createSpecial(t, c, "ECC_NIST_P256", "KEY_AGREEMENT")
	keys[key] = must(c.GetPublicKey(t.Context(),
		&kms.GetPublicKeyInput{KeyId: key.KeyId}))(t).PublicKey
	key = createSpecial(t, c, "HMAC_256", "GENERATE_VERIFY_MAC")
	keys[key] = must(c.GenerateMac(t.Context(),
		&kms.GenerateMacInput{KeyId: key.KeyId, Message: []byte("x"),
			MacAlgorithm: "HMAC_SHA_256"}))(t).Mac
	key = createSpecial(t, c, "RSA_2048", "ENCRYPT_DECRYPT")
	keys[key] = must(c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"),
			EncryptionAlgorithm: "RSAES_OAEP_SHA_256"}))(t).CiphertextBlob
	return keys
}

// TestKeyState_AsymmetricAndHMACKeys_AreRefusedByState walks the rows of the key-state matrix that
// are about them: in each state, and back in use after it.
func TestKeyState_AsymmetricAndHMACKeys_AreRefusedByState(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	for key, product := range special(t, c) {
		walk := func(state, code, text string) {
			for name, call := range specialOperations(c, key, product, nil) {
				t.Run(fmt.Sprint(key.KeySpec, " ", key.KeyUsage, "/", state, "/", name), func(t *testing.T) {
					if err := call(t.Context()); code == "" {
						accepted(t, err)
					} else {
						refused(t, err, code, *key.Arn+text)
					}
				})
			}
		}
		walk("Enabled", "", "")
		must(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
		walk("Disabled", "DisabledException", " is disabled.")
		must(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
		walk("Enabled again", "", "")
		must(c.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId}))(t)
		walk("PendingDeletion", "KMSInvalidStateException", " is pending deletion.")
		must(c.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: key.KeyId}))(t)
		walk("taken back", "DisabledException", " is disabled.")
		must(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
		s.Restart(t, nil)
		walk("after a restart", "", "")
	}
}

// TestDryRun_AsymmetricAndHMACKeys_SaysWhoLacksWhat: DryRun answers what would have happened, and
// whose permission is missing.
func TestDryRun_AsymmetricAndHMACKeys_SaysWhoLacksWhat(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	dry := aws.Bool(true)
	for key, product := range special(t, c) {
		for name, call := range specialOperations(c, key, product, dry) {
			if name != "GetPublicKey" { // AWS has no dry run of it
				t.Run(name, func(t *testing.T) {
					refused(t, call(t.Context()), "DryRunOperationException",
						"The request would have succeeded, but the DryRun option is set.")
				})
			}
		}
		for name, call := range specialOperations(s.KMS(s.AsNobody()), key, product, dry) {
			t.Run(name+" by nobody",
				func(t *testing.T) { refused(t, call(t.Context()), "AccessDeniedException", "*") })
		}
	}
	key := createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY")
	_, err := c.Sign(t.Context(),
		&kms.SignInput{KeyId: key.KeyId, Message: []byte("x"), MessageType: "DIGEST",
			SigningAlgorithm: "ECDSA_SHA_256", DryRun: dry})
	refused(t, err, "ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.")
}

// TestKeyID_AsymmetricAndHMACKeys_TakesAllForms: the new operations take all four forms of KeyId.
func TestKeyID_AsymmetricAndHMACKeys_TakesAllForms(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	for key, product := range special(t, c) {
		createAlias(t, c, "alias/special", key.KeyId)
		for _, id := range []string{*key.KeyId, *key.Arn, "alias/special", aliasARN("alias/special")} {
			called := *key
			called.KeyId = &id
			for name, call := range specialOperations(c, &called, product, nil) {
				if err := call(t.Context()); err != nil {
					t.Errorf("%s of %s: %v", name, id, err)
				}
			}
		}
		must(c.DeleteAlias(t.Context(), &kms.DeleteAliasInput{AliasName: aws.String("alias/special")}))(t)
	}
}

// TestUpdateAlias_KeyOfAnotherKind_IsRefused: who uses an alias must find a key
// there that can do the same.
func TestUpdateAlias_KeyOfAnotherKind_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	classes := [][]*types.KeyMetadata{
		{createKey(t, c), createKey(t, c)},
		{createSpecial(t, c, "RSA_2048", "SIGN_VERIFY"),
			createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY")},
		{createSpecial(t, c, "RSA_2048", "ENCRYPT_DECRYPT"),
			createSpecial(t, c, "RSA_3072", "ENCRYPT_DECRYPT")},
		{createSpecial(t, c, "HMAC_256", "GENERATE_VERIFY_MAC"),
			createSpecial(t, c, "HMAC_512", "GENERATE_VERIFY_MAC")},
		{createSpecial(t, c, "ECC_NIST_P256", "KEY_AGREEMENT"),
			createSpecial(t, c, "ECC_NIST_P521", "KEY_AGREEMENT")},
	}
	for i, from := range classes {
		name := aws.String(fmt.Sprint("alias/class/", i))
		createAlias(t, c, *name, from[0].KeyId)
		for j, to := range classes {
			_, err := c.UpdateAlias(t.Context(),
				&kms.UpdateAliasInput{AliasName: name, TargetKeyId: to[1].KeyId})
			if i == j {
				accepted(t, err)
			} else {
				refused(t, err, "ValidationException", "*")
			}
		}
	}
}

// TestGetPublicKey_ExchangedInTheDatabase_IsRefused: a public key that was exchanged in the
// database is not believed.
func TestGetPublicKey_ExchangedInTheDatabase_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	one, two := createSpecial(t, c, "ECC_NIST_P256", "SIGN_VERIFY"), createSpecial(t, c,
		"ECC_NIST_P256", "SIGN_VERIFY")
	other := must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: two.KeyId}))(t).PublicKey
	s.Restart(t, func() {
		n := must(database(t, s.Database).Exec(`UPDATE kms_materials SET public = ? WHERE key_id = ?`,
			other, *one.KeyId))(t)
		if rows := must(n.RowsAffected())(t); rows != 1 {
			t.Fatalf("%d rows were changed", rows)
		}
	})
	_, err := c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: one.KeyId})
	refused(t, err, "KMSInternalException", "*")
	must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: two.KeyId}))(t)
}

// TestCreateSecret_AsymmetricKey_IsRefused: no other key can protect a secret.
func TestCreateSecret_AsymmetricKey_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	for key := range special(t, s.KMS()) {
		_, err := s.SecretsManager().CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: aws.String("under-" + *key.KeyId), SecretString: aws.String("x"), KmsKeyId: key.KeyId})
		if key.KeySpec == "SYMMETRIC_DEFAULT" {
			accepted(t, err)
		} else {
			refused(t, err, "InvalidParameterException", "*")
		}
	}
}
