package hsm_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

const authenticatorLabel = "claviger authenticator"

// authenticator finds the authenticator on a token, as somebody with the PIN does.
func authenticator(t *testing.T, c hsm.Config) (*pkcs11.Ctx, pkcs11.SessionHandle,
	pkcs11.ObjectHandle) {
	t.Helper()
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	found := find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_LABEL, authenticatorLabel))
	if len(found) != 1 {
		t.Fatalf("the token holds %d authenticators", len(found))
	}
	return p, s, found[0]
}

// authenticated is what a token's authenticator makes.
func authenticated(t *testing.T, tok *hsm.Token, purpose, data string) []byte {
	t.Helper()
	mac, err := tok.Authenticate(background, purpose, []byte(data))
	if err != nil || len(mac) != sha256.Size {
		t.Fatalf("%d bytes, %v", len(mac), err)
	}
	return mac
}

func TestAuthenticate_PurposeAndData_AreKeptApart(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	seen := map[string]bool{}
	for _, in := range [][2]string{
		{"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"}, {"ab", "d"}, {"", ""},
	} {
		seen[string(authenticated(t, tok, in[0], in[1]))] = true
	}
	if len(seen) != 6 {
		t.Errorf("of 6 inputs %d are told apart", len(seen))
	}
	mac := authenticated(t, tok, "a", "b")
	if other := authenticated(t, hsmtest.Open(t, hsmtest.SoftHSM(t)), "a",
		"b"); bytes.Equal(mac, other) {
		t.Error("two tokens share an authenticator")
	}
	if err := tok.Close(); err != nil {
		t.Fatal(err)
	}
	if again := authenticated(t, hsmtest.Open(t, c), "a", "b"); !bytes.Equal(mac, again) {
		t.Error("after a restart it is another")
	}
}

// TestAuthenticator_AttackerWithPIN_GetsNothing tries with the PIN what would let the authenticator
// out or misuse it.
func TestAuthenticator_AttackerWithPIN_GetsNothing(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	hsmtest.Open(t, c)
	p, s, key := authenticator(t, c)
	staysInside(t, p, s, key, map[uint]byte{pkcs11.CKA_TOKEN: 1, pkcs11.CKA_PRIVATE: 1,
		pkcs11.CKA_SENSITIVE: 1, pkcs11.CKA_EXTRACTABLE: 0, pkcs11.CKA_SIGN: 1,
		pkcs11.CKA_VERIFY: 1, pkcs11.CKA_ENCRYPT: 0, pkcs11.CKA_DECRYPT: 0, pkcs11.CKA_WRAP: 0,
		pkcs11.CKA_UNWRAP: 0, pkcs11.CKA_DERIVE: 0, pkcs11.CKA_NEVER_EXTRACTABLE: 1,
		pkcs11.CKA_LOCAL: 1}, pkcs11.CKA_DERIVE)
	root := find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_LABEL, "claviger root"))
	wrap := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}
	if _, err := p.WrapKey(s, wrap, root[0], key); err == nil {
		t.Error("the root wraps the authenticator")
	}
	for _, mechanism := range []uint{pkcs11.CKM_SHA_1_HMAC, pkcs11.CKM_SHA512_HMAC} {
		if err := p.SignInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)},
			key); err == nil {
			t.Errorf("it signs by mechanism 0x%X", mechanism)
		}
	}
}

// TestOpen_AuthenticatorNotTheOneOfTheRoot_IsRefused: missing, there twice, or one that may do more.
func TestOpen_AuthenticatorNotTheOneOfTheRoot_IsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		keep   bool
		change map[uint]any // of one that is put beside it, or in its place
		want   error
	}{
		"missing":       {want: hsm.ErrNoAuthenticator},
		"twice":         {keep: true, change: map[uint]any{}, want: hsm.ErrNoAuthenticator},
		"of another id": {change: map[uint]any{pkcs11.CKA_ID: "another"}, want: hsm.ErrNoAuthenticator},
		"readable":      {change: map[uint]any{pkcs11.CKA_SENSITIVE: false}, want: hsm.ErrUnsafe},
		"extractable":   {change: map[uint]any{pkcs11.CKA_EXTRACTABLE: true}, want: hsm.ErrUnsafe},
		"derives":       {change: map[uint]any{pkcs11.CKA_DERIVE: true}, want: hsm.ErrUnsafe},
		"encrypts":      {change: map[uint]any{pkcs11.CKA_ENCRYPT: true}, want: hsm.ErrUnsafe},
		"public":        {change: map[uint]any{pkcs11.CKA_PRIVATE: false}, want: hsm.ErrUnsafe},
		"by any mechanism": {
			change: map[uint]any{pkcs11.CKA_ALLOWED_MECHANISMS: nil}, want: hsm.ErrUnsafe,
		},
		"modifiable": {change: map[uint]any{pkcs11.CKA_MODIFIABLE: true}, want: hsm.ErrUnsafe},
		"copyable":   {change: map[uint]any{pkcs11.CKA_COPYABLE: true}, want: hsm.ErrUnsafe},
	} {
		t.Run(name, func(t *testing.T) {
			c := hsmtest.SoftHSM(t)
			hsmtest.Open(t, hsmtest.SoftHSM(t)) // keeps the module up
			p, s, key := authenticator(t, c)
			if test.change != nil {
				put(t, p, s, key, test.change)
			}
			if !test.keep {
				if err := p.DestroyObject(s, key); err != nil {
					t.Fatal(err)
				}
			}
			refused(t, c, test.want)
		})
	}
}

