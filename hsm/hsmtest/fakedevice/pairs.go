package fakedevice

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"filippo.io/mldsa"
	"filippo.io/mldsa/mldsacrypto"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secp256k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/miekg/pkcs11"

	"claviger/hsm/hsmtest"
	"claviger/hsm/internal/cryptoki"
)

func (d *Device) GenerateKeyPair(s cryptoki.Session, mechanism uint,
	public, private []cryptoki.Attribute) (cryptoki.Object, cryptoki.Object, error) {
	leave, err := d.enter("C_GenerateKeyPair", s)
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	half, key := &object{attributes: map[uint][]byte{}}, &object{attributes: map[uint][]byte{}}
	half.apply(public)
	key.apply(private)
	if key.flag(pkcs11.CKA_PRIVATE) && d.user != pkcs11.CKU_USER {
		return 0, 0, fail("C_GenerateKeyPair", pkcs11.CKR_USER_NOT_LOGGED_IN)
	}
	// Finding primes takes seconds, in which a device serves its other sessions.
	d.mu.Unlock()
	key.private, err = findKey(mechanism, half)
	if err == nil {
		key.value, err = hsmtest.PKCS8(key.private)
	}
	d.mu.Lock()
	if err != nil {
		d.t.Errorf("making a key pair: %v", err)
		return 0, 0, fail("C_GenerateKeyPair", pkcs11.CKR_MECHANISM_PARAM_INVALID)
	}
	key.describe()
	half.attributes[pkcs11.CKA_MODULUS] = key.attributes[pkcs11.CKA_MODULUS]
	half.attributes[pkcs11.CKA_EC_POINT] = pointOf(key.private)
	half.attributes[pkcs11.CKA_VALUE] = latticeOf(key.private)
	return d.add(s, half), d.add(s, key), nil
}

// findKey makes the private key that the template of its public half asks for.
func findKey(mechanism uint, half *object) (crypto.PrivateKey, error) {
	switch mechanism {
	case pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN:
		bits, _ := cryptoki.AsUlong(half.attributes[pkcs11.CKA_MODULUS_BITS])
		return rsa.GenerateKey(rand.Reader, int(bits))
	case cryptoki.CKM_EC_EDWARDS_KEY_PAIR_GEN:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case cryptoki.CKM_ML_DSA_KEY_PAIR_GEN, cryptoki.CKM_ML_KEM_KEY_PAIR_GEN:
		return findLattice(mechanism, half)
	}
	var name asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(half.attributes[pkcs11.CKA_EC_PARAMS], &name); err != nil {
		return nil, err
	}
	switch name.String() {
	case "1.2.840.10045.3.1.7":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "1.3.132.0.34":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "1.3.132.0.35":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "1.3.132.0.10":
		return secp256k1.GeneratePrivateKey()
	}
	return nil, fail("C_GenerateKeyPair", pkcs11.CKR_DOMAIN_PARAMS_INVALID)
}

// decodeKey undoes [hsmtest.PKCS8] for a key of a type, and returns nil for anything else.
func decodeKey(keyType uint, value []byte) crypto.PrivateKey {
	if number, is := bytes.CutPrefix(value, hsmtest.Secp256k1PKCS8); is &&
		keyType == pkcs11.CKK_EC && len(number) >= secp256k1.PrivKeyBytesLen {
		return secp256k1.PrivKeyFromBytes(number[:secp256k1.PrivKeyBytesLen])
	}
	if keyType == cryptoki.CKK_ML_DSA || keyType == cryptoki.CKK_ML_KEM {
		return decodeLattice(keyType, value)
	}
	key, err := x509.ParsePKCS8PrivateKey(value)
	if err != nil {
		return nil
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if keyType == pkcs11.CKK_RSA {
			return k
		}
	case *ecdsa.PrivateKey:
		if keyType == pkcs11.CKK_EC {
			return k
		}
	case ed25519.PrivateKey:
		if keyType == cryptoki.CKK_EC_EDWARDS {
			return k
		}
	}
	return nil
}

// describe sets what anybody may read of a private key.
func (o *object) describe() {
	if k, is := o.private.(*rsa.PrivateKey); is {
		o.attributes[pkcs11.CKA_MODULUS] = k.N.Bytes()
		o.attributes[pkcs11.CKA_PUBLIC_EXPONENT] = big.NewInt(int64(k.E)).Bytes()
	}
}

// pointOf is CKA_EC_POINT: a point in a DER OCTET STRING.
func pointOf(key crypto.PrivateKey) []byte {
	var point []byte
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		point, _ = k.PublicKey.Bytes()
	case *secp256k1.PrivateKey:
		point = k.PubKey().SerializeUncompressed()
	case ed25519.PrivateKey:
		point = k.Public().(ed25519.PublicKey)
	default:
		return nil
	}
	der, _ := asn1.Marshal(point)
	return der
}

func (d *Device) Sign(s cryptoki.Session, n cryptoki.Object, by cryptoki.Mechanism,
	data []byte) ([]byte, error) {
	o, err := d.using("C_Sign", s, n, pkcs11.CKA_SIGN, by.Code)
	if err != nil {
		return nil, err
	}
	if h, known := macs[by.Code]; known && o.private == nil {
		if d.onlySHA1 && len(o.value) < h.Size() {
			return nil, fail("C_SignInit", pkcs11.CKR_KEY_SIZE_RANGE) // as SoftHSM answers
		}
		return authenticate(h, o.value, data), nil
	}
	signature, err := sign(o.private, by, data)
	if err != nil {
		return nil, fail("C_Sign", pkcs11.CKR_DATA_LEN_RANGE)
	}
	if signature == nil {
		return nil, fail("C_Sign", pkcs11.CKR_KEY_TYPE_INCONSISTENT)
	}
	return signature, nil
}

