package hsm

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
)

// attack does on the token what somebody with the PIN and a stolen blob would do, and returns an error if any
// of it works or can't be tried. What the dialect says the device can't prevent is not tried: it is a gap, and
// reported as one. Kinds are those that the token supports.
func (d dialect) attack(driver cryptoki.Driver, s cryptoki.Session, root cryptoki.Object, wrap mechanism, kinds []custody.Kind) error {
	a := attacker{d, driver, s, root, wrap}
	// A secret key and a private one: PKCS#11 has different rules for them, and a device might keep only some.
	for _, k := range []custody.Kind{custody.AES256, custody.P256Sign} {
		if !slices.Contains(kinds, k) {
			continue
		}
		if err := a.rob(k); err != nil {
			return fmt.Errorf("attacking a key of kind %s: %w", k, err)
		}
	}
	// In the order of what they would cost: every key in use, every key there is.
	if err := a.alterRoot(); err != nil {
		return err
	}
	return a.useRoot()
}

// rob makes a key and steals its blob.
func (a attacker) rob(k custody.Kind) error {
	f, err := a.form(k)
	if err != nil {
		return err
	}
	victim, _, err := generate(a.driver, a.s, f, newborn(f))
	if err != nil {
		return fmt.Errorf("making it: %w", err)
	}
	defer a.driver.DestroyObject(a.s, victim)
	blob, err := a.driver.WrapKey(a.s, a.wrap.code, a.root, victim)
	if err != nil {
		return fmt.Errorf("wrapping it: %w", err)
	}
	// That the blob is good is shown first, or its refusals below would prove nothing.
	if err := a.unwrap(blob, a.working(f)); err != nil {
		return fmt.Errorf("unwrapping it as it should be: %w", err)
	}
	// In the order of what they would cost: one blob, one key in use, and the key itself.
	if err := a.expose(blob, f); err != nil {
		return err
	}
	if err := a.keep(blob, f); err != nil {
		return err
	}
	return a.carryOff(victim)
}

// attacker is somebody with the PIN, a session and a stolen blob. Each attempt is one known way to get
// at a key's value, and cleans up after itself, whether it was refused or not.
type attacker struct {
	dialect
	driver cryptoki.Driver
	s      cryptoki.Session
	root   cryptoki.Object
	wrap   mechanism
}

// unwrap unwraps the blob and destroys what came out.
func (a attacker) unwrap(blob []byte, template []cryptoki.Attribute) error {
	o, err := a.driver.UnwrapKey(a.s, a.wrap.by(), a.root, blob, template)
	if err == nil {
		a.driver.DestroyObject(a.s, o)
	}
	return err
}

// expose unwraps a stolen blob into forms that would give the key away, one way or another. Each is one line away from a
// form that unwraps, so that this line is what it is refused for.
func (a attacker) expose(blob []byte, f form) error {
	if !a.confines {
		return nil
	}
	form := a.working(f)
	// As attackers would have it, if the device lets them: extractable, to wrap it again.
	if carried := replace(form, cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true)); a.unwrap(blob, carried) == nil {
		form = carried
	}
	for _, r := range a.confinement() {
		contrary := cryptoki.Bool(r.Type, r.Value[0] == 0)
		if err := forbid(r.against, a.unwrap(blob, replace(form, contrary))); err != nil {
			return err
		}
		if err := a.omit(blob, form, r); err != nil {
			return err
		}
	}
	return nil
}

// omit unwraps a blob without a word on one line of the root's unwrap template. A device may refuse that, as SoftHSM
// does, or apply the line, as PKCS#11 has it (v2.40 section 4.10): what comes out is then looked at.
func (a attacker) omit(blob []byte, form []cryptoki.Attribute, r rule) error {
	o, err := a.driver.UnwrapKey(a.s, a.wrap.by(), a.root, blob, without(form, r.Type))
	if err != nil {
		return forbid(r.against, err)
	}
	defer a.driver.DestroyObject(a.s, o)
	got, err := a.driver.Attributes(a.s, o, r.Type)
	if err == nil && !bytes.Equal(got[0], r.Value) {
		return forbid(r.against, nil)
	}
	return err
}

