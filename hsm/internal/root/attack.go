package root

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
)

// Attack does on the token what somebody with the PIN and a stolen blob would do, and returns an
// error if any of it works or can't be tried. What the dialect says the device can't prevent is not
// tried: it is a gap, and reported as one. Kinds are those that the token supports.
func Attack(d *object.Device, in Sessions, root cryptoki.Object, wrap dialect.Mechanism,
	kinds []custody.Kind) error {
	r := newRaid(d)
	// A secret key and a private one: PKCS#11 has different rules for them, and a device might keep
	// only some.
	for _, k := range []custody.Kind{custody.AES256, custody.P256Sign} {
		if slices.Contains(kinds, k) {
			r.plan(fmt.Sprintf("attacking a key of kind %s", k), func(a attacker) error {
				return a.steal(r, k)
			})
		}
	}
	r.plan("", attacker.alterRoot)
	r.plan("", attacker.useRoot)
	return r.perform(in, attacker{Device: d, root: root, wrap: wrap})
}

// steal makes a key, takes its blob, and plans what is tried with them.
func (a attacker) steal(r *raid, k custody.Kind) error {
	template, err := a.Dialect.KeyTemplate(k)
	if err != nil {
		return err
	}
	victim, _, err := a.Generate(a.s, template, template.Generated())
	if err != nil {
		return fmt.Errorf("making it: %w", err)
	}
	r.leave(victim)
	blob, err := a.Driver.WrapKey(a.s, a.wrap.Code, a.root, victim)
	if err != nil {
		return fmt.Errorf("wrapping it: %w", err)
	}
	// That the blob is good is shown first, or its refusals below would prove nothing.
	if err := a.unwrap(blob, a.Dialect.InUse(template)); err != nil {
		return fmt.Errorf("unwrapping it as it should be: %w", err)
	}
	what := fmt.Sprintf("attacking a key of kind %s", k)
	r.plan(what, func(a attacker) error { return a.keepInUse(blob, template) })
	r.plan(what, func(a attacker) error { return a.wrapElsewhere(victim) })
	a.unwrapOtherwise(r, what, blob, template)
	return nil
}

// attacker is somebody with the PIN, a session and a stolen blob. Each attempt is one known way to
// get at a key's value, and cleans up after itself, whether it was refused or not.
type attacker struct {
	*object.Device
	s    cryptoki.Session
	root cryptoki.Object
	wrap dialect.Mechanism
}

// unwrap unwraps the blob and destroys what came out. The copy would else live as long as the
// session.
func (a attacker) unwrap(blob []byte, template []cryptoki.Attribute) error {
	o, err := a.Driver.UnwrapKey(a.s, a.wrap.By(), a.root, blob, template)
	if err != nil {
		return err
	}
	a.Driver.DestroyObject(a.s, o)
	return nil
}

// unwrapOtherwise plans to unwrap a stolen blob in ways that would give the key away, one way or
// another. Each is one line away from what unwraps, so that this line is what it is refused for.
func (a attacker) unwrapOtherwise(r *raid, what string, blob []byte, template dialect.KeyTemplate) {
	if !a.Dialect.Confines {
		return
	}
	attributes := a.Dialect.InUse(template)
	// As attackers would have it, if the device lets them: extractable, to wrap it again.
	extractable := replace(attributes, cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true))
	if a.unwrap(blob, extractable) == nil {
		attributes = extractable
	}
	for _, line := range confinement(&a.Dialect) {
		contrary := replace(attributes, cryptoki.Bool(line.Type, line.Value[0] == 0))
		r.plan(what, func(a attacker) error { return forbid(line.against, a.unwrap(blob, contrary)) })
		r.plan(what, func(a attacker) error { return a.omit(blob, attributes, line) })
	}
}

// omit unwraps a blob without a word on one line of the root's unwrap template. A device may refuse
// that, as SoftHSM does, or apply the line, as PKCS#11 has it (v2.40 section 4.10): what comes out
// is then looked at.
func (a attacker) omit(blob []byte, attributes []cryptoki.Attribute, r rule) error {
	o, err := a.Driver.UnwrapKey(a.s, a.wrap.By(), a.root, blob, without(attributes, r.Type))
	if err != nil {
		return forbid(r.against, err)
	}
	defer a.Driver.DestroyObject(a.s, o)
	got, err := a.Driver.Attributes(a.s, o, r.Type)
	if err != nil {
		return err
	}
	if !bytes.Equal(got[0], r.Value) {
		return forbid(r.against, nil)
	}
	return nil
}

// keepInUse alters and copies a key in use, which would outlive its session on the token, or get
// usages that no key of ours has. Where the device doesn't know the attributes against this, it is
// a gap and not tried.
func (a attacker) keepInUse(blob []byte, template dialect.KeyTemplate) error {
	if !a.Dialect.Limits {
		return nil
	}
	o, err := a.Driver.UnwrapKey(a.s, a.wrap.By(), a.root, blob, a.Dialect.InUse(template))
	if err != nil {
		return fmt.Errorf("unwrapping a key to keep: %w", err)
	}
	defer a.Driver.DestroyObject(a.s, o)
	err = a.Driver.SetAttributes(a.s, o, []cryptoki.Attribute{cryptoki.Bool(pkcs11.CKA_UNWRAP, true)})
	if err := forbid("let a key in use unwrap others", err); err != nil {
		return err
	}
	c, err := a.Driver.CopyObject(a.s, o, []cryptoki.Attribute{cryptoki.Bool(pkcs11.CKA_TOKEN, true)})
	if err == nil {
		a.Driver.DestroyObject(a.s, c)
	}
	return forbid("copy a key in use onto the token", err)
}