// put makes a key like another one but for some attributes; nil leaves one out.
func put(t *testing.T, p *pkcs11.Ctx, s pkcs11.SessionHandle, like pkcs11.ObjectHandle,
	change map[uint]any) {
	t.Helper()
	var template []*pkcs11.Attribute
	for _, a := range []uint{pkcs11.CKA_CLASS, pkcs11.CKA_KEY_TYPE, pkcs11.CKA_LABEL,
		pkcs11.CKA_ID, pkcs11.CKA_TOKEN, pkcs11.CKA_PRIVATE, pkcs11.CKA_SENSITIVE,
		pkcs11.CKA_EXTRACTABLE, pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT, pkcs11.CKA_SIGN,
		pkcs11.CKA_VERIFY, pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP, pkcs11.CKA_DERIVE,
		pkcs11.CKA_ALLOWED_MECHANISMS, pkcs11.CKA_COPYABLE, pkcs11.CKA_MODIFIABLE} {
		value, changes := change[a]
		if !changes {
			got, err := p.GetAttributeValue(s, like, []*pkcs11.Attribute{pkcs11.NewAttribute(a, nil)})
			if err != nil {
				t.Fatal(err)
			}
			value = got[0].Value
		}
		if value != nil {
			template = append(template, pkcs11.NewAttribute(a, value))
		}
	}
	template = append(template, pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32))
	if _, err := p.GenerateKey(s, []*pkcs11.Mechanism{
		pkcs11.NewMechanism(pkcs11.CKM_GENERIC_SECRET_KEY_GEN, nil)}, template); err != nil {
		t.Fatal(err)
	}
}

// TestLogin_AuthenticatorReplaced_IsNotReady: under another one every key would be refused, one by
// one, so the token is.
func TestLogin_AuthenticatorReplaced_IsNotReady(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	p, s, key := authenticator(t, c)
	put(t, p, s, key, map[uint]any{})
	if err := p.DestroyObject(s, key); err != nil {
		t.Fatal(err)
	}
	putBack := hsmtest.Pull(t, tok.Facts().Serial)
	eventually(t, "the token is lost", func() bool { return tok.Ready() != nil })
	putBack()
	eventually(t, "it says why", func() bool {
		return errors.Is(tok.Ready(), hsm.ErrNoAuthenticator)
	})
}

// TestInitialize_AuthenticatorLeftOver_IsCleared: one without a root is of a ceremony that was cut
// short.
func TestInitialize_AuthenticatorLeftOver_IsCleared(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	hsmtest.Open(t, hsmtest.SoftHSM(t)) // keeps the module up
	p, s, before := authenticator(t, c)
	id := func(key pkcs11.ObjectHandle) []byte {
		v, err := p.GetAttributeValue(s, key, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_ID, nil)})
		if err != nil {
			t.Fatal(err)
		}
		return v[0].Value
	}
	old := id(before)
	for _, root := range find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_LABEL, "claviger root")) {
		if err := p.DestroyObject(s, root); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := hsm.Initialize(background,
		hsm.Ceremony{Config: c, SOPIN: pin(hsmtest.SOPIN)}); err != nil {
		t.Fatal(err)
	}
	var after pkcs11.ObjectHandle
	if p, s, after = authenticator(t, c); bytes.Equal(id(after), old) {
		t.Error("the one of before is still there")
	}
	hsmtest.Open(t, c)
}

// TestAuthenticator_NamedByMaterial_IsRefused: its CKA_ID is no secret, and no row may make a key of
// it that a caller can use.
func TestAuthenticator_NamedByMaterial_IsRefused(t *testing.T) {
	c := residentConfig(t)
	tok := hsmtest.Open(t, c)
	p, s, key := authenticator(t, c)
	v, err := p.GetAttributeValue(s, key, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_ID, nil)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []custody.Kind{custody.HMAC256, custody.RowMAC, custody.AES256,
		custody.IdentitySeal, custody.Ed25519Sign} {
		m := custody.Material{ID: "k", Kind: kind, Root: tok.Facts().Serial,
			Mechanism: custody.Resident, Wrapped: v[0].Value}
		if _, err := tok.MAC(background, m.Rest(), []byte("x")); err == nil {
			t.Errorf("a material of kind %s made a MAC", kind)
		}
		tok.Forget(m.ID)
		if err := tok.Destroy(background, m.Wrapped); err != nil {
			t.Errorf("what isn't there: %v", err)
		}
	}
	authenticated(t, tok, "a", "b")
}

