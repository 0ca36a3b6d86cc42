package keystore

import (
	"fmt"
	"testing"

	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/store"

	"github.com/google/uuid"
)

func TestGetParametersForImport_MaterialTooLongForThePair_IsRefused(t *testing.T) {
	s := start(t)
	for _, alg := range []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"} {
		for _, x := range [][3]string{
			{"RSA_2048", key.SignVerify, "RSA_4096"},
			{"RSA_4096", key.EncryptDecrypt, "RSA_4096"},
			{"ECC_NIST_P521", key.SignVerify, "RSA_2048"},
			{"ECC_NIST_P521", key.KeyAgreement, "RSA_2048"},
		} {
			id := s.external(x[0], x[1])
			s.refuses(fmt.Sprint(x), "GetParametersForImport",
				M{"KeyId": id, "WrappingAlgorithm": alg, "WrappingKeySpec": x[2]},
				"UnsupportedOperationException")
		}
	}
	s.parameters(s.external("ECC_NIST_P521", key.SignVerify), "RSAES_OAEP_SHA_256", "RSA_3072")
}

func TestGetParametersForImport_WrappingThatIsNotServed_IsRefused(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	for _, x := range []document{
		{"WrappingAlgorithm": "RSAES_PKCS1_V1_5", "WrappingKeySpec": "RSA_2048"},
		{"WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2"},
		{"WrappingAlgorithm": everyKindWrapping, "WrappingKeySpec": "SM2"},
	} {
		in := x.and(M{"KeyId": id})
		s.refuses(fmt.Sprint(x), "GetParametersForImport", in, "UnsupportedOperationException")
	}
}

var qCopyPair = store.Wide(`INSERT INTO kms_import_pairs (account, region, key_id, id, algorithm,
		spec, kind, root, mechanism, wrapped, public, verifier, expires, failures, mac)
	SELECT account, region, key_id, $1, algorithm, spec, kind, root, mechanism, wrapped, public,
		verifier, expires, failures, mac FROM kms_import_pairs LIMIT 1`,
	"a test copies the one there is")

// Nobody keeps the token busy with making pairs.
func TestGetParametersForImport_TooManyPairs_IsRefused(t *testing.T) {
	s := start(t)
	id, other := s.externalAES(), s.externalAES()
	s.parameters(id, everyKindWrapping, "RSA_2048")
	for range imports.MaxPairs - 1 {
		s.alter(qCopyPair, uuid.NewString())
	}
	in := M{"KeyId": id, "WrappingAlgorithm": everyKindWrapping, "WrappingKeySpec": "RSA_2048"}
	s.refuses("one more", "GetParametersForImport", in, "LimitExceededException")
	s.parameters(other, everyKindWrapping, "RSA_2048")
}