// wrapElsewhere wraps what mustn't leave under a key of the attacker's own. Its value is secret
// here, but an attacker would choose one that isn't; what the device must look at is CKA_TRUSTED,
// which only the security officer sets, and CKA_EXTRACTABLE.
func (a attacker) wrapElsewhere(victim cryptoki.Object) error {
	own, err := a.Driver.GenerateKey(a.s, pkcs11.CKM_AES_KEY_GEN,
		dialect.Permit([]cryptoki.Attribute{
			cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
			cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
			cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32),
			cryptoki.Bool(pkcs11.CKA_TOKEN, false), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
			cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
		}, dialect.UsageFlags, pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP))
	if err != nil {
		return fmt.Errorf("making a key to attack with: %w", err)
	}
	defer a.Driver.DestroyObject(a.s, own)
	_, err = a.Driver.WrapKey(a.s, a.wrap.Code, own, a.root)
	if err := forbid("wrap the root under another key", err); err != nil {
		return err
	}
	_, err = a.Driver.WrapKey(a.s, a.wrap.Code, a.root, a.root)
	if err := forbid("wrap the root under itself", err); err != nil {
		return err
	}
	if !a.Dialect.Trusts {
		return nil
	}
	_, err = a.Driver.WrapKey(a.s, a.wrap.Code, own, victim)
	return forbid("wrap a key under one that the security officer doesn't trust", err)
}

// alterRoot changes the root, or makes a copy that is weaker. A root that one may copy
// with CKA_DECRYPT opens everything it ever wrapped; that SoftHSM lets it be copied
// unaltered is harmless. Where the root has to stay modifiable for its maker's tool, this
// is a gap and not tried.
func (a attacker) alterRoot() error {
	if !a.Dialect.Officer {
		return nil
	}
	for _, change := range []cryptoki.Attribute{
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
		cryptoki.Bool(pkcs11.CKA_DECRYPT, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, false),
		cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, pkcs11.CKM_AES_ECB),
	} {
		err := a.Driver.SetAttributes(a.s, a.root, []cryptoki.Attribute{change})
		if err := forbid(fmt.Sprintf("set attribute 0x%X of the root", change.Type), err); err != nil {
			return err
		}
		c, err := a.Driver.CopyObject(a.s, a.root, []cryptoki.Attribute{
			cryptoki.Bool(pkcs11.CKA_TOKEN, false), change,
		})
		if err == nil {
			a.Driver.DestroyObject(a.s, c)
		}
		if err := forbid(fmt.Sprintf("copy the root with another attribute 0x%X", change.Type),
			err); err != nil {
			return err
		}
	}
	return nil
}

// useRoot decrypts with the root, which would open what it wrapped: no key of ours ever has two of
// wrap and decrypt, or unwrap and encrypt.
func (a attacker) useRoot() error {
	// It opens nowhere, which is no matter: a device that minds refuses the key before it looks at
	// the data.
	sealed := make([]byte, cryptoki.IVSize+cryptoki.TagSize)
	_, err := a.Driver.Decrypt(a.s, a.root, a.Dialect.Encryption(nil), sealed)
	return forbid("decrypt with the root", err)
}

// replace returns a copy of the template that says something else of one attribute, in the same
// place: SoftHSM refuses what stands behind CKA_MODIFIABLE whatever it says.
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

// refusals are the codes by which a device says no to something forbidden. Any other failure of a
// forbidden attempt proves nothing.
var refusals = []uint{
	pkcs11.CKR_ATTRIBUTE_READ_ONLY, pkcs11.CKR_ATTRIBUTE_SENSITIVE,
	pkcs11.CKR_ATTRIBUTE_TYPE_INVALID,
	pkcs11.CKR_ATTRIBUTE_VALUE_INVALID, cryptoki.CKR_ACTION_PROHIBITED,
	pkcs11.CKR_TEMPLATE_INCONSISTENT,
	pkcs11.CKR_KEY_NOT_WRAPPABLE, pkcs11.CKR_KEY_UNEXTRACTABLE,
	pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED,
	pkcs11.CKR_MECHANISM_INVALID, pkcs11.CKR_KEY_TYPE_INCONSISTENT,
	pkcs11.CKR_FUNCTION_NOT_SUPPORTED,
	pkcs11.CKR_FUNCTION_REJECTED,
}

// forbid turns the outcome of a forbidden attempt into an error unless the device refused it.
func forbid(what string, err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("%w: %s", failure.ErrUnsafe, what)
	case cryptoki.Is(err, refusals...):
		return nil
	default:
		return fmt.Errorf("trying whether the token allows to %s: %w", what, err)
	}
}
