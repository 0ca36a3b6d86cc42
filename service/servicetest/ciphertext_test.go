package servicetest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"

	"claviger/service/servicetest"
)

// TestDecrypt_AlteredCiphertext_IsRefusedAlike flips every bit of a ciphertext, cuts it at every
// length, and lengthens it: every answer to a caller who names the key is one and the same, so that
// none of them tells what was wrong. Who doesn't name the key lets the ciphertext do it: then a
// flip in the key's id asks for a key that isn't there, and AWS answers so.
func TestDecrypt_AlteredCiphertext_IsRefusedAlike(t *testing.T) {
	s := servicetest.Start(t)
	t.Run("of a single-Region key",
		func(t *testing.T) { alteredAlike(t, s, createKey(t, s.KMS()).KeyId) })
	t.Run("of a multi-Region key",
		func(t *testing.T) { alteredAlike(t, s, multiRegionKey(t, s.KMS(), servicetest.Abroad).KeyId) })
}

func alteredAlike(t *testing.T, s *servicetest.Server, keyID *string) {
	c := s.KMS()
	good := encrypt(t, c, keyID, "a plaintext of some length", map[string]string{"a": "b"})
	id := must(hex.DecodeString(strings.ReplaceAll(strings.TrimPrefix(*keyID, "mrk-"), "-", "")))(t)
	at := bytes.Index(good, id)
	if at < 0 {
		t.Fatal("the ciphertext does not carry the key's id")
	}
	decrypt := func(blob []byte, named string) servicetest.Answer {
		return s.Do(t, "TrentService.Decrypt", `{`+named+
			`"EncryptionContext":{"a":"b"},"CiphertextBlob":"`+base64.StdEncoding.EncodeToString(blob)+`"}`)
	}
	name := `"KeyId":"` + *keyID + `",`
	if a := decrypt(good, name); a.Status != http.StatusOK {
		t.Fatalf("the good one: %d %s", a.Status, a.Body)
	}
	const alike = `{"__type":"InvalidCiphertextException"}`
	check := func(what string, n int, blob []byte, inID bool) {
		t.Helper()
		if a := decrypt(blob, ""); inID && a.Code() != "AccessDeniedException" || !inID &&
			(a.Status != 400 || string(a.Body) != alike) {
			t.Errorf("%s %d: %d %s", what, n, a.Status, a.Body)
		}
		a := decrypt(blob, name)
		if want := "IncorrectKeyException"; inID && a.Code() != want || !inID &&
			(a.Status != 400 || string(a.Body) != alike) {
			t.Errorf("%s %d with the key named: %d %s", what, n, a.Status, a.Body)
		}
	}
	for bit := range 8 * len(good) {
		blob := slices.Clone(good)
		blob[bit/8] ^= 1 << (bit % 8)
		check("bit", bit, blob, at <= bit/8 && bit/8 < at+len(id))
	}
	for n := 1; n < len(good); n++ {
		check("cut to", n, good[:n], false)
	}
	for _, n := range []int{1, 16, 4096} {
		check("longer by", n, append(slices.Clone(good), make([]byte, n)...), false)
	}
	check("all zeros", len(good), make([]byte, len(good)), false)
	check("twice", 2, append(slices.Clone(good), good...), false)
	other := encrypt(t, c, keyID, "a plaintext of some length", map[string]string{"a": "b"})
	check("two halves", 0, append(slices.Clone(good[:len(good)-20]), other[len(other)-20:]...), false)
	if a := decrypt(good, name); a.Status != http.StatusOK {
		t.Errorf("after all that the good one: %d %s", a.Status, a.Body)
	}
	if err := s.Service().Ready(); err != nil {
		t.Errorf("callers' bad ciphertexts took the token away from everybody: %v", err)
	}
	if strings.Contains(s.Log.String(), "level=ERROR") {
		t.Errorf("a caller's mistake is logged as the service's:\n%.2000s", s.Log)
	}
}
