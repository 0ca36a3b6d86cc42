package keystore

import (
	"bytes"
	"crypto/mlkem"
	"crypto/sha3"
	"slices"
	"testing"

	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/lattice"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/publickey"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
)

// mldsaSets are the parameter sets of ML-DSA by key spec, with the lengths of their signatures
// (FIPS 204 section 4).
var (
	mldsaSets = map[string]mldsa.Parameters{"ML_DSA_44": mldsa.MLDSA44(),
		"ML_DSA_65": mldsa.MLDSA65(), "ML_DSA_87": mldsa.MLDSA87()}
	signatureSizes = map[string]int{"ML_DSA_44": 2420, "ML_DSA_65": 3309, "ML_DSA_87": 4627}
)

// TestMLDSA: a device that has it signs messages and the representatives that callers make of them,
// and each is verified here as either, as another implementation verifies it.
func TestMLDSA(t *testing.T) {
	s := startOnDevice(t, fakedevice.LikeV32(t).Config(), nil)
	for spec := range mldsaSets {
		t.Run(spec, func(t *testing.T) {
			m := done[CreateKeyOutput](s, "CreateKey",
				doc{"KeySpec": spec, "KeyUsage": key.SignVerify}).KeyMetadata
			p := done[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", doc{"KeyId": m.KeyId})
			if !slices.Equal(m.SigningAlgorithms, []string{publickey.MLDSA}) ||
				!slices.Equal(p.SigningAlgorithms, m.SigningAlgorithms) || p.KeySpec != spec {
				t.Errorf("it is %+v, %+v", m, p)
			}
			parsed, err := mldsax509.ParsePKIXPublicKey(p.PublicKey)
			noError(t, err)
			public := parsed.(*mldsa.PublicKey)
			for _, message := range [][]byte{{0}, make([]byte, 64), bytes.Repeat([]byte("m"), 4096)} {
				signsBoth(t, s, m.KeyId, spec, public, message)
			}
			refusesOthers(t, s, m.KeyId)
		})
	}
}

// signsBoth signs a message and its representative.
func signsBoth(t *testing.T, s *rig, id, spec string, public *mldsa.PublicKey, message []byte) {
	t.Helper()
	tr := sha3.SumSHAKE256(public.Bytes(), 64)
	mu := sha3.SumSHAKE256(bytes.Join([][]byte{tr, {0, 0}, message}, nil), 64)
	raw := doc{"KeyId": id, "Message": message, "SigningAlgorithm": publickey.MLDSA}
	external := doc{"KeyId": id, "Message": mu, "MessageType": "EXTERNAL_MU",
		"SigningAlgorithm": publickey.MLDSA}
	for _, in := range []doc{raw, external} {
		signature := done[cryptoops.SignOutput](s, "Sign", in).Signature
		if err := mldsa.Verify(public, message, signature, nil); err != nil ||
			len(signature) != signatureSizes[spec] {
			t.Errorf("%d bytes: %v", len(signature), err)
		}
		for _, verify := range []doc{raw, external} {
			verify["Signature"] = signature
			if !done[cryptoops.VerifyOutput](s, "Verify", verify).SignatureValid {
				t.Error("not valid here")
			}
			for _, at := range []int{0, len(signature) / 2, len(signature) - 1} {
				verify["Signature"] = slices.Concat(signature[:at], []byte{signature[at] ^ 1}, signature[at+1:])
				_, err := send[cryptoops.VerifyOutput](t.Context(), s, "Verify", verify)
				refused(t, err, "KMSInvalidSignatureException", "")
			}
			verify["Signature"] = signature[1:]
			_, err := send[cryptoops.VerifyOutput](t.Context(), s, "Verify", verify)
			refused(t, err, "KMSInvalidSignatureException", "")
			delete(verify, "Signature")
		}
	}
	// The representative is no message, although it has the form of one.
	crossed := doc{"KeyId": id, "Message": mu, "SigningAlgorithm": publickey.MLDSA,
		"Signature": done[cryptoops.SignOutput](s, "Sign", raw).Signature}
	_, err := send[cryptoops.VerifyOutput](t.Context(), s, "Verify", crossed)
	refused(t, err, "KMSInvalidSignatureException", "")
}

func refusesOthers(t *testing.T, s *rig, id string) {
	t.Helper()
	for operation, more := range map[string]doc{"Sign": {}, "Verify": {"Signature": []byte("s")}} {
		ask := func(kind string, n int, algorithm string) error {
			in := doc{"KeyId": id, "Message": make([]byte, n), "MessageType": kind,
				"SigningAlgorithm": algorithm, "Signature": more["Signature"]}
			if more["Signature"] == nil {
				delete(in, "Signature")
			}
			_, err := send[any](t.Context(), s, operation, in)
			return err
		}
		refused(t, ask("DIGEST", 64, publickey.MLDSA), "ValidationException",
			"Message type DIGEST is incompatible with algorithm ML_DSA_SHAKE_256.")
		for _, n := range []int{1, 32, 63, 65, 4096} {
			refused(t, ask("EXTERNAL_MU", n, publickey.MLDSA), "ValidationException",
				"External mu is invalid length for algorithm ML_DSA_SHAKE_256.")
		}
		refused(t, ask("RAW", 1, publickey.Ed25519), "InvalidKeyUsageException", "*")
	}
	_, err := send[cryptoops.EncapsulateOutput](t.Context(), s, "Encapsulate",
		doc{"KeyId": id, "EncapsulationAlgorithm": "ML_KEM"})
	refused(t, err, "InvalidKeyUsageException", "*")
}

// TestMLKEM: what is encapsulated here, or anywhere with the public key, the device opens; a
// ciphertext for somebody else too, to a secret that isn't his (FIPS 203 section 6.3).
func TestMLKEM(t *testing.T) {
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

// TestEncapsulateAsksNoToken: the public key is all it takes, and all that verifying takes.
func TestEncapsulateAsksNoToken(t *testing.T) {
	s := startOnDevice(t, fakedevice.LikeV32(t).Config(), nil)
	in := doc{"KeyId": s.key("ML_KEM_768", key.EncapsulateDecapsulate),
		"EncapsulationAlgorithm": "ML_KEM"}
	done[cryptoops.EncapsulateOutput](s, "Encapsulate", in) // its row is verified now
	before := s.calls.Load()
	first, second := done[cryptoops.EncapsulateOutput](s, "Encapsulate",
		in), done[cryptoops.EncapsulateOutput](s, "Encapsulate", in)
	if n := s.calls.Load(); n != before || bytes.Equal(first.SharedSecret, second.SharedSecret) {
		t.Errorf("the token was called %d times", n-before)
	}
}

// TestADeviceOfV32ByAnOlderModule: what can't be performed whole isn't begun. ML-DSA is, and only
// what takes a mechanism of its own is refused; verifying takes none.
func TestADeviceOfV32ByAnOlderModule(t *testing.T) {
	s := startOnDevice(t, fakedevice.LikeV32Unreached(t).Config(), nil)
	_, err := send[CreateKeyOutput](t.Context(), s, "CreateKey",
		doc{"KeySpec": "ML_KEM_768", "KeyUsage": key.EncapsulateDecapsulate})
	refused(t, err, "UnsupportedOperationException", "*")
	id := s.key("ML_DSA_65", key.SignVerify)
	in := doc{"KeyId": id, "Message": make([]byte, 64), "MessageType": "EXTERNAL_MU",
		"SigningAlgorithm": publickey.MLDSA}
	_, err = send[cryptoops.SignOutput](t.Context(), s, "Sign", in)
	refused(t, err, "UnsupportedOperationException", "*")
	public := done[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", doc{"KeyId": id}).PublicKey
	key, err := lattice.ParsePublic("ML_DSA_65", public)
	noError(t, err)
	tr := sha3.SumSHAKE256(key.Bytes(), 64)
	in["Signature"] = done[cryptoops.SignOutput](s, "Sign",
		doc{"KeyId": id, "Message": []byte("m"), "SigningAlgorithm": publickey.MLDSA}).Signature
	in["Message"] = sha3.SumSHAKE256(append(tr, 0, 0, 'm'), 64)
	if !done[cryptoops.VerifyOutput](s, "Verify", in).SignatureValid {
		t.Error("a signature of the message isn't one of its representative")
	}
}
