package hsmtest

import (
	"crypto/rand"
	"errors"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
)

// Raw is a token used through miekg/pkcs11 and nothing else: no pool, no deadlines, no
// checks, no cure. It is what a benchmark compares with. Several of them may be used at once,
// each by one goroutine.
type Raw struct {
	p                   *pkcs11.Ctx
	session             pkcs11.SessionHandle
	aes, hmac, wrapping pkcs11.ObjectHandle
	ecdsa, rsa          pkcs11.ObjectHandle // private keys, the same for all
	wrapped             []byte
	template            []*pkcs11.Attribute
}

// OpenRaw logs in on the token that c names and makes n Raws with session keys of their own. Key
// pairs take long to make: there is one of each type for all of them.
func OpenRaw(c hsm.Config, n int) ([]*Raw, error) {
	p := pkcs11.New(c.Module)
	if p == nil {
		return nil, hsm.ErrModule
	}
	if err := p.Initialize(); err != nil &&
		!errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		return nil, err
	}
	slots, err := p.GetSlotList(true)
	if err != nil {
		return nil, err
	}
	for _, slot := range slots {
		if info, err := p.GetTokenInfo(slot); err == nil && info.Label == c.TokenLabel {
			return openRaw(p, slot, c, n)
		}
	}
	return nil, hsm.ErrNoToken
}

func openRaw(p *pkcs11.Ctx, slot uint, c hsm.Config, n int) (all []*Raw, err error) {
	for range n {
		r := &Raw{p: p}
		if r.session, err = p.OpenSession(slot,
			pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION); err != nil {
			return nil, err
		}
		pin, err := c.PIN()
		if err != nil {
			return nil, err
		}
		if err := p.Login(r.session, pkcs11.CKU_USER, string(pin)); err != nil &&
			!errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
			return nil, err
		}
		if err := r.keys(); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	if err := all[0].pairs(); err != nil {
		return nil, err
	}
	for _, r := range all {
		r.ecdsa, r.rsa = all[0].ecdsa, all[0].rsa
	}
	return all, nil
}

// pairs makes a P-256 pair and one of RSA-2048, both of the session. Others of the same process may
// use them.
func (r *Raw) pairs() (err error) {
	private := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true), pkcs11.NewAttribute(pkcs11.CKA_SIGN, true)}
	generate := func(mechanism uint,
		public ...*pkcs11.Attribute) (key pkcs11.ObjectHandle, err error) {
		_, key, err = r.p.GenerateKeyPair(r.session,
			[]*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, public, private)
		return key, err
	}
	r.ecdsa, err = generate(pkcs11.CKM_EC_KEY_PAIR_GEN,
		pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, []byte{
			0x06, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7,
		}))
	if err != nil {
		return err
	}
	r.rsa, err = generate(pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN,
		pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, 2048),
		pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}))
	return err
}

// keys makes one key for each use, all of the session.
func (r *Raw) keys() (err error) {
	flags := func(on ...uint) []*pkcs11.Attribute {
		a := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
			pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
			pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
			pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
			pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32)}
		for _, f := range on {
			a = append(a, pkcs11.NewAttribute(f, true))
		}
		return a
	}
	generate := func(mechanism uint, on ...uint) (pkcs11.ObjectHandle, error) {
		return r.p.GenerateKey(r.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)},
			flags(on...))
	}
	if r.aes, err = generate(pkcs11.CKM_AES_KEY_GEN, pkcs11.CKA_ENCRYPT,
		pkcs11.CKA_DECRYPT); err != nil {
		return err
	}
	if r.hmac, err = generate(pkcs11.CKM_GENERIC_SECRET_KEY_GEN, pkcs11.CKA_SIGN); err != nil {
		return err
	}
	if r.wrapping, err = generate(pkcs11.CKM_AES_KEY_GEN, pkcs11.CKA_WRAP,
		pkcs11.CKA_UNWRAP); err != nil {
		return err
	}
	r.template = []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true)}
	r.wrapped, err = r.p.WrapKey(r.session,
		[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}, r.wrapping,
		r.aes)
	return err
}

// Seal encrypts by AES-GCM under a random IV of 12 bytes, which it returns before the ciphertext.
func (r *Raw) Seal(plaintext []byte) ([]byte, error) {
	iv := make([]byte, 12)
	rand.Read(iv)
	g := pkcs11.NewGCMParams(iv, nil, 128)
	defer g.Free()
	if err := r.p.EncryptInit(r.session,
		[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, g)}, r.aes); err != nil {
		return nil, err
	}
	ciphertext, err := r.p.Encrypt(r.session, plaintext)
	return append(iv, ciphertext...), err
}

// Unseal opens what Seal returned.
func (r *Raw) Unseal(sealed []byte) ([]byte, error) { return r.unseal(sealed, r.aes) }

func (r *Raw) unseal(sealed []byte, key pkcs11.ObjectHandle) ([]byte, error) {
	g := pkcs11.NewGCMParams(sealed[:12], nil, 128)
	defer g.Free()
	if err := r.p.DecryptInit(r.session,
		[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, g)}, key); err != nil {
		return nil, err
	}
	return r.p.Decrypt(r.session, sealed[12:])
}

// UnwrapAndUnseal opens what Seal returned by a key that it unwraps for the purpose and destroys.
func (r *Raw) UnwrapAndUnseal(sealed []byte) ([]byte, error) {
	key, err := r.p.UnwrapKey(r.session,
		[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}, r.wrapping,
		r.wrapped, r.template)
	if err != nil {
		return nil, err
	}
	plaintext, err := r.unseal(sealed, key)
	return plaintext, errors.Join(err, r.p.DestroyObject(r.session, key))
}

// MAC is HMAC-SHA-256.
func (r *Raw) MAC(data []byte) ([]byte, error) {
	return r.sign(pkcs11.NewMechanism(pkcs11.CKM_SHA256_HMAC, nil), r.hmac, data)
}

// SignECDSA signs a digest of 32 bytes by P-256, and leaves the signature in the module's form.
func (r *Raw) SignECDSA(digest []byte) ([]byte, error) {
	return r.sign(pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), r.ecdsa, digest)
}

// SignPSS signs a SHA-256 digest by RSASSA-PSS with a key of 2048 bits.
func (r *Raw) SignPSS(digest []byte) ([]byte, error) {
	return r.sign(pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS,
		pkcs11.NewPSSParams(pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256, 32)), r.rsa, digest)
}

func (r *Raw) sign(m *pkcs11.Mechanism, key pkcs11.ObjectHandle, data []byte) ([]byte, error) {
	if err := r.p.SignInit(r.session, []*pkcs11.Mechanism{m}, key); err != nil {
		return nil, err
	}
	return r.p.Sign(r.session, data)
}
