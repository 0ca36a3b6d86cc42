// Package imports takes in keys that were made elsewhere.
//
// Such a key comes wrapped for a pair of ours. It is unwrapped on the token, looked at in a
// template in which it can be used and can't leave, and wrapped by the root in another. Where the
// device lacks the hash of an algorithm, what the key came under is in this process for a moment.
package imports

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
)

// Root is the root that imported keys are wrapped by.
type Root struct {
	ID   string
	Wrap dialect.Mechanism
}

// Perform takes the key in and returns it wrapped by the root. Where materials have check values,
// in takes and Perform returns the proofs in them: their MACs are the caller's to look at and to
// make.
//
// The pair is that of in.Pair, and is known to be the right one. What was made on the way is
// destroyed. If that fails, so does the import: a copy that can be used would stay in the session.
// With failure.ErrUnknownKey the material is good, and none of in.Known.
func Perform(l *session.Login, s cryptoki.Session, pair *object.Key, in custody.Import, by Root,
) (m custody.Material, err error) {
	template, err := l.Dialect.KeyTemplate(in.Kind)
	if err != nil {
		return m, err
	}
	x := &operation{Login: l, s: s, Import: in, root: by, template: template}
	m, err = x.perform(pair)
	gone := x.destroyTemporaries()
	if gone != nil && !failure.CostsSession(err) {
		return m, gone // the session is to be left, with what stayed in it
	}
	return m, err
}

// operation is one import in one session.
type operation struct {
	*session.Login
	s cryptoki.Session
	custody.Import
	root     Root
	template dialect.KeyTemplate
	objects  []cryptoki.Object // to be destroyed when it is over
}

// temporary notes an object that is to be destroyed.
func (x *operation) temporary(o cryptoki.Object, err error) (cryptoki.Object, error) {
	if err != nil {
		return o, err
	}
	x.objects = append(x.objects, o)
	return o, nil
}

// destroyTemporaries destroys all that was made on the way.
func (x *operation) destroyTemporaries() (err error) {
	for _, o := range x.objects {
		err = errors.Join(err, x.Driver.DestroyObject(x.s, o))
	}
	return err
}

// perform looks at the key in a template in which it can be used and can't leave, and has it
// wrapped in another. What rests is unwrapped again and compared before it is handed out: devices
// pad what they wrap.
func (x *operation) perform(pair *object.Key) (m custody.Material, err error) {
	from, err := x.open(pair)
	if err != nil {
		return m, err
	}
	first, err := x.look(from)
	if err != nil {
		return m, err
	}
	m = custody.Material{
		ID: x.ID, Kind: x.Kind, Root: x.root.ID, Mechanism: x.root.Wrap.Name, Public: first.SPKI,
	}
	if err := x.recognize(first, &m); err != nil {
		return m, err
	}
	unknown := m.Check == nil && len(x.Known) > 0
	if m.Wrapped, err = x.wrapByRoot(from); err != nil {
		return m, err
	}
	if err := x.compare(first, &m); err != nil {
		return m, err
	}
	if unknown {
		// that it is another key than those is only certain if another session says so too
		return m, failure.ErrUnknownKey
	}
	return m, nil
}

// look unwraps the key, learns its public half and tries it out. A key for agreement is looked at
// as one that signs: only from signatures can its public half be recovered.
func (x *operation) look(from envelope) (*object.Key, error) {
	k := &object.Key{ID: x.ID, Kind: x.Kind, Template: x.template}
	if x.template.Usages[0] == pkcs11.CKA_DERIVE {
		k.Template = dialect.ECKey(x.template.Curve, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA)
	}
	var err error
	if k.Object, err = x.unwrapAs(from, k.Template); err != nil {
		return nil, err
	}
	if k.SPKI, err = x.learn(k); err != nil {
		return nil, failure.Importing(err)
	}
	if k.Public, err = k.Template.ParsePublic(k.SPKI); err != nil {
		return nil, failure.Importing(err)
	}
	if k.Proof, err = x.Prove(x.s, k); err != nil {
		return nil, failure.Importing(err)
	}
	return k, failure.Importing(x.try(k))
}

