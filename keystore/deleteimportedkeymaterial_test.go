package keystore

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
	"claviger/store"
)

var qWrapped = store.SQL(`SELECT wrapped FROM kms_materials
	WHERE account = $1 AND region = $2 AND key_id = $3`)

// hasNoBytes checks that nothing is left of a key with one material.
func (s *service) hasNoBytes(id string) {
	s.t.Helper()
	var wrapped []byte
	err := s.DB.Row(qWrapped, []any{ourAccount, ourRegion, id}, &wrapped)
	if err != nil || len(wrapped) != 0 {
		s.t.Errorf("%d wrapped bytes are left: %v", len(wrapped), err)
	}
}

// The same bytes come back under their own name, so that all that was made by them is open again,
// and no others do.
func TestDeleteImportedKeyMaterial_SymmetricKey_ComesBackByTheSameBytes(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	material := outsideAES(t)
	first := s.importMaterial(id, material, nil)
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	sealed, err := s.sealAs("secretsmanager", id, nil, "secret")
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		in := M{"KeyId": id}
		if round == 1 {
			in["KeyMaterialId"] = first.KeyMaterialId
		}
		out := must[DeleteImportedKeyMaterialOutput](s, "DeleteImportedKeyMaterial", in)
		if out.KeyMaterialId != first.KeyMaterialId || out.KeyId != first.KeyId {
			t.Errorf("%+v", out)
		}
		s.isIn(id, key.PendingImport)
		if m := s.metadata(id); m.ExpirationModel != "" || m.ValidTo != nil ||
			m.CurrentKeyMaterialId != first.KeyMaterialId {
			t.Errorf("without material: %+v", m)
		}
		s.refuses("Decrypt", "Decrypt", M{"CiphertextBlob": blob}, "KMSInvalidStateException")
		if _, err := s.unsealAs("secretsmanager", sealed, nil); err == nil {
			t.Error("a secret is open without its key's material")
		}
		s.hasNoBytes(id)
		must[any](s, "DeleteImportedKeyMaterial", in) // what is gone is as good
		s.isIn(id, key.PendingImport)
		s.refuses("other bytes", "ImportKeyMaterial",
			s.wrapAnew(id, outsideAES(t)), "IncorrectKeyMaterialException")
		if again := s.importMaterial(id, material, nil); again != first {
			t.Errorf("%+v came back as %+v", first, again)
		}
		got := must[cryptoops.DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob})
		if string(got.Plaintext) != "x" || got.KeyMaterialId != first.KeyMaterialId {
			t.Errorf("%+v", got)
		}
		if got, err := s.unsealAs("secretsmanager", sealed, nil); got != "secret" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		s.Restart() // and from the rows alone
	}
	none := M{"KeyId": id, "KeyMaterialId": strings.Repeat("0a", 32)}
	s.refuses("an id of none", "DeleteImportedKeyMaterial", none, "NotFoundException")
	sign := s.external("ECC_NIST_P256", key.SignVerify)
	s.refuses("an id of an asymmetric key", "DeleteImportedKeyMaterial",
		M{"KeyId": sign, "KeyMaterialId": first.KeyMaterialId}, "ValidationException")
}

// Keys of these specs have one material for ever.
func TestDeleteImportedKeyMaterial_OtherSpecs_ComeBackByTheSameBytes(t *testing.T) {
	s := start(t)
	for _, x := range [][2]string{
		{"HMAC_384", key.GenerateVerifyMac}, {"RSA_2048", key.SignVerify},
		{"ECC_NIST_P384", key.KeyAgreement}, {publickey.SpecSecp256k1, key.SignVerify},
	} {
		id := s.external(x[0], x[1])
		material, private := hsmtest.Outside(t, x[0])
		if out := s.importMaterial(id, material, nil); out.KeyMaterialId != "" {
			t.Errorf("%v: %+v", x, out)
		}
		must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id})
		s.isIn(id, key.PendingImport)
		if x[0] != "RSA_2048" { // there is one RSA key of a size for all tests
			other, _ := hsmtest.Outside(t, x[0])
			s.refuses(fmt.Sprint(x), "ImportKeyMaterial",
				s.wrapAnew(id, other), "IncorrectKeyMaterialException")
		}
		s.importMaterial(id, material, nil)
		s.isIn(id, key.Enabled)
		if err := s.isOutside(id, x[0], x[1], material, private); err != nil {
			t.Errorf("%v: %v", x, err)
		}
	}
}

// Each answers as if it had been alone, and the key is in a state that fits what it has.
func TestDeleteImportedKeyMaterial_ImportsAtTheSameTime_AreInSomeOrder(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	material := outsideAES(t)
	first := s.importMaterial(id, material, nil)
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	in := s.wrapAnew(id, material)
	var all sync.WaitGroup
	again := func(request func()) {
		all.Go(func() {
			for range 8 {
				request()
			}
		})
	}
	for range 3 {
		again(func() {
			out, code := ask[ImportKeyMaterialOutput](s, "ImportKeyMaterial", in)
			if code != "" || out != first {
				t.Errorf("importing: %+v, %s", out, code)
			}
		})
		again(func() {
			_, code := ask[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id})
			if code != "" {
				t.Errorf("deleting: %s", code)
			}
		})
		again(func() {
			got, code := ask[cryptoops.DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob})
			if code == "" && string(got.Plaintext) != "x" ||
				code != "" && code != "KMSInvalidStateException" {
				t.Errorf("decrypting: %+v, %s", got, code)
			}
		})
	}
	all.Wait()
	want := key.PendingImport
	if s.materialOf(id, first.KeyMaterialId).IsPresent() {
		want = key.Enabled
	}
	s.isIn(id, want)
	s.importMaterial(id, material, nil)
	s.decrypts(blob)
	if n := s.count(qFailures); n != 0 {
		t.Errorf("%d attempts are counted", n)
	}
}

// A key and its materials are rows of their own, and are read as they were at one time.
func TestDeleteImportedKeyMaterial_KeyIsReadMeanwhile_IsWhole(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	material := outsideAES(t)
	first := s.importMaterial(id, material, nil)
	in := s.wrapAnew(id, material)
	ref := key.Ref{Account: ourAccount, Region: ourRegion, ID: id}
	var settled atomic.Bool
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for !settled.Load() {
				k, err := s.keys.rows.Load(t.Context(), ref)
				if err != nil {
					t.Error(err)
					return
				}
				present := k.Materials[first.KeyMaterialId].IsPresent()
				if present != (k.State == key.Enabled) {
					t.Errorf("revision %d is %s, with material: %t", k.Rev, k.State, present)
				}
			}
		})
	}
	for range 40 {
		must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id})
		must[any](s, "ImportKeyMaterial", in)
	}
	settled.Store(true)
	readers.Wait()
}
