package imports

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
)

// try uses an imported RSA key once and has its public half agree. That both have one modulus
// doesn't say that the private numbers are those of the public ones, nor that the modulus is of use
// at all. The other kinds are tried by their checks.
func (x *operation) try(k *object.Key) error {
	public, is := k.Public.(*rsa.PublicKey)
	if !is {
		return nil
	}
	random := make([]byte, 32)
	rand.Read(random)
	if k.Template.Usages[0] == pkcs11.CKA_SIGN {
		signature, err := x.Sign(x.s, k, dialect.Signatures["RSASSA_PKCS1_V1_5_SHA_256"], random)
		if err != nil {
			return err
		}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, random, signature)
	}
	// SHA-1, since SoftHSM has no other hash for OAEP. What it protects is random and thrown
	// away.
	ciphertext, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, public, random, nil)
	if err != nil {
		return err
	}
	by := cryptoki.Mechanism{
		Code: pkcs11.CKM_RSA_PKCS_OAEP, Parameter: dialect.OAEP["RSAES_OAEP_SHA_1"],
	}
	got, err := x.Driver.DecryptBy(x.s, k.Object, by, ciphertext)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, random) {
		return failure.ErrWrongKey
	}
	return nil
}
