package hsm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

// The labels of our two resident objects, for people who look at the token with other tools.
const (
	rootLabel   = "claviger root"
	canaryLabel = "claviger canary"
)

// resident are the two objects of ours that a token holds.
type resident struct {
	id           string // CKA_ID of the root in hex, 32 digits
	root, canary cryptoki.Object
}

// findResident looks the root and its canary up. SoftHSM accepts two objects with one CKA_ID or one label, so
// each search is by label or id with class and key type, and anything but exactly one match is refused.
func findResident(d cryptoki.Driver, s cryptoki.Session) (resident, error) {
	root, err := findOne(d, s, cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(rootLabel)))
	if err != nil {
		return resident{}, noRoot(err)
	}
	value, err := d.Attributes(s, root, pkcs11.CKA_ID)
	if err != nil {
		return resident{}, err
	}
	id := value[0]
	if len(id) != rootIDSize {
		return resident{}, fmt.Errorf("%w: its CKA_ID has %d bytes", ErrNoRoot, len(id))
	}
	if same, err := findOne(d, s, cryptoki.Bytes(pkcs11.CKA_ID, id)); err != nil || same != root {
		return resident{}, fmt.Errorf("%w: CKA_ID %x: %w", ErrAmbiguous, id, err)
	}
	canary, err := findOne(d, s, cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(canaryLabel)), cryptoki.Bytes(pkcs11.CKA_ID, canaryID(id)))
	if err != nil {
		return resident{}, noRoot(err)
	}
	return resident{hex.EncodeToString(id), root, canary}, nil
}

// noRoot says of an object that is absent that it is one the token can't be used without.
func noRoot(err error) error {
	if errors.Is(err, errAbsent) {
		return fmt.Errorf("%w: %w", ErrNoRoot, err)
	}
	return err
}

// rootIDSize is the length of the root's CKA_ID: random, so that two roots never share one.
const rootIDSize = 16

// canaryID ties a canary to its root by name.
func canaryID(root []byte) []byte {
	sum := sha256.Sum256(append([]byte(canaryLabel), root...))
	return sum[:rootIDSize]
}

// findOne returns the one AES key on the token that has the given attributes, or errAbsent.
func findOne(d cryptoki.Driver, s cryptoki.Session, by ...cryptoki.Attribute) (cryptoki.Object, error) {
	return findOneOf(d, s, pkcs11.CKO_SECRET_KEY, pkcs11.CKK_AES, by...)
}

// findOneOf is findOne for keys of any class and type.
func findOneOf(d cryptoki.Driver, s cryptoki.Session, class, keyType uint, by ...cryptoki.Attribute) (cryptoki.Object, error) {
	template := append([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, class),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, keyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, true),
	}, by...)
	found, err := d.FindObjects(s, template)
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, fmt.Errorf("%w: %q", errAbsent, by[0].Value)
	case len(found) > 1:
		return 0, fmt.Errorf("%w: %d objects have the name %q", ErrAmbiguous, len(found), by[0].Value)
	}
	return found[0], nil
}

// rootTemplate is what every root is, whoever makes it. The caller adds where it rests and, last of all,
// CKA_MODIFIABLE: SoftHSM applies attributes in order and refuses those behind it.
func (d dialect) rootTemplate(id []byte, wrap mechanism) []cryptoki.Attribute {
	t := []cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(rootLabel)),
		cryptoki.Bytes(pkcs11.CKA_ID, id),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true),
		cryptoki.Bool(pkcs11.CKA_WRAP, true), cryptoki.Bool(pkcs11.CKA_UNWRAP, true),
		cryptoki.Bool(pkcs11.CKA_ENCRYPT, false), cryptoki.Bool(pkcs11.CKA_DECRYPT, false),
		cryptoki.Bool(pkcs11.CKA_SIGN, false), cryptoki.Bool(pkcs11.CKA_VERIFY, false),
		cryptoki.Bool(pkcs11.CKA_DERIVE, false),
	}
	if d.limits {
		t = append(t, cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, wrap.code))
	}
	if d.confines {
		var lines []cryptoki.Attribute
		for _, r := range d.confinement() {
			lines = append(lines, r.Attribute)
		}
		t = append(t, cryptoki.Template(pkcs11.CKA_UNWRAP_TEMPLATE, lines...))
	}
	return t
}

// rule is one line of the root's unwrap template, and what somebody with a stolen blob could do without it.
type rule struct {
	cryptoki.Attribute
	against string
}

// confinement is the root's unwrap template. It is what keeps a blob closed: without it, whoever has the PIN unwraps one
// as not sensitive and reads it. SoftHSM compares these lines with the caller's and doesn't add them, so [dialect.working]
// restates each. No line can be about CKA_WRAP, which private keys don't have, nor about another usage or
// CKA_ALLOWED_MECHANISMS, which differ from kind to kind: pairs for imports unwrap. And none has to be: whatever an unwrapped
// key may wrap, it isn't trusted, and so wraps no material; and so there is nothing of ours that it could unwrap.
func (d dialect) confinement() []rule {
	lines := []rule{
		{cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), "unwrap a key so that it can be read"},
		{cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true), "unwrap a key so that any key may wrap it"},
		{cryptoki.Bool(pkcs11.CKA_PRIVATE, true), "unwrap a key for everybody"},
		{cryptoki.Bool(pkcs11.CKA_TOKEN, false), "unwrap a key for ever"},
	}
	if !d.limits {
		return lines
	}
	return append(lines,
		rule{cryptoki.Bool(pkcs11.CKA_COPYABLE, false), "unwrap a key that can be copied onto the token"},
		rule{cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false), "unwrap a key that can be altered afterwards"})
}

// checkRoot reads the root's attributes back: a root made by other means, or altered, is refused. The unwrap template
// can't be read back through miekg, which leaves the nested buffers out; attack shows what it does.
func (d dialect) checkRoot(driver cryptoki.Driver, s cryptoki.Session, root cryptoki.Object, wrap mechanism) error {
	want := []cryptoki.Attribute{
		cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
		cryptoki.Bool(pkcs11.CKA_WRAP, true), cryptoki.Bool(pkcs11.CKA_UNWRAP, true),
		cryptoki.Bool(pkcs11.CKA_ENCRYPT, false), cryptoki.Bool(pkcs11.CKA_DECRYPT, false),
		cryptoki.Bool(pkcs11.CKA_SIGN, false), cryptoki.Bool(pkcs11.CKA_VERIFY, false),
		cryptoki.Bool(pkcs11.CKA_DERIVE, false),
	}
	if d.trusts {
		want = append(want, cryptoki.Bool(pkcs11.CKA_TRUSTED, true))
	}
	if d.officer {
		want = append(want, cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false))
	}
	if d.limits {
		want = append(want, cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, wrap.code))
	}
	if err := confirm(driver, s, root, want); err != nil {
		return fmt.Errorf("the root: %w", err)
	}
	return nil
}

// confirm reads attributes of an object back. One that is not as wanted is [ErrUnsafe].
func confirm(driver cryptoki.Driver, s cryptoki.Session, o cryptoki.Object, want []cryptoki.Attribute) error {
	types := make([]uint, len(want))
	for i, a := range want {
		types[i] = a.Type
	}
	got, err := driver.Attributes(s, o, types...)
	if err != nil {
		return fmt.Errorf("reading attributes: %w", err)
	}
	for i, a := range want {
		if !bytes.Equal(got[i], a.Value) {
			return fmt.Errorf("%w: attribute 0x%X is %x, not %x", ErrUnsafe, a.Type, got[i], a.Value)
		}
	}
	return nil
}