// keep alters and copies a key in use, which would outlive its session on the token, or get usages that no key of ours
// has. Where the device doesn't know the attributes against this, it is a gap and not tried.
func (a attacker) keep(blob []byte, f form) error {
	if !a.limits {
		return nil
	}
	o, err := a.driver.UnwrapKey(a.s, a.wrap.by(), a.root, blob, a.working(f))
	if err != nil {
		return fmt.Errorf("unwrapping a key to keep: %w", err)
	}
	defer a.driver.DestroyObject(a.s, o)
	err = a.driver.SetAttributes(a.s, o, []cryptoki.Attribute{cryptoki.Bool(pkcs11.CKA_UNWRAP, true)})
	if err := forbid("let a key in use unwrap others", err); err != nil {
		return err
	}
	c, err := a.driver.CopyObject(a.s, o, []cryptoki.Attribute{cryptoki.Bool(pkcs11.CKA_TOKEN, true)})
	if err == nil {
		a.driver.DestroyObject(a.s, c)
	}
	return forbid("copy a key in use onto the token", err)
}

// carryOff wraps what mustn't leave under a key of the attacker's own. Its value is secret here, but an attacker would
// choose one that isn't; what the device must look at is CKA_TRUSTED, which only the security officer sets, and
// CKA_EXTRACTABLE.
func (a attacker) carryOff(victim cryptoki.Object) error {
	own, err := a.driver.GenerateKey(a.s, pkcs11.CKM_AES_KEY_GEN, permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
	}, usageFlags, pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP))
	if err != nil {
		return fmt.Errorf("making a key to attack with: %w", err)
	}
	defer a.driver.DestroyObject(a.s, own)
	_, err = a.driver.WrapKey(a.s, a.wrap.code, own, a.root)
	if err := forbid("wrap the root under another key", err); err != nil {
		return err
	}
	_, err = a.driver.WrapKey(a.s, a.wrap.code, a.root, a.root)
	if err := forbid("wrap the root under itself", err); err != nil {
		return err
	}
	if !a.trusts {
		return nil
	}
	_, err = a.driver.WrapKey(a.s, a.wrap.code, own, victim)
	return forbid("wrap a key under one that the security officer doesn't trust", err)
}

// alterRoot changes the root, or makes a copy that is weaker. A root that one may copy with CKA_DECRYPT opens
// everything it ever wrapped; that SoftHSM lets it be copied unaltered is harmless. Where the root has to stay
// modifiable for its maker's tool, this is a gap and not tried.
func (a attacker) alterRoot() error {
	if !a.officer {
		return nil
	}
	for _, change := range []cryptoki.Attribute{
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
		cryptoki.Bool(pkcs11.CKA_DECRYPT, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, false),
		cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, pkcs11.CKM_AES_ECB),
	} {
		err := a.driver.SetAttributes(a.s, a.root, []cryptoki.Attribute{change})
		if err := forbid(fmt.Sprintf("set attribute 0x%X of the root", change.Type), err); err != nil {
			return err
		}
		c, err := a.driver.CopyObject(a.s, a.root, []cryptoki.Attribute{cryptoki.Bool(pkcs11.CKA_TOKEN, false), change})
		if err == nil {
			a.driver.DestroyObject(a.s, c)
		}
		if err := forbid(fmt.Sprintf("copy the root with another attribute 0x%X", change.Type), err); err != nil {
			return err
		}
	}
	return nil
}

// useRoot decrypts with the root, which would open what it wrapped: no key of ours ever has two of wrap and decrypt,
// or unwrap and encrypt.
func (a attacker) useRoot() error {
	sealed := make([]byte, cryptoki.IVSize+cryptoki.TagSize)
	_, err := a.driver.Decrypt(a.s, a.root, a.encryption(nil), sealed)
	return forbid("decrypt with the root", err)
}

// replace returns a copy of the template that says something else of one attribute, in the same place: SoftHSM refuses
// what stands behind CKA_MODIFIABLE whatever it says.
func replace(template []cryptoki.Attribute, with cryptoki.Attribute) []cryptoki.Attribute {
	out := slices.Clone(template)
	for i := range out {
		if out[i].Type == with.Type {
			out[i] = with
		}
	}
	return out
}

// without returns a copy of the template that doesn't state one attribute.
func without(template []cryptoki.Attribute, typ uint) []cryptoki.Attribute {
	out := make([]cryptoki.Attribute, 0, len(template))
	for _, a := range template {
		if a.Type != typ {
			out = append(out, a)
		}
	}
	return out
}
