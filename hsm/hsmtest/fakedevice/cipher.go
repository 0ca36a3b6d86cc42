package fakedevice

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

// using begins a use of a key.
func (d *Device) using(function string, s cryptoki.Session, n cryptoki.Object,
	usage, mechanism uint) (*object, error) {
	leave, err := d.enter(function, s)
	if err != nil {
		return nil, err
	}
	defer leave()
	o, err := d.key(function, n)
	if err != nil {
		return nil, err
	}
	if code := o.allows(usage, mechanism); code != 0 && !d.neglected[usage] {
		return nil, fail(function, code)
	}
	return o, nil
}

func (d *Device) Encrypt(s cryptoki.Session, key cryptoki.Object, g cryptoki.GCM,
	iv, plaintext []byte) ([]byte, error) {
	o, err := d.using("C_Encrypt", s, key, pkcs11.CKA_ENCRYPT, g.Mechanism)
	if err != nil {
		return nil, err
	}
	if d.ownIV != (g.Origin == cryptoki.InFront) {
		return nil, fail("C_Encrypt", pkcs11.CKR_MECHANISM_PARAM_INVALID)
	}
	if d.ownIV {
		iv = make([]byte, cryptoki.IVSize)
		rand.Read(iv)
	}
	if !aesSize(o.value) {
		return nil, fail("C_EncryptInit", pkcs11.CKR_MECHANISM_INVALID) // as SoftHSM answers
	}
	return gcm(o.value).Seal(bytes.Clone(iv), iv, plaintext, g.AAD), nil
}

func (d *Device) Decrypt(s cryptoki.Session, key cryptoki.Object, g cryptoki.GCM,
	sealed []byte) ([]byte, error) {
	o, err := d.using("C_Decrypt", s, key, pkcs11.CKA_DECRYPT, g.Mechanism)
	if err != nil {
		return nil, err
	}
	if !aesSize(o.value) {
		return nil, fail("C_DecryptInit", pkcs11.CKR_MECHANISM_INVALID)
	}
	plaintext, err := gcm(o.value).Open(nil, sealed[:cryptoki.IVSize], sealed[cryptoki.IVSize:], g.AAD)
	if err != nil && !d.neglected[pkcs11.CKA_DECRYPT] {
		return nil, fail("C_Decrypt", pkcs11.CKR_GENERAL_ERROR) // as SoftHSM answers
	}
	return plaintext, nil
}

func aesSize(key []byte) bool { return len(key) == 16 || len(key) == 24 || len(key) == 32 }

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func authenticate(hash crypto.Hash, key, data []byte) []byte {
	h := hmac.New(hash.New, key)
	h.Write(data)
	return h.Sum(nil)
}
