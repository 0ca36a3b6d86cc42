package hsm_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/internal/kwp"
	"claviger/internal/custody"
)

// What the threat model says of SoftHSM2, tried: it is what the device doesn't promise.

// Vendor attributes and types of values in SoftHSM2's files (OSAttributes.h and ObjectFile.cpp of
// its version 2.6).
const (
	softHSMUserPIN = 0x80000000 + 0x5348 + 5

	storedBoolean, storedNumber, storedBytes, storedMap, storedSet = 1, 2, 3, 4, 5
)

// stored reads the byte strings of one of SoftHSM2's files by attribute.
func stored(t *testing.T, path string) map[uint64][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	number := func() (n uint64) {
		n, data = binary.BigEndian.Uint64(data), data[8:]
		return n
	}
	skip := func(n uint64) (taken []byte) {
		taken, data = data[:n], data[n:]
		return taken
	}
	number() // how often it was written
	found := map[uint64][]byte{}
	for len(data) >= 16 {
		switch attribute, kind := number(), number(); kind {
		case storedBoolean:
			skip(1)
		case storedNumber:
			number()
		case storedBytes:
			found[attribute] = skip(number())
		case storedMap:
			skip(number())
		case storedSet:
			skip(8 * number())
		default:
			t.Fatalf("%s has a value of type %d", path, kind)
		}
	}
	return found
}

// openStored decrypts a byte string: AES-CBC with the IV in front and PKCS#7 padding.
func openStored(key, sealed []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil || len(sealed) < 2*aes.BlockSize || len(sealed)%aes.BlockSize != 0 {
		return nil
	}
	plain := make([]byte, len(sealed)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, sealed[:aes.BlockSize]).CryptBlocks(plain, sealed[aes.BlockSize:])
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize {
		return nil
	}
	return plain[:len(plain)-n]
}

// storedKey is the key of a token's files, which the PIN seals: salt, and what AES-256 seals by the
// SHA-256 of salt and PIN, hashed again some 1,500 times.
func storedKey(t *testing.T, dir, pin string) []byte {
	t.Helper()
	sealed := stored(t, filepath.Join(dir, "token.object"))[softHSMUserPIN]
	salt := sealed[:8]
	sum := sha256.Sum256(append(bytes.Clone(salt), pin...))
	for range 1500 + int(salt[7]) - 1 {
		sum = sha256.Sum256(sum[:])
	}
	key, is := bytes.CutPrefix(openStored(sum[:], sealed[8:]), []byte("RJR"))
	if !is || len(key) != 32 {
		t.Fatal("the PIN doesn't open the token's key")
	}
	return key
}

