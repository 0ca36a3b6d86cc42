package servicetest_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

var edwards = &kms.CreateKeyInput{KeySpec: "ECC_NIST_EDWARDS25519", KeyUsage: "SIGN_VERIFY"}

// withResidents returns a SoftHSM2 token on which keys of Ed25519 are resident.
func withResidents(t testing.TB) hsm.Config {
	t.Helper()
	c := hsmtest.SoftHSM(t)
	c.Resident = []custody.Kind{custody.Ed25519Sign}
	return c
}

// signsByEd25519 checks with crypto/ed25519 what a key signs.
func signsByEd25519(t testing.TB, c *kms.Client, key *string) {
	t.Helper()
	spki := must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: key}))(t).PublicKey
	public := must(x509.ParsePKIXPublicKey(spki))(t).(ed25519.PublicKey)
	message := []byte("a message")
	in := &kms.SignInput{KeyId: key, Message: message, SigningAlgorithm: "ED25519_SHA_512"}
	signature := must(c.Sign(t.Context(), in))(t).Signature
	if !ed25519.Verify(public, message, signature) {
		t.Errorf("the signature is none: %x", signature)
	}
	verified := must(c.Verify(t.Context(), &kms.VerifyInput{
		KeyId: key, Message: message, Signature: signature, SigningAlgorithm: "ED25519_SHA_512",
	}))(t)
	if !verified.SignatureValid {
		t.Error("the service doesn't know its own signature")
	}
}

// residentOn counts the keys on the service's own token, beside root, canary, authenticator and the
// object that is the token itself.
func residentOn(t testing.TB, c hsm.Config) int { return objects(t, c) - 2 }

// One is made, used, there after a restart, and gone when its window has ended. What a failure
// leaves is destroyed in time.
func TestResidentKey_FailuresAndRestart_LeaveNoOrphan(t *testing.T) {
	token := withResidents(t)
	s := servicetest.StartOn(t, token)
	c := s.KMS()
	key := must(c.CreateKey(t.Context(), edwards))(t).KeyMetadata
	if key.Origin != "AWS_KMS" || key.KeySpec != "ECC_NIST_EDWARDS25519" ||
		key.KeyState != "Enabled" || key.CustomKeyStoreId != nil || residentOn(t, token) != 1 {
		t.Errorf("the key is %+v, and %d are resident on the token", deref(key), residentOn(t, token))
	}
	signsByEd25519(t, c, key.KeyId)

	s.CutLedgerAfter(1) // its reservation is stored, and it isn't
	if _, err := c.CreateKey(t.Context(), edwards); err == nil {
		t.Fatal("a key was made without a record")
	}
	s.RestoreLedger()
	if n := residentOn(t, token); n != 2 {
		t.Fatalf("%d keys are resident on the token: the test tests nothing", n)
	}
	s.Clock.Advance(2 * time.Hour)
	eventually(t, "what was left behind is gone", func() bool {
		s.RunDueJobs(t)
		return residentOn(t, token) == 1
	})
	s.Restart(t, nil)
	signsByEd25519(t, c, key.KeyId)

	kept := must(c.CreateKey(t.Context(), edwards))(t).KeyMetadata.KeyId
	must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: key.KeyId, PendingWindowInDays: aws.Int32(7)}))(t)
	s.RunDueJobs(t)
	if n := residentOn(t, token); n != 2 {
		t.Errorf("within the window %d are resident on the token", n)
	}
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	eventually(t, "the key is gone from the token", func() bool {
		s.RunDueJobs(t)
		return residentOn(t, token) == 1
	})
	_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key.KeyId})
	refused(t, err, "NotFoundException", "*")
	signsByEd25519(t, c, kept)

	_, err = c.CreateKey(t.Context(), &kms.CreateKeyInput{
		KeySpec: edwards.KeySpec, KeyUsage: edwards.KeyUsage, MultiRegion: aws.Bool(true),
	})
	refused(t, err, "UnsupportedOperationException", "*")
	_, err = servicetest.Start(t).KMS().CreateKey(t.Context(), edwards)
	refused(t, err, "UnsupportedOperationException", "*")
}
