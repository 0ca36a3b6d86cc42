package keystore

import (
	"bytes"
	"crypto/mlkem"
	"slices"
	"testing"

	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/lattice"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
)

// TestDecapsulate_MLKEM_OpensWhatWasEncapsulated: what is encapsulated here, or anywhere with the
// public key, the device opens; a ciphertext for somebody else too, to a secret that isn't his
// (FIPS 203 section 6.3).
func TestDecapsulate_MLKEM_OpensWhatWasEncapsulated(t *testing.T) {
	s := startOnDevice(t, fakedevice.LikeV32(t).Config(), nil)
	for spec, size := range map[string]int{"ML_KEM_512": 768, "ML_KEM_768": 1088,
		"ML_KEM_1024": 1568} {
		t.Run(spec, func(t *testing.T) {
			m := done[CreateKeyOutput](s, "CreateKey",
				doc{"KeySpec": spec, "KeyUsage": key.EncapsulateDecapsulate}).KeyMetadata
			p := done[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", doc{"KeyId": m.KeyId})
			if !slices.Equal(m.EncapsulationAlgorithms, []string{"ML_KEM"}) ||
				!slices.Equal(p.EncapsulationAlgorithms, m.EncapsulationAlgorithms) ||
				m.SigningAlgorithms != nil {
				t.Errorf("it is %+v, %+v", m, p)
			}
			open := func(ciphertext []byte) (cryptoops.DecapsulateOutput, error) {
				return send[cryptoops.DecapsulateOutput](t.Context(), s, "Decapsulate",
					doc{"KeyId": m.KeyId, "EncapsulationAlgorithm": "ML_KEM",
						"SharedSecretCiphertextBlob": ciphertext})
			}
			e := done[cryptoops.EncapsulateOutput](s, "Encapsulate",
				doc{"KeyId": m.KeyId, "EncapsulationAlgorithm": "ML_KEM"})
			d, err := open(e.SharedSecretCiphertextBlob)
			noError(t, err)
			if !bytes.Equal(d.SharedSecret, e.SharedSecret) || len(e.SharedSecret) != 32 ||
				len(e.SharedSecretCiphertextBlob) != size ||
				e.KeyId != m.Arn || d.KeyId != m.Arn || e.EncapsulationAlgorithm != "ML_KEM" ||
				d.EncapsulationAlgorithm != "ML_KEM" {
				t.Errorf("%+v became %+v", e, d)
			}
			secret, ciphertext := encapsulateElsewhere(t, spec, p.PublicKey)
			if d, err := open(ciphertext); err != nil || !bytes.Equal(d.SharedSecret, secret) {
				t.Errorf("what another implementation made: %v", err)
			}
			ciphertext[0] ^= 1
			if d, err := open(ciphertext); err != nil || len(d.SharedSecret) != 32 ||
				bytes.Equal(d.SharedSecret, secret) {
				t.Errorf("a changed ciphertext: %d bytes, %v", len(d.SharedSecret), err)
			}
			for _, bad := range [][]byte{{1}, ciphertext[1:], append(ciphertext, 0), make([]byte, 6144)} {
				_, err := open(bad)
				refused(t, err, "InvalidCiphertextException", "")
			}
			_, err = send[cryptoops.SignOutput](t.Context(), s, "Sign",
				doc{"KeyId": m.KeyId, "Message": []byte("x"), "SigningAlgorithm": publickey.MLDSA})
			refused(t, err, "InvalidKeyUsageException", "*")
		})
	}
	for _, operation := range []string{"Encapsulate", "Decapsulate"} {
		in := doc{"KeyId": s.key("ECC_NIST_P256", key.KeyAgreement), "EncapsulationAlgorithm": "ML_KEM",
			"SharedSecretCiphertextBlob": []byte("x")}
		_, err := send[any](t.Context(), s, operation, in)
		refused(t, err, "InvalidKeyUsageException", "*")
	}
}

// encapsulateElsewhere is the standard library where it has the size.
func encapsulateElsewhere(t *testing.T, spec string, spki []byte) (secret, ciphertext []byte) {
	t.Helper()
	public, err := lattice.ParsePublic(spec, spki)
	noError(t, err)
	switch spec {
	case "ML_KEM_768":
		key, err := mlkem.NewEncapsulationKey768(public.Bytes())
		noError(t, err)
		return key.Encapsulate()
	case "ML_KEM_1024":
		key, err := mlkem.NewEncapsulationKey1024(public.Bytes())
		noError(t, err)
		return key.Encapsulate()
	}
	return public.(*lattice.EncapsulationKey).Encapsulate()
}

// TestEncapsulate_KnownKey_CallsNoToken: the public key is all it takes, and all that verifying
// takes.
func TestEncapsulate_KnownKey_CallsNoToken(t *testing.T) {
	s := startOnDevice(t, fakedevice.LikeV32(t).Config(), nil)
	in := doc{"KeyId": s.key("ML_KEM_768", key.EncapsulateDecapsulate),
		"EncapsulationAlgorithm": "ML_KEM"}
	done[cryptoops.EncapsulateOutput](s, "Encapsulate", in) // its row is verified now
	before := s.TokenCalls.Load()
	first := done[cryptoops.EncapsulateOutput](s, "Encapsulate", in)
	second := done[cryptoops.EncapsulateOutput](s, "Encapsulate", in)
	if n := s.TokenCalls.Load(); n != before || bytes.Equal(first.SharedSecret, second.SharedSecret) {
		t.Errorf("the token was called %d times", n-before)
	}
}
