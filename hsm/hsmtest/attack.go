package hsmtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/internal/custody"
)

// Attack does what somebody can do who has the PIN, the module and materials stolen from the
// database: it unwraps them by every template that would give them away, and tries to read, wrap,
// copy, weaken and misuse them and the root. Whatever works fails the test; so does a material that
// can't be unwrapped as it should be, because its refusals would prove nothing.
func Attack(t testing.TB, c hsm.Config, stolen ...custody.Material) {
	t.Helper()
	x := newAttacker(t, c)
	for _, m := range stolen {
		if !x.usable(m) {
			t.Errorf("%s can't even be unwrapped as it should be", m.ID)
		}
		x.attackMaterial(t, m)
	}
	x.attackRoot(t)
}

// claim is what an attacker says that a blob holds. One of a private key passes for the bytes of a
// secret one as well.
type claim struct{ class, keyType uint }

var (
	claimAES    = claim{pkcs11.CKO_SECRET_KEY, pkcs11.CKK_AES}
	claimSecret = claim{pkcs11.CKO_SECRET_KEY, pkcs11.CKK_GENERIC_SECRET}
	claimRSA    = claim{pkcs11.CKO_PRIVATE_KEY, pkcs11.CKK_RSA}
	claimEC     = claim{pkcs11.CKO_PRIVATE_KEY, pkcs11.CKK_EC}
)

// claimOf returns the true one of a kind.
func claimOf(k custody.Kind) claim {
	switch name := string(k); {
	case k == custody.AES256 || k == custody.IdentitySeal:
		return claimAES
	case k == custody.RowMAC || strings.HasPrefix(name, "HMAC_"):
		return claimSecret
	case k == custody.Digest, k == custody.Notification, strings.HasPrefix(name, "RSA_"):
		return claimRSA
	}
	return claimEC
}

type attacker struct {
	*pkcs11.Ctx
	s, slot    uint
	root       pkcs11.ObjectHandle
	ownWrapper pkcs11.ObjectHandle
}

var keyWrap = []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}

func newAttacker(t testing.TB, c hsm.Config) *attacker {
	t.Helper()
	p, slot := Attacker(t, c)
	s := Login(t, p, slot)
	x := &attacker{Ctx: p, s: uint(s), slot: slot}
	if err := p.FindObjectsInit(s,
		[]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_LABEL, "claviger root")}); err != nil {
		t.Fatal(err)
	}
	found, _, err := p.FindObjects(s, 2)
	if err != nil || len(found) != 1 {
		t.Fatalf("found %d roots: %v", len(found), err)
	}
	if err := p.FindObjectsFinal(s); err != nil {
		t.Fatal(err)
	}
	x.root = found[0]
	x.ownWrapper, err = p.GenerateKey(s,
		[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
			pkcs11.NewAttribute(pkcs11.CKA_WRAP, true),
			pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true),
			pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
			pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
			pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
			pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false),
		})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *attacker) session() pkcs11.SessionHandle { return pkcs11.SessionHandle(x.s) }

// usable reports whether a material can be unwrapped by the one template that is allowed.
func (x *attacker) usable(m custody.Material) bool {
	key, err := x.unwrap(m, unwrapTemplate(claimOf(m.Kind), unextractable, 0))
	return err == nil && x.DestroyObject(x.session(), key) == nil
}

func (x *attacker) unwrap(
	m custody.Material, template []*pkcs11.Attribute,
) (pkcs11.ObjectHandle, error) {
	return x.UnwrapKey(x.session(), keyWrap, x.root, m.Wrapped, template)
}

// unwrapFlags are what an attacker may say of a key that is unwrapped: the lowest bit of a template
// says whether it is extractable, the others answer to the lines of the root's unwrap template.
// CKA_MODIFIABLE comes last, since SoftHSM refuses what stands behind it.
var unwrapFlags = []uint{pkcs11.CKA_EXTRACTABLE, pkcs11.CKA_SENSITIVE, pkcs11.CKA_WRAP_WITH_TRUSTED,
	pkcs11.CKA_PRIVATE,
	pkcs11.CKA_TOKEN, pkcs11.CKA_COPYABLE, pkcs11.CKA_MODIFIABLE}

// The two templates that the root's unwrap template allows. Of usages they say nothing, and SoftHSM
// allows what isn't denied.
const (
	unextractable = 0b1110
	extractable   = unextractable | 1
)

// unwrapTemplate is a template for unwrapping with every flag as set says, but for one that is left
// out; 0: none is.
func unwrapTemplate(as claim, set int, but uint) []*pkcs11.Attribute {
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, as.class),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, as.keyType),
	}
	for i, flag := range unwrapFlags {
		if flag != but {
			template = append(template, pkcs11.NewAttribute(flag, set>>i&1 == 1))
		}
	}
	return template
}

// attackMaterial unwraps a material by every template, as what it is and as what it isn't, and
// tries to exploit what comes out of the templates that are allowed. The others must be refused for
// what they say, and not for anything else.
func (x *attacker) attackMaterial(t testing.TB, m custody.Material) {
	t.Helper()
	for _, as := range []claim{claimAES, claimSecret, claimRSA, claimEC} {
		for set := range 1 << len(unwrapFlags) {
			key, err := x.unwrap(m, unwrapTemplate(as, set, 0))
			if set != unextractable && set != extractable {
				refusedBy(t, fmt.Sprintf("%s by template %b", m.Kind, set), err,
					pkcs11.CKR_TEMPLATE_INCONSISTENT)
				continue
			}
			if err == nil {
				x.exploit(t, key, m, set)
				x.wrapBy(t, key, m, as)
				err = x.DestroyObject(x.session(), key)
			} else if as != claimOf(m.Kind) {
				continue
			}
			if err != nil {
				t.Errorf("%s by template %b, which is allowed: %v", m.Kind, set, err)
			}
		}
	}
	x.omitOrRepeat(t, m)
}

