package recipes_test

import (
	"bytes"
	"crypto/ecdsa"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	kmsaws "github.com/sigstore/sigstore/pkg/signature/kms/aws"
)

// TestCosign_KeyOnTheToken_Signs does with the library of cosign's `--key awskms:///...` what its
// generate-key-pair, sign and verify do.
func TestCosign_KeyOnTheToken_Signs(t *testing.T) {
	const message = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	made, err := kmsaws.LoadSignerVerifier(t.Context(), "awskms:///alias/cosign")
	must(t, err)
	public, err := made.CreateKey(t.Context(), made.DefaultAlgorithm())
	must(t, err)

	arn := key(t, "cosign-p384", types.KeySpecEccNistP384, types.KeyUsageTypeSignVerify)
	for _, ref := range []string{"alias/cosign", "alias/cosign-p384", arn} {
		s, err := kmsaws.LoadSignerVerifier(t.Context(), "awskms:///"+ref)
		must(t, err)
		signature, err := s.SignMessage(bytes.NewReader([]byte(message)))
		must(t, err)
		// It fetches the public key and verifies by itself.
		must(t, s.VerifySignature(bytes.NewReader(signature), bytes.NewReader([]byte(message))))
		if s.VerifySignature(bytes.NewReader(signature), bytes.NewReader([]byte("else"))) == nil {
			t.Errorf("%s: a signature of another message is taken", ref)
		}
	}
	s, err := kmsaws.LoadSignerVerifier(t.Context(), "awskms:///alias/cosign")
	must(t, err)
	if again, err := s.PublicKey(); err != nil || !public.(*ecdsa.PublicKey).Equal(again) {
		t.Errorf("the public key is another: %v", err)
	}
}
