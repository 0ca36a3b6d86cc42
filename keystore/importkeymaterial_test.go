package keystore

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
)

// badImports returns requests that are refused, by the error's name and what is wrong with them.
// They are those that are good for a symmetric key and for one on a curve, but for one thing.
func (s *service) badImports(forAES, forCurve document) map[string]map[string]document {
	forged := bytes.Clone(forAES["ImportToken"].([]byte))
	forged[len(forged)-2] ^= 1
	some := strings.Repeat("0a", 32)
	asNew := M{"ImportType": imports.NewMaterial}
	other := forCurve["EncryptedKeyMaterial"]
	tooFar := 365*24*time.Hour + time.Second
	return map[string]map[string]document{
		"ValidationException": {
			"no ValidTo":                 forAES.and(M{"ExpirationModel": key.MaterialExpires}),
			"ValidTo for ever":           forAES.and(M{"ValidTo": s.seconds(time.Hour)}),
			"ValidTo now":                forAES.and(s.until(0)),
			"ValidTo past":               forAES.and(s.until(-time.Hour)),
			"ValidTo too late":           forAES.and(s.until(tooFar)),
			"new, and known by id":       forAES.and(asNew).and(M{"KeyMaterialId": some}),
			"a description that is none": forAES.and(M{"KeyMaterialDescription": "a\x00b"}),
			"more than the longest":      forAES.and(M{"EncryptedKeyMaterial": make([]byte, 6145)}),
			"a type for a curve":         forCurve.and(asNew),
			"an id for a curve":          forCurve.and(M{"KeyMaterialId": some}),
			"a description for a curve":  forCurve.and(M{"KeyMaterialDescription": "x"}),
		},
		"IncorrectKeyMaterialException": {
			"existing before any": forAES.and(M{"ImportType": imports.ExistingMaterial}),
			"an id of none":       forAES.and(M{"KeyMaterialId": some}),
		},
		"InvalidImportTokenException": {
			"a forged token":      forAES.and(M{"ImportToken": forged}),
			"no token":            forAES.and(M{"ImportToken": []byte("x")}),
			"another key's token": forAES.and(M{"ImportToken": forCurve["ImportToken"]}),
		},
		"InvalidCiphertextException": {
			"material for another pair": forAES.and(M{"EncryptedKeyMaterial": other}),
		},
		"UnsupportedOperationException": {
			"a key of an origin of our own": forAES.and(M{"KeyId": s.key()}),
		},
		"NotFoundException": {
			"a key that there isn't": forAES.and(M{"KeyId": anID}),
		},
	}
}

func TestImportKeyMaterial_BadRequest_ChangesNothing(t *testing.T) {
	s := start(t)
	id, sign := s.externalAES(), s.external("ECC_NIST_P256", key.SignVerify)
	material := outsideAES(t)
	p := s.parameters(id, everyKindWrapping, "RSA_2048")
	good := wrap(t, id, p, everyKindWrapping, material)
	pair, _ := hsmtest.Outside(t, "ECC_NIST_P256")
	ofSign := s.parameters(sign, everyKindWrapping, "RSA_2048")
	goodPair := wrap(t, sign, ofSign, everyKindWrapping, pair)
	for code, requests := range s.badImports(good, goodPair) {
		for what, in := range requests {
			s.refuses(what, "ImportKeyMaterial", in, code)
		}
	}
	s.refuses("another algorithm", "ImportKeyMaterial",
		wrap(t, id, p, "RSA_AES_KEY_WRAP_SHA_1", material), "InvalidCiphertextException")
	for what, in := range map[string]document{
		"a short key":                 wrap(t, id, p, everyKindWrapping, material[:16]),
		"a private key":               wrap(t, id, p, everyKindWrapping, pair),
		"a symmetric key for a curve": wrap(t, sign, ofSign, everyKindWrapping, material),
	} {
		s.refuses(what, "ImportKeyMaterial", in, "IncorrectKeyMaterialException")
	}
	s.isIn(id, key.PendingImport)
	s.isIn(sign, key.PendingImport)

	must[ImportKeyMaterialOutput](s, "ImportKeyMaterial", good)
	must[ImportKeyMaterialOutput](s, "ImportKeyMaterial", goodPair)
	s.refuses("a key's own bytes as new", "ImportKeyMaterial",
		good.and(M{"ImportType": imports.NewMaterial}), "IncorrectKeyMaterialException")
	other, _ := hsmtest.Outside(t, "ECC_NIST_P256")
	s.refuses("another pair", "ImportKeyMaterial",
		wrap(t, sign, ofSign, everyKindWrapping, other), "IncorrectKeyMaterialException")
}