// omitOrRepeat leaves a flag out, or says it twice. SoftHSM fills in CKA_TOKEN and CKA_PRIVATE, and
// of these takes what is said last, before it looks at the root's unwrap template: then what comes
// out must be as the root wants it.
func (x *attacker) omitOrRepeat(t testing.TB, m custody.Material) {
	t.Helper()
	as := claimOf(m.Kind)
	for i, flag := range unwrapFlags[1:] {
		right := extractable>>(i+1)&1 == 1
		contrary := pkcs11.NewAttribute(flag, !right)
		for what, template := range map[string][]*pkcs11.Attribute{
			"left out":   unwrapTemplate(as, extractable, flag),
			"put right":  append([]*pkcs11.Attribute{contrary}, unwrapTemplate(as, extractable, 0)...),
			"taken back": append(unwrapTemplate(as, extractable, 0), contrary),
		} {
			key, err := x.unwrap(m, template)
			if err != nil || what == "taken back" {
				refusedBy(t, fmt.Sprintf("attribute 0x%X %s", flag, what), err,
					pkcs11.CKR_TEMPLATE_INCONSISTENT)
				continue
			}
			got, err := x.GetAttributeValue(x.session(), key,
				[]*pkcs11.Attribute{pkcs11.NewAttribute(flag, nil)})
			if err != nil || !bytes.Equal(got[0].Value, pkcs11.NewAttribute(flag, right).Value) {
				t.Errorf("attribute 0x%X %s is not as the root wants it: %v", flag, what, err)
			}
			if err := x.DestroyObject(x.session(), key); err != nil {
				t.Error(err)
			}
		}
	}
}

// refusedBy wants one certain answer: SoftHSM has several to each call, and only one is for the
// reason meant.
func refusedBy(t testing.TB, what string, err error, code uint) {
	t.Helper()
	if err != pkcs11.Error(code) {
		t.Errorf("%s: got %v, want 0x%X", what, err, code)
	}
}

// exploit takes an unwrapped key and tries to learn its value, and to alter or keep it.
func (x *attacker) exploit(t testing.TB, key pkcs11.ObjectHandle, m custody.Material, set int) {
	t.Helper()
	x.unreadable(t, key)
	unwrappable := uint(pkcs11.CKR_KEY_UNEXTRACTABLE)
	if set == extractable {
		unwrappable = pkcs11.CKR_KEY_NOT_WRAPPABLE
	}
	_, err := x.WrapKey(x.session(), keyWrap, x.ownWrapper, key)
	refusedBy(t, fmt.Sprintf("template %b wrapped under a key of the attacker's own", set), err,
		unwrappable)
	for _, change := range []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP_WITH_TRUSTED, false),
		pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_COPYABLE, true),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, true),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, "mine"),
	} {
		err := x.SetAttributeValue(x.session(), key, []*pkcs11.Attribute{change})
		refusedBy(t, fmt.Sprintf("template %b: attribute 0x%X changed", set, change.Type), err,
			ckrActionProhibited)
		_, err = x.CopyObject(x.session(), key, []*pkcs11.Attribute{change})
		refusedBy(t, fmt.Sprintf("template %b: copied with attribute 0x%X", set, change.Type), err,
			ckrActionProhibited)
	}
}

// ckrActionProhibited is CKR_ACTION_PROHIBITED, which miekg lacks: what CKA_MODIFIABLE and
// CKA_COPYABLE forbid.
const ckrActionProhibited = 0x1B

// of32Bytes are the kinds of secret keys that are as long as an AES key.
var of32Bytes = []custody.Kind{
	custody.AES256, custody.HMAC256, custody.IdentitySeal, custody.RowMAC,
}

// wrapBy tries to wrap a material under an unwrapped one, which wraps others if it is of 32 bytes
// and unwrapped as an AES key, but is not trusted.
func (x *attacker) wrapBy(t testing.TB, kek pkcs11.ObjectHandle, m custody.Material, as claim) {
	t.Helper()
	if as != claimAES || !slices.Contains(of32Bytes, m.Kind) {
		return
	}
	if _, err := x.WrapKey(x.session(), keyWrap, kek, x.ownWrapper); err != nil {
		t.Errorf("%s wraps nothing, so that its refusal proves nothing: %v", m.ID, err)
	}
	victim, err := x.unwrap(m, unwrapTemplate(claimOf(m.Kind), extractable, 0))
	if err != nil {
		t.Error(err)
		return
	}
	_, err = x.WrapKey(x.session(), keyWrap, kek, victim)
	refusedBy(t, "a material wrapped under another", err, pkcs11.CKR_KEY_NOT_WRAPPABLE)
	if err := x.DestroyObject(x.session(), victim); err != nil {
		t.Error(err)
	}
}

// secrets are the attributes that hold a key's value.
var secrets = []uint{pkcs11.CKA_VALUE, pkcs11.CKA_PRIVATE_EXPONENT, pkcs11.CKA_PRIME_1,
	pkcs11.CKA_PRIME_2,
	pkcs11.CKA_EXPONENT_1, pkcs11.CKA_EXPONENT_2, pkcs11.CKA_COEFFICIENT}

func (x *attacker) unreadable(t testing.TB, key pkcs11.ObjectHandle) {
	t.Helper()
	for _, part := range secrets {
		got, err := x.GetAttributeValue(x.session(), key,
			[]*pkcs11.Attribute{pkcs11.NewAttribute(part, nil)})
		if err == nil && len(got[0].Value) > 0 {
			t.Errorf("attribute 0x%X of a key was read", part)
		}
	}
}