// sign returns nil for a key of another type.
func sign(key crypto.PrivateKey, by cryptoki.Mechanism, data []byte) ([]byte, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if p, is := by.Parameter.(cryptoki.PSS); is && by.Code == pkcs11.CKM_RSA_PKCS_PSS {
			return rsa.SignPSS(rand.Reader, k, hashes[p.Hash], data,
				&rsa.PSSOptions{SaltLength: int(p.Salt)})
		}
		if by.Code == pkcs11.CKM_RSA_PKCS {
			return rsa.SignPKCS1v15(nil, k, 0, data)
		}
	case *ecdsa.PrivateKey:
		if by.Code == pkcs11.CKM_ECDSA {
			r, s, err := ecdsa.Sign(rand.Reader, k, data)
			size := (k.Params().N.BitLen() + 7) / 8
			return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), err
		}
	case *secp256k1.PrivateKey:
		if by.Code == pkcs11.CKM_ECDSA {
			// its first byte is for recovery
			return secp256k1ecdsa.SignCompact(k, data, false)[1:], nil
		}
	case ed25519.PrivateKey:
		if by.Code == cryptoki.CKM_EDDSA {
			options := &ed25519.Options{}
			if by.Parameter != nil {
				options.Hash = crypto.SHA512
			}
			return k.Sign(nil, data, options)
		}
	case *mldsa.PrivateKey:
		if by.Code == cryptoki.CKM_ML_DSA_EXTERNAL_MU {
			return k.Sign(nil, data, mldsacrypto.MLDSAMu)
		}
		return k.Sign(nil, data, nil)
	}
	return nil, nil
}

func (d *Device) DecryptBy(s cryptoki.Session, n cryptoki.Object, by cryptoki.Mechanism,
	ciphertext []byte) ([]byte, error) {
	o, err := d.using("C_Decrypt", s, n, pkcs11.CKA_DECRYPT, by.Code)
	if err != nil {
		return nil, err
	}
	key, is := o.private.(*rsa.PrivateKey)
	if !is {
		return nil, fail("C_Decrypt", pkcs11.CKR_KEY_TYPE_INCONSISTENT)
	}
	if by.Code == pkcs11.CKM_RSA_X_509 {
		return rawRSA(key, ciphertext), nil
	}
	p, is := by.Parameter.(cryptoki.OAEP)
	if !is || d.onlySHA1 && p.Hash != pkcs11.CKM_SHA_1 {
		return nil, fail("C_DecryptInit", pkcs11.CKR_ARGUMENTS_BAD)
	}
	plaintext, err := rsa.DecryptOAEP(hashes[p.Hash].New(), nil, key, ciphertext, nil)
	if err != nil {
		return nil, fail("C_Decrypt", pkcs11.CKR_GENERAL_ERROR) // as SoftHSM answers
	}
	return plaintext, nil
}

// rawRSA is RSADP by the Chinese remainder theorem (RFC 8017 section 5.1.2).
func rawRSA(key *rsa.PrivateKey, ciphertext []byte) []byte {
	c, p, q := new(big.Int).SetBytes(ciphertext), key.Primes[0], key.Primes[1]
	m1 := new(big.Int).Exp(c, key.Precomputed.Dp, p)
	m2 := new(big.Int).Exp(c, key.Precomputed.Dq, q)
	h := m1.Sub(m1, m2)
	h.Mul(h, key.Precomputed.Qinv).Mod(h, p)
	return m2.Add(m2, h.Mul(h, q)).FillBytes(make([]byte, key.Size()))
}

func (d *Device) DeriveKey(s cryptoki.Session, by cryptoki.Mechanism, base cryptoki.Object,
	template []cryptoki.Attribute) (cryptoki.Object, error) {
	o, err := d.using("C_DeriveKey", s, base, pkcs11.CKA_DERIVE, by.Code)
	if err != nil {
		return 0, err
	}
	key, is := o.private.(*ecdsa.PrivateKey)
	if !is {
		return 0, fail("C_DeriveKey", pkcs11.CKR_KEY_TYPE_INCONSISTENT)
	}
	own, err := key.ECDH()
	if err != nil {
		return 0, fail("C_DeriveKey", pkcs11.CKR_GENERAL_ERROR)
	}
	secret, err := shared(own, by.Parameter)
	if err != nil {
		return 0, fail("C_DeriveKey", pkcs11.CKR_MECHANISM_PARAM_INVALID)
	}
	return d.addSecret("C_DeriveKey", s, secret, template)
}

// addSecret puts a secret of key agreement on the device.
func (d *Device) addSecret(function string, s cryptoki.Session, secret []byte,
	template []cryptoki.Attribute) (cryptoki.Object, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	derived := &object{attributes: map[uint][]byte{}, value: secret}
	derived.apply(template)
	if d.refusesFlags(derived) {
		return 0, fail(function, pkcs11.CKR_ARGUMENTS_BAD)
	}
	if bytes.Equal(derived.attributes[pkcs11.CKA_SENSITIVE], []byte{0}) {
		derived.attributes[pkcs11.CKA_VALUE] = secret
	}
	return d.add(s, derived), nil
}

// shared is the x coordinate of ECDH.
func shared(own *ecdh.PrivateKey, by cryptoki.Parameter) ([]byte, error) {
	p, is := by.(cryptoki.ECDH)
	if !is {
		return nil, fail("C_DeriveKey", pkcs11.CKR_MECHANISM_PARAM_INVALID)
	}
	peer, err := own.Curve().NewPublicKey(p.Peer)
	if err != nil {
		return nil, err
	}
	return own.ECDH(peer)
}