// TestCheckValue_MadeByAUserOfTheKey_IsRefused: whoever may use a key, or knows its bytes, can make
// all of a check value but the authenticator's MAC, so that no key can be put in another's place.
func TestCheckValue_MadeByAUserOfTheKey_IsRefused(t *testing.T) {
	for _, kind := range []custody.Kind{custody.AES256, custody.HMAC256, custody.HMAC512,
		custody.RowMAC, custody.IdentitySeal, custody.P256Derive, custody.P256Sign} {
		t.Run(string(kind), func(t *testing.T) {
			tok := hsmtest.Open(t, hsmtest.SoftHSM(t))
			mine := hsmtest.Make(t, tok, "mine", kind)
			theirs := hsmtest.Make(t, tok, "theirs", kind)
			forged := mine
			forged.ID = theirs.ID
			proof := forgeProof(t, tok, mine, theirs.ID)
			for what, check := range map[string][]byte{
				"the key's own":              mine.Check,
				"the other's":                theirs.Check,
				"a proof":                    proof,
				"a proof with its own MAC":   join(proof, mine.Check[len(mine.Check)-sha256.Size:]),
				"a proof, the other's MAC":   join(proof, theirs.Check[len(theirs.Check)-sha256.Size:]),
				"a proof and no MAC":         join(proof, make([]byte, sha256.Size)),
				"a MAC of another purpose":   join(proof, authenticated(t, tok, "x", string(proof))),
				"a MAC alone":                mine.Check[len(mine.Check)-sha256.Size:],
				"a byte less":                theirs.Check[1:],
				"one of its bytes":           theirs.Check[:1],
				"its MAC and no proof of it": join(nil, theirs.Check[len(theirs.Check)-sha256.Size:]),
			} {
				forged.Check = check
				tok.Forget(theirs.ID)
				if err := useOnce(tok, forged); fault.Of(err) == nil ||
					fault.Of(err).Kind != fault.Internal {
					t.Errorf("another key with %s: %v", what, err)
				}
			}
			tok.Forget(theirs.ID)
			if err := useOnce(tok, theirs); err != nil {
				t.Errorf("the right key: %v", err)
			}
		})
	}
}

func join(a, b []byte) []byte { return append(bytes.Clone(a), b...) }

// forgeProof makes the proof of a key for another id with what the key's users may ask of it.
func forgeProof(t *testing.T, tok *hsm.Token, m custody.Material, id string) []byte {
	t.Helper()
	const text = "claviger check"
	switch m.Kind {
	case custody.AES256, custody.IdentitySeal:
		sealed, err := tok.Seal(background, m.Rest(), []byte(text), []byte(text+id))
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	case custody.HMAC256, custody.HMAC512, custody.RowMAC:
		mac, err := tok.MAC(background, m.Rest(), []byte(text+id))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(mac)
		return sum[:]
	}
	// Of pairs the proof doesn't turn on the id.
	return m.Check[:len(m.Check)-sha256.Size]
}

// useOnce uses a key of any kind that a check value is made of.
func useOnce(tok *hsm.Token, m custody.Material) (err error) {
	switch m.Kind {
	case custody.IdentitySeal:
		_, err = tok.Seal(background, m.Rest(), make([]byte, 32), nil)
	case custody.RowMAC:
		_, err = tok.MAC(background, m.Rest(), make([]byte, 32))
	default:
		err = perform(tok, m)
	}
	return err
}

// TestCheckValue_OfAVaultsKey_IsMadeByTheServicesToken: who owns the store's token has no
// authenticator there to make one with.
func TestCheckValue_OfAVaultsKey_IsMadeByTheServicesToken(t *testing.T) {
	c, main := hsmtest.Vault(t), own(t)
	v := openVault(t, c, main)
	m, sealed := store(t, v, "a")
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	if n := len(find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_LABEL, authenticatorLabel))); n != 0 {
		t.Errorf("the store's token holds %d authenticators", n)
	}
	if err := errors.Join(v.Close(), p.CloseSession(s)); err != nil {
		t.Fatal(err)
	}
	v = openVault(t, c, own(t))
	if _, err := v.Unseal(background, m.Rest(), sealed, []byte("aad")); fault.Of(err) == nil ||
		fault.Of(err).Kind != fault.Internal {
		t.Errorf("beside another service's token: %v", err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	opens(t, openVault(t, c, main), m, sealed)
}