// learn returns the public half of a key pair. Of a secret key, it makes sure of the length where
// the device tells it.
func (x *operation) learn(k *object.Key) ([]byte, error) {
	switch {
	case k.Template.Curve != nil:
		return k.Template.Curve.Recover(func(digest []byte) ([]byte, error) {
			by := cryptoki.Mechanism{Code: pkcs11.CKM_ECDSA}
			return x.Driver.Sign(x.s, k.Object, by, digest)
		})
	case k.Template.Pair():
		return x.ReadPublic(x.s, k.Object, k.Template)
	}
	v, err := x.Driver.Attributes(x.s, k.Object, pkcs11.CKA_VALUE_LEN)
	if err != nil {
		return nil, nil // not every device knows it
	}
	if n, told := cryptoki.AsUlong(v[0]); told && n != 0 && n != uint(k.Template.Size) {
		return nil, fmt.Errorf("hsm: the imported key has %d bytes", n)
	}
	return nil, nil
}

// recognize finds out whether the key is one that is known, and gives the material that one's id
// and check. Under the old id it opens again what was encrypted before it was deleted.
func (x *operation) recognize(first *object.Key, m *custody.Material) error {
	for _, known := range x.Known {
		same, err := x.is(first, known)
		if err != nil {
			return err
		}
		if same {
			m.ID, m.Check = known.ID, known.Check
		}
	}
	return nil
}

// is compares the key with a known one: of pairs the public halves, of secret keys what each makes
// of the known one's check.
func (x *operation) is(first *object.Key, known custody.Material) (bool, error) {
	if first.Template.Pair() {
		return bytes.Equal(first.SPKI, known.Public), nil
	}
	as := &object.Key{
		ID: known.ID, Kind: first.Kind, Template: first.Template,
		Object: first.Object, Proof: known.Check,
	}
	err := x.Verify(x.s, as)
	if failure.Blames(err) {
		return false, nil
	}
	return err == nil, err
}

// wrapByRoot unwraps the key as one that was generated and has the root wrap it. The one that was
// looked at can't be wrapped: it isn't extractable, and that can't be taken back.
func (x *operation) wrapByRoot(from envelope) ([]byte, error) {
	o, err := x.temporary(x.unwrapFrom(from, x.template.Wrappable()))
	if err != nil {
		return nil, err
	}
	wrapped, err := x.Driver.WrapKey(x.s, x.root.Wrap.Code, x.Login.Root, o)
	if err != nil {
		return nil, err
	}
	if !x.template.Fits(len(wrapped)) {
		return nil, failure.Importing(
			fmt.Errorf("hsm: %d wrapped bytes for a key of kind %s", len(wrapped), x.Kind))
	}
	return wrapped, nil
}

// compare proves that what rests is the key that was looked at, and gives a new material its check.
func (x *operation) compare(first *object.Key, m *custody.Material) error {
	o, err := x.temporary(x.Driver.UnwrapKey(x.s, x.root.Wrap.By(), x.Login.Root, m.Wrapped,
		x.Dialect.InUse(x.template)))
	if err != nil {
		return err
	}
	rest := &object.Key{
		ID: x.ID, Kind: x.Kind, Template: x.template, Object: o, SPKI: first.SPKI,
		Public: first.Public, Proof: first.Proof,
	}
	if x.template.Usages[0] == pkcs11.CKA_DERIVE {
		// It was looked at as one that signs, so it has another check until here.
		rest.Proof, err = x.Prove(x.s, rest)
	} else {
		err = x.Verify(x.s, rest)
	}
	if err != nil {
		return err
	}
	if m.Check == nil {
		m.Check = rest.Proof
	}
	return nil
}
