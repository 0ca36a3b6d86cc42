package servicetest_test

import (
	"bytes"
	"fmt"
	"testing"

	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/lattice"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// TestEncapsulate_PublicKeyAlone_AgreesWithDecapsulate: two parties agree on a secret, one of them
// with the public key alone.
func TestEncapsulate_PublicKeyAlone_AgreesWithDecapsulate(t *testing.T) {
	c := servicetest.StartOn(t, fakedevice.LikeV32(t).Config()).KMS()
	for _, spec := range []types.KeySpec{"ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"} {
		key := createSpecial(t, c, spec, "ENCAPSULATE_DECAPSULATE")
		p := must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: key.KeyId}))(t)
		if fmt.Sprint(key.EncapsulationAlgorithms, p.EncapsulationAlgorithms) != "[ML_KEM] [ML_KEM]" ||
			p.KeySpec != spec {
			t.Errorf("the key is %+v and its public half %+v", key, p)
		}
		e := must(c.Encapsulate(t.Context(),
			&kms.EncapsulateInput{KeyId: key.KeyId, EncapsulationAlgorithm: "ML_KEM"}))(t)
		secret, ciphertext := must(lattice.ParsePublic(string(spec),
			p.PublicKey))(t).(*lattice.EncapsulationKey).Encapsulate()
		for _, x := range [][2][]byte{{e.SharedSecret, e.SharedSecretCiphertextBlob},
			{secret, ciphertext}} {
			d := must(c.Decapsulate(t.Context(),
				&kms.DecapsulateInput{KeyId: key.KeyId, EncapsulationAlgorithm: "ML_KEM",
					SharedSecretCiphertextBlob: x[1]}))(t)
			if !bytes.Equal(d.SharedSecret, x[0]) || *d.KeyId != *key.Arn || *e.KeyId != *key.Arn ||
				d.EncapsulationAlgorithm != "ML_KEM" || e.EncapsulationAlgorithm != "ML_KEM" {
				t.Errorf("%s: Decapsulate answered %+v", spec, d)
			}
		}
		_, err := c.Decapsulate(t.Context(),
			&kms.DecapsulateInput{KeyId: key.KeyId, EncapsulationAlgorithm: "ML_KEM",
				SharedSecretCiphertextBlob: ciphertext[1:]})
		refused(t, err, "InvalidCiphertextException", "")
	}
}

// TestSign_MLDSA_Verifies: of a message, and of what the caller made of it.
func TestSign_MLDSA_Verifies(t *testing.T) {
	c := servicetest.StartOn(t, fakedevice.LikeV32(t).Config()).KMS()
	for _, spec := range []types.KeySpec{"ML_DSA_44", "ML_DSA_65", "ML_DSA_87"} {
		key := createSpecial(t, c, spec, "SIGN_VERIFY")
		out := must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: key.KeyId}))(t)
		parsed := must(lattice.ParsePublic(string(spec), out.PublicKey))(t)
		public := parsed.(*lattice.VerificationKey)
		message := bytes.Repeat([]byte{7}, lattice.MuSize)
		for kind, verify := range map[types.MessageType]func(message, signature []byte) bool{
			"": public.Verify, "RAW": public.Verify, "EXTERNAL_MU": public.VerifyMu} {
			out := must(c.Sign(t.Context(),
				&kms.SignInput{KeyId: key.KeyId, Message: message, MessageType: kind,
					SigningAlgorithm: "ML_DSA_SHAKE_256"}))(t)
			if !verify(message, out.Signature) || out.SigningAlgorithm != "ML_DSA_SHAKE_256" ||
				*out.KeyId != *key.Arn {
				t.Errorf("%s of %s: Sign answered %+v", kind, spec, out)
			}
			in := &kms.VerifyInput{KeyId: key.KeyId, Message: message, MessageType: kind,
				Signature: out.Signature, SigningAlgorithm: "ML_DSA_SHAKE_256"}
			if !must(c.Verify(t.Context(), in))(t).SignatureValid {
				t.Errorf("%s of %s isn't valid", kind, spec)
			}
			in.Message = append([]byte{8}, message[1:]...)
			_, err := c.Verify(t.Context(), in)
			refused(t, err, "KMSInvalidSignatureException", "")
		}
	}
}
