package hsm

import (
	"fmt"

	"claviger/hsm/internal/cryptoki"
)

// bear makes a key on the token and returns it wrapped, with its public half in SubjectPublicKeyInfo if it has one.
// The key itself is destroyed before bear returns.
func bear(d cryptoki.Driver, s cryptoki.Session, f form, wrap mechanism, root cryptoki.Object) (wrapped, public []byte, err error) {
	key, public, err := generate(d, s, f, newborn(f))
	if err != nil {
		return nil, nil, err
	}
	wrapped, err = d.WrapKey(s, wrap.code, root, key)
	if gone := d.DestroyObject(s, key); err == nil {
		err = gone
	}
	if err == nil && !f.fits(len(wrapped)) {
		err = fmt.Errorf("%w: %s gave %d bytes for a key and is not RFC 5649", ErrMechanism, wrap.name, len(wrapped))
	}
	return wrapped, public, err
}

// generate makes a key by a template, and reads and destroys its public half.
func generate(d cryptoki.Driver, s cryptoki.Session, f form, template []cryptoki.Attribute) (key cryptoki.Object, public []byte, err error) {
	if !f.pair() {
		key, err = d.GenerateKey(s, f.generate, template)
		return key, nil, err
	}
	other, key, err := d.GenerateKeyPair(s, f.generate, half(f), template)
	if err != nil {
		return 0, nil, err
	}
	public, err = readPublic(d, s, other, f)
	if gone := d.DestroyObject(s, other); err == nil {
		err = gone
	}
	if err != nil {
		d.DestroyObject(s, key) // what went wrong first is what matters
	}
	return key, public, err
}