func TestCreateKey_ExternalOfASpecThatIsNotImported_IsRefused(t *testing.T) {
	s := start(t)
	for spec, usage := range map[string]string{
		publickey.SpecEd25519: key.SignVerify,
		"ML_DSA_65":           key.SignVerify,
		"ML_KEM_768":          key.EncapsulateDecapsulate,
		"SM2":                 key.SignVerify,
	} {
		in := M{"Origin": key.OriginExternal, "KeySpec": spec, "KeyUsage": usage}
		s.refuses(spec, "CreateKey", in, "UnsupportedOperationException")
	}
}

func TestImports_KeyOfTheServicesOwnOrigin_AreRefused(t *testing.T) {
	s := start(t)
	for _, name := range []string{"GetParametersForImport", "DeleteImportedKeyMaterial"} {
		in := M{"KeyId": s.key(), "WrappingAlgorithm": everyKindWrapping, "WrappingKeySpec": "RSA_2048"}
		s.refuses(name, name, in, "UnsupportedOperationException")
	}
}

// What has all its material is not enabled by an import; what lacked some is.
func TestImportKeyMaterial_DisabledKey_StaysDisabled(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	material := outsideAES(t)
	s.importMaterial(id, material, nil)
	must[any](s, "DisableKey", M{"KeyId": id})
	s.importMaterial(id, material, nil)
	s.isIn(id, key.Disabled)
	must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id})
	s.importMaterial(id, material, nil)
	s.isIn(id, key.Enabled)
}

// One new material at a time, and only with symmetric keys.
func TestImportKeyMaterial_NewMaterial_WaitsForItsRotation(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	one, two, three := outsideAES(t), outsideAES(t), outsideAES(t)
	asNew := M{"ImportType": imports.NewMaterial}
	first := s.importMaterial(id, one, M{"KeyMaterialDescription": "the first"})
	second := s.importMaterial(id, two,
		M{"ImportType": imports.NewMaterial, "KeyMaterialDescription": "the second"})
	if second.KeyMaterialId == first.KeyMaterialId ||
		s.metadata(id).CurrentKeyMaterialId != first.KeyMaterialId {
		t.Errorf("%+v, %+v", first, second)
	}
	s.isIn(id, key.Enabled)

	p := s.parameters(id, everyKindWrapping, "RSA_2048")
	asSecond := M{"KeyMaterialId": second.KeyMaterialId}
	s.refuses("a third", "ImportKeyMaterial",
		wrap(t, id, p, everyKindWrapping, three).and(asNew), "KMSInvalidStateException")
	s.refuses("the wrong one", "ImportKeyMaterial",
		wrap(t, id, p, everyKindWrapping, one).and(asSecond), "IncorrectKeyMaterialException")
	must[any](s, "ImportKeyMaterial", wrap(t, id, p, everyKindWrapping, two).and(asSecond))
	if m := s.materialOf(id, second.KeyMaterialId); m.RotationType != key.RotationPending ||
		m.Description != "the second" || !m.IsPresent() {
		t.Errorf("%+v", m)
	}

	must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id, "KeyMaterialId": second.KeyMaterialId})
	s.isIn(id, key.Enabled) // it was never used
	s.refuses("one that is forgotten", "ImportKeyMaterial",
		wrap(t, id, p, everyKindWrapping, two), "IncorrectKeyMaterialException")
	third := s.importMaterial(id, three, asNew)
	if slices.Contains([]string{first.KeyMaterialId, second.KeyMaterialId}, third.KeyMaterialId) {
		t.Errorf("%+v", third)
	}

	must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id})
	s.isIn(id, key.PendingImport)
	s.importMaterial(id, three, nil) // it doesn't bring the first back
	s.isIn(id, key.PendingImport)
	s.importMaterial(id, one, nil)
	s.isIn(id, key.Enabled)
}

// The trail says how a key came in, and nothing of the key.
func TestImportKeyMaterial_Record_SaysTheUnwrapPath(t *testing.T) {
	s := start(t)
	for alg, path := range map[string]string{
		"RSAES_OAEP_SHA_1":         "token",
		"RSA_AES_KEY_WRAP_SHA_1":   "token",
		"RSAES_OAEP_SHA_256":       "key material in the service's memory",
		"RSA_AES_KEY_WRAP_SHA_256": "wrapping key in the service's memory",
	} {
		id := s.externalAES()
		in := wrap(t, id, s.parameters(id, alg, "RSA_2048"), alg, outsideAES(t))
		must[any](s, "ImportKeyMaterial", in)
		found := 0
		for _, r := range s.Records() {
			if strings.Contains(r, `"eventName":"ImportKeyMaterial"`) && strings.Contains(r, id) &&
				strings.Contains(r, `"unwrapPath":"`+path+`"`) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s: %d records say %q", alg, found, path)
		}
	}
}