// TestSoftHSM_PINAndFiles_GiveEveryKey: with the PIN and a copy of the files, and without one call
// to PKCS#11, the root opens whatever it wrapped, whatever its attributes say. It holds on no
// device whose keys are not in files.
func TestSoftHSM_PINAndFiles_GiveEveryKey(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	sealed, err := tok.Seal(background, m.Rest(), []byte("a secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := hsmtest.Dir(t, tok.Facts().Serial)
	key := storedKey(t, dir, hsmtest.PIN)
	files, err := filepath.Glob(filepath.Join(dir, "*.object"))
	if err != nil {
		t.Fatal(err)
	}
	var root []byte
	for _, path := range files {
		object := stored(t, path)
		if string(openStored(key, object[pkcs11.CKA_LABEL])) == "claviger root" {
			root = openStored(key, object[pkcs11.CKA_VALUE])
		}
	}
	value, ok := kwp.Unwrap(root, m.Wrapped)
	if !ok {
		t.Fatalf("what was found in %d files is not the root", len(files))
	}
	block, err := aes.NewCipher(value)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	n := gcm.NonceSize()
	if plain, err := gcm.Open(nil, sealed[:n], sealed[n:], nil); string(plain) != "a secret" {
		t.Errorf("opened %q, %v", plain, err)
	}
}

// TestSoftHSM_WrongPINs_LockNothing: whoever has the token may guess on.
func TestSoftHSM_WrongPINs_LockNothing(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	wrong := c
	wrong.PIN = pin("0000-wrong-pin")
	for range 20 {
		refused(t, wrong, hsm.ErrPIN)
	}
	hsmtest.Open(t, c)
}

// TestSoftHSM_OfficerSetsThePIN_EverythingOpens: the user's PIN is the officer's to set.
func TestSoftHSM_OfficerSetsThePIN_EverythingOpens(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	sealed, err := tok.Seal(background, m.Rest(), []byte("a secret"), nil)
	if err = errors.Join(err, tok.Close()); err != nil {
		t.Fatal(err)
	}
	hsmtest.SetPIN(t, c, "the officer's own")
	refused(t, c, hsm.ErrPIN)
	c.PIN = pin("the officer's own")
	tok = hsmtest.Open(t, c)
	if got, err := tok.Unseal(background, m.Rest(), sealed, nil); string(got) != "a secret" {
		t.Errorf("opened %q, %v", got, err)
	}
}

// TestSoftHSM_DerivingFromPartsOfAKey_IsUnknown: the root can't forbid it, so a device must not do
// it.
func TestSoftHSM_DerivingFromPartsOfAKey_IsUnknown(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	hsmtest.Open(t, c)
	p, slot := hsmtest.Attacker(t, c)
	for _, code := range []uint{pkcs11.CKM_EXTRACT_KEY_FROM_KEY, pkcs11.CKM_XOR_BASE_AND_DATA,
		pkcs11.CKM_CONCATENATE_BASE_AND_KEY, pkcs11.CKM_CONCATENATE_BASE_AND_DATA,
		pkcs11.CKM_CONCATENATE_DATA_AND_BASE} {
		_, err := p.GetMechanismInfo(slot, []*pkcs11.Mechanism{pkcs11.NewMechanism(code, nil)})
		if err != pkcs11.Error(pkcs11.CKR_MECHANISM_INVALID) {
			t.Errorf("mechanism 0x%X: %v", code, err)
		}
	}
}

// TestSoftHSM_OfficerMarksAKeyTrusted_KeysAreReadUnderIt: nothing is promised against the security
// officer, who with the user's PIN and a stolen blob needs no more than PKCS#11.
func TestSoftHSM_OfficerMarksAKeyTrusted_KeysAreReadUnderIt(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	if err := tok.Close(); err != nil {
		t.Fatal(err)
	}
	p, slot := hsmtest.Attacker(t, c)
	s, err := p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	kek := bytes.Repeat([]byte{7}, 32)
	attribute := pkcs11.NewAttribute
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(p.Login(s, pkcs11.CKU_SO, hsmtest.SOPIN))
	trusted, err := p.CreateObject(s, []*pkcs11.Attribute{
		attribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		attribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES), attribute(pkcs11.CKA_TOKEN, false),
		attribute(pkcs11.CKA_PRIVATE, false), attribute(pkcs11.CKA_SENSITIVE, false),
		attribute(pkcs11.CKA_WRAP, true), attribute(pkcs11.CKA_TRUSTED, true),
		attribute(pkcs11.CKA_VALUE, kek)})
	must(err)
	must(p.Logout(s))
	must(p.Login(s, pkcs11.CKU_USER, hsmtest.PIN))
	wrap := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}
	root := find(t, p, s, attribute(pkcs11.CKA_LABEL, "claviger root"))
	key, err := p.UnwrapKey(s, wrap, root[0], m.Wrapped, []*pkcs11.Attribute{
		attribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		attribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES), attribute(pkcs11.CKA_TOKEN, false),
		attribute(pkcs11.CKA_PRIVATE, true), attribute(pkcs11.CKA_SENSITIVE, true),
		attribute(pkcs11.CKA_EXTRACTABLE, true), attribute(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
		attribute(pkcs11.CKA_COPYABLE, false), attribute(pkcs11.CKA_MODIFIABLE, false)})
	must(err)
	wrapped, err := p.WrapKey(s, wrap, trusted, key)
	must(err)
	if value, ok := kwp.Unwrap(kek, wrapped); !ok || len(value) != 32 {
		t.Error("the threat model says more of the officer than is true")
	}
}
