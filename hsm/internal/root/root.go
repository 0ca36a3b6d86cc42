// Package root is the root key of the service on a token: the ceremony that makes it with its canary
// and its authenticator, and what is checked of them at each login.
//
// The root can only wrap and unwrap. Its CKA_UNWRAP_TEMPLATE lets nothing be unwrapped except as
// sensitive and wrappable by trusted keys only. Without it the PIN and one stored blob would give
// any key in the clear, since whoever calls C_UnwrapKey chooses the template.
package root

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
)

// The labels of our three resident objects, for people who look at the token with other tools.
const (
	rootLabel          = "claviger root"
	canaryLabel        = "claviger canary"
	authenticatorLabel = "claviger authenticator"
)

// Root is a root with its canary and its authenticator, as they are on a token.
type Root struct {
	ID                          string // CKA_ID of the root in hex, 32 digits
	Root, Canary, Authenticator cryptoki.Object
}

// Find looks the root, its canary and its authenticator up. SoftHSM accepts two objects with one
// CKA_ID or one label, so each search is by label or id with class and key type.
func Find(d *object.Device, s cryptoki.Session) (Root, error) {
	root, err := d.FindOne(s, pkcs11.CKK_AES, cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(rootLabel)))
	if err != nil {
		return Root{}, noRoot(err)
	}
	value, err := d.Driver.Attributes(s, root, pkcs11.CKA_ID)
	if err != nil {
		return Root{}, err
	}
	id := value[0]
	if len(id) != idSize {
		return Root{}, fmt.Errorf("%w: its CKA_ID has %d bytes", failure.ErrNoRoot, len(id))
	}
	same, err := d.FindOne(s, pkcs11.CKK_AES, cryptoki.Bytes(pkcs11.CKA_ID, id))
	if err != nil || same != root {
		return Root{}, fmt.Errorf("%w: CKA_ID %x: %w", failure.ErrAmbiguous, id, err)
	}
	canary, err := d.FindOne(s, pkcs11.CKK_AES,
		cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(canaryLabel)),
		cryptoki.Bytes(pkcs11.CKA_ID, CanaryID(id)))
	if err != nil {
		return Root{}, noRoot(err)
	}
	authenticator, err := findAuthenticator(d, s, id)
	if err != nil {
		return Root{}, err
	}
	return Root{
		ID: hex.EncodeToString(id), Root: root, Canary: canary, Authenticator: authenticator,
	}, nil
}

// noRoot says of an object that is absent that it is one the token can't be used without.
func noRoot(err error) error {
	if errors.Is(err, failure.ErrAbsent) {
		return fmt.Errorf("%w: %w", failure.ErrNoRoot, err)
	}
	return err
}

// idSize is the length of the root's CKA_ID: random, so that two roots never share one.
const idSize = 16

// CanaryID ties a canary to its root by name.
func CanaryID(root []byte) []byte { return idOf(canaryLabel, root) }

// idOf is the CKA_ID of what belongs to a root.
func idOf(label string, root []byte) []byte {
	sum := sha256.Sum256(append([]byte(label), root...))
	return sum[:idSize]
}

// attributes is what every root is, whoever makes it. The caller adds where it rests and, last of
// all, CKA_MODIFIABLE: SoftHSM applies attributes in order and refuses those behind it.
func attributes(d *dialect.Dialect, id []byte, wrap dialect.Mechanism) []cryptoki.Attribute {
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
	if d.Limits {
		t = append(t, cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, wrap.Code))
	}
	if d.Confines {
		var lines []cryptoki.Attribute
		for _, r := range confinement(d) {
			lines = append(lines, r.Attribute)
		}
		t = append(t, cryptoki.Template(pkcs11.CKA_UNWRAP_TEMPLATE, lines...))
	}
	return t
}

// rule is one line of the root's unwrap template, and what somebody with a stolen blob could do
// without it.
type rule struct {
	cryptoki.Attribute
	against string
}

func always(typ uint, v bool, against string) rule {
	return rule{Attribute: cryptoki.Bool(typ, v), against: against}
}

// confinement is the root's unwrap template. It is what keeps a blob closed: without it, whoever
// has the PIN unwraps one as not sensitive and reads it. SoftHSM compares these lines with the
// caller's and doesn't add them, so [dialect.Dialect.InUse] restates each. No line can be about
// CKA_WRAP, which private keys don't have, nor about another usage or CKA_ALLOWED_MECHANISMS, which
// differ from kind to kind: pairs for imports unwrap. And none has to be: whatever an unwrapped key
// may wrap, it isn't trusted, and so wraps no material; and so there is nothing of ours that it
// could unwrap.
func confinement(d *dialect.Dialect) []rule {
	lines := []rule{
		always(pkcs11.CKA_SENSITIVE, true, "unwrap a key so that it can be read"),
		always(pkcs11.CKA_WRAP_WITH_TRUSTED, true, "unwrap a key so that any key may wrap it"),
		always(pkcs11.CKA_PRIVATE, true, "unwrap a key for everybody"),
		always(pkcs11.CKA_TOKEN, false, "unwrap a key for ever"),
	}
	if !d.Limits {
		return lines
	}
	return append(lines,
		always(pkcs11.CKA_COPYABLE, false, "unwrap a key that can be copied onto the token"),
		always(pkcs11.CKA_MODIFIABLE, false, "unwrap a key that can be altered afterwards"))
}

// Check reads the root's attributes back: a root made by other means, or altered, is refused. The
// unwrap template can't be read back through miekg, which leaves the nested buffers out: [Attack]
// shows what it does.
func Check(device *object.Device, s cryptoki.Session, root cryptoki.Object,
	wrap dialect.Mechanism) error {
	want := []cryptoki.Attribute{
		cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
		cryptoki.Bool(pkcs11.CKA_WRAP, true), cryptoki.Bool(pkcs11.CKA_UNWRAP, true),
		cryptoki.Bool(pkcs11.CKA_ENCRYPT, false), cryptoki.Bool(pkcs11.CKA_DECRYPT, false),
		cryptoki.Bool(pkcs11.CKA_SIGN, false), cryptoki.Bool(pkcs11.CKA_VERIFY, false),
		cryptoki.Bool(pkcs11.CKA_DERIVE, false),
	}
	d := &device.Dialect
	if d.Trusts {
		want = append(want, cryptoki.Bool(pkcs11.CKA_TRUSTED, true))
	}
	if d.Officer {
		want = append(want, cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false))
	}
	if d.Limits {
		want = append(want, cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, wrap.Code))
	}
	if err := device.Confirm(s, root, want); err != nil {
		return fmt.Errorf("the root: %w", err)
	}
	return nil
}
