package keystore

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha3"
	"crypto/sha512"
	"crypto/x509"
	"slices"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
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

// TestSign_MLDSA_VerifiesElsewhere: a device that has it signs messages and the representatives
// that callers make of them, and each is verified here as either, as another implementation
// verifies it.
func TestSign_MLDSA_VerifiesElsewhere(t *testing.T) {
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

// TestSign_OlderModuleOfAV32Device_RefusesWhatItLacks: what can't be performed whole isn't begun.
// ML-DSA is, and only what takes a mechanism of its own is refused; verifying takes none.
func TestSign_OlderModuleOfAV32Device_RefusesWhatItLacks(t *testing.T) {
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

// TestSign_Ed25519_VerifiesElsewhere: a device that has it serves it whole: the message itself, or
// a digest that is hashed once more.
func TestSign_Ed25519_VerifiesElsewhere(t *testing.T) {
	s := startOn(t, func(token *hsm.Token) Token {
		return &withEd25519{Token: token, keys: map[string]ed25519.PrivateKey{}}
	})
	m := done[CreateKeyOutput](s, "CreateKey",
		doc{"KeySpec": publickey.SpecEd25519, "KeyUsage": key.SignVerify}).KeyMetadata
	if !slices.Equal(m.SigningAlgorithms, []string{publickey.Ed25519, publickey.Ed25519PH}) {
		t.Errorf("its algorithms are %v", m.SigningAlgorithms)
	}
	parsed, err := x509.ParsePKIXPublicKey(done[cryptoops.GetPublicKeyOutput](s, "GetPublicKey",
		doc{"KeyId": m.KeyId}).PublicKey)
	noError(t, err)
	public := parsed.(ed25519.PublicKey)
	message := []byte("a message")
	digest := sha512.Sum512(message)
	again := sha512.Sum512(digest[:])
	for _, x := range []struct {
		algorithm, kind string
		given, signed   []byte
		options         ed25519.Options
	}{
		{publickey.Ed25519, "RAW", message, message, ed25519.Options{}},
		{publickey.Ed25519PH, "DIGEST", digest[:], again[:], ed25519.Options{Hash: crypto.SHA512}},
	} {
		in := doc{"KeyId": m.KeyId, "Message": x.given, "MessageType": x.kind,
			"SigningAlgorithm": x.algorithm}
		signature := done[cryptoops.SignOutput](s, "Sign", in).Signature
		if err := ed25519.VerifyWithOptions(public, x.signed, signature, &x.options); err != nil {
			t.Errorf("%s: %v", x.algorithm, err)
		}
		in["Signature"] = signature
		if !done[cryptoops.VerifyOutput](s, "Verify", in).SignatureValid {
			t.Errorf("%s: not valid here", x.algorithm)
		}
		in["Signature"] = signature[:63]
		_, err := send[cryptoops.VerifyOutput](t.Context(), s, "Verify", in)
		refused(t, err, "KMSInvalidSignatureException", "")
	}
	for _, x := range []struct{ algorithm, kind string }{
		{publickey.Ed25519, "DIGEST"},
		{publickey.Ed25519, "EXTERNAL_MU"},
		{publickey.Ed25519PH, "RAW"},
		{publickey.Ed25519PH, "EXTERNAL_MU"},
	} {
		_, err := send[cryptoops.SignOutput](t.Context(), s, "Sign",
			doc{"KeyId": m.KeyId, "Message": digest[:], "MessageType": x.kind,
				"SigningAlgorithm": x.algorithm})
		refused(t, err, "ValidationException", "Message type "+x.kind+" is incompatible with algorithm "+
			x.algorithm+".")
	}
	_, err = send[cryptoops.SignOutput](t.Context(), s, "Sign",
		doc{"KeyId": m.KeyId, "Message": digest[1:], "MessageType": "DIGEST",
			"SigningAlgorithm": publickey.Ed25519PH})
	refused(t, err, "ValidationException", "Digest is invalid length for algorithm "+
		publickey.Ed25519PH+".")
}

// withoutPrehash is a token that signs by Ed25519 and not by Ed25519ph, as SoftHSM2 does.
type withoutPrehash struct{ *withEd25519 }

func (w withoutPrehash) Signs(alg custody.Algorithm) bool {
	return alg != publickey.Ed25519PH && w.withEd25519.Signs(alg)
}

// TestDescribeKey_AlgorithmThatTheDeviceLacks_IsNotNamed: what a key names it can do, wherever it
// is described.
func TestDescribeKey_AlgorithmThatTheDeviceLacks_IsNotNamed(t *testing.T) {
	s := startOn(t, func(token *hsm.Token) Token {
		return withoutPrehash{&withEd25519{Token: token, keys: map[string]ed25519.PrivateKey{}}}
	})
	want := []string{publickey.Ed25519}
	m := done[CreateKeyOutput](s, "CreateKey",
		doc{"KeySpec": publickey.SpecEd25519, "KeyUsage": key.SignVerify}).KeyMetadata
	described := done[DescribeKeyOutput](s, "DescribeKey", doc{"KeyId": m.KeyId}).KeyMetadata
	public := done[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", doc{"KeyId": m.KeyId})
	for name, got := range map[string][]string{"CreateKey": m.SigningAlgorithms,
		"DescribeKey": described.SigningAlgorithms, "GetPublicKey": public.SigningAlgorithms} {
		if !slices.Equal(got, want) {
			t.Errorf("%s names %v", name, got)
		}
	}
}
