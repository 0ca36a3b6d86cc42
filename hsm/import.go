package hsm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// importPairs has the kinds of pairs for imports by AWS's WrappingKeySpec. The first unwraps on the device; the second
// decrypts into this process, where the device lacks the hash of the algorithm.
var importPairs = map[string]struct{ unwraps, decrypts custody.Kind }{
	"RSA_2048": {custody.RSA2048Unwrap, custody.RSA2048Decrypt},
	"RSA_3072": {custody.RSA3072Unwrap, custody.RSA3072Decrypt},
	"RSA_4096": {custody.RSA4096Unwrap, custody.RSA4096Decrypt},
}

// ImportPair makes a key pair under whose public half a key may be brought by [Token.Import]: spec is RSA_2048, RSA_3072 or
// RSA_4096, alg the one algorithm that it will serve. Like an RSA key it takes the device seconds. The answer to any other
// spec or algorithm is [custody.ErrUnsupported].
func (t *Token) ImportPair(ctx context.Context, id, spec string, alg custody.Algorithm) (custody.Material, error) {
	pair, served := importPairs[spec]
	w, known := wrappings[alg]
	switch {
	case !served || !known:
		return custody.Material{}, custody.ErrUnsupported
	case t.dialect.does(w.oaep):
		return t.Generate(ctx, id, pair.unwraps)
	}
	return t.Generate(ctx, id, pair.decrypts)
}

// Import takes a key that was made elsewhere and returns it wrapped by the root like any other. If it is one of in.Known, the
// material has that one's ID and check, and else in.ID. It is unwrapped on the token by a pair that unwraps; by one that
// decrypts, the key that it came under is in this process for a moment, and where it came directly under the pair, it is
// itself.
//
// Whatever can't be unwrapped is [custody.ErrForged], and what was unwrapped but is no such key [custody.ErrUnfit]: too long
// or too short, of another kind or on another curve, no PKCS#8, or an RSA key whose halves don't belong together.
func (t *Token) Import(ctx context.Context, in custody.Import) (m custody.Material, err error) {
	defer t.observe("Import", time.Now(), &err)
	f, err := t.dialect.form(in.Kind)
	if err != nil {
		return m, fault.Of(err)
	}
	if _, known := wrappings[in.Algorithm]; !known || !t.Supports(in.Kind) || f.curve == edwards25519 || f.set != nil {
		return m, custody.ErrUnsupported // from what Ed25519, ML-DSA and ML-KEM answer no public half can be recovered
	}
	var made custody.Material
	ref := in.Pair.Rest()
	_, err = t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		if err := e.trust(s, h); err != nil {
			return nil, err
		}
		x := &arrival{epoch: e, s: s, Import: in, form: f}
		got, err := x.admit(h)
		if gone := x.sweep(); err == nil {
			err = gone
		}
		if err == nil {
			made = got
		}
		return nil, err
	})
	if err != nil {
		return m, err
	}
	return made, nil
}

// arrival is one import in one session.
type arrival struct {
	*epoch
	s cryptoki.Session
	custody.Import
	form    form
	objects []cryptoki.Object // to be destroyed when it is over
}

// keep notes an object for sweep.
func (x *arrival) keep(o cryptoki.Object, err error) (cryptoki.Object, error) {
	if err == nil {
		x.objects = append(x.objects, o)
	}
	return o, err
}

// sweep destroys all that was made on the way.
func (x *arrival) sweep() (err error) {
	for _, o := range x.objects {
		err = errors.Join(err, x.driver().DestroyObject(x.s, o))
	}
	return err
}

// admit looks at the key in a form in which it can be used and can't leave, and has it wrapped in another. What rests is
// unwrapped again and compared before it is handed out: devices pad what they wrap.
func (x *arrival) admit(pair *handle) (m custody.Material, err error) {
	from, err := x.open(pair)
	if err != nil {
		return m, err
	}
	first, err := x.look(from)
	if err != nil {
		return m, err
	}
	m = custody.Material{ID: x.ID, Kind: x.Kind, Root: x.token.resident.id, Mechanism: x.token.wrap.name, Public: first.spki}
	if err := x.recognize(first, &m); err != nil {
		return m, err
	}
	if m.Wrapped, err = x.carry(from); err != nil {
		return m, err
	}
	return m, x.settle(first, &m)
}

// look unwraps the key, learns its public half and tries it out. A key for agreement is looked at as one that signs: only
// from signatures can its public half be recovered.
func (x *arrival) look(from envelope) (*handle, error) {
	h := &handle{id: x.ID, kind: x.Kind, form: x.form}
	if x.form.usages[0] == pkcs11.CKA_DERIVE {
		h.form = ecKey(x.form.curve, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA)
	}
	var err error
	if h.object, err = x.unfold(from, h.form); err != nil {
		return nil, err
	}
	if h.spki, err = x.learn(h); err != nil {
		return nil, unfit(err)
	}
	if h.public, err = parsePublic(h.form, h.spki); err != nil {
		return nil, unfit(err)
	}
	h.checkValue, err = x.check(x.s, h)
	if err == nil {
		err = x.try(h)
	}
	return h, unfit(err)
}

// learn returns the public half of a key pair. Of a secret key, it makes sure of the length where the device tells it.
func (x *arrival) learn(h *handle) ([]byte, error) {
	switch {
	case h.form.curve != nil:
		return x.recover(h)
	case h.form.pair():
		return readPublic(x.driver(), x.s, h.object, h.form)
	}
	v, err := x.driver().Attributes(x.s, h.object, pkcs11.CKA_VALUE_LEN)
	if err != nil {
		return nil, nil // not every device knows it
	}
	if n, told := cryptoki.AsUlong(v[0]); told && n != 0 && n != uint(h.form.size) {
		return nil, fmt.Errorf("hsm: the imported key has %d bytes", n)
	}
	return nil, nil
}

// recognize finds out whether the key is one that is known, and gives the material that one's id and check.
func (x *arrival) recognize(first *handle, m *custody.Material) error {
	for _, k := range x.Known {
		same, err := x.is(first, k)
		if err != nil {
			return err
		}
		if same {
			m.ID, m.Check = k.ID, k.Check
		}
	}
	return nil
}

// is compares the key with a known one: of pairs the public halves, of secret keys what each makes of the known one's check.
func (x *arrival) is(first *handle, k custody.Material) (bool, error) {
	if first.form.pair() {
		return bytes.Equal(first.spki, k.Public), nil
	}
	as := &handle{id: k.ID, kind: first.kind, form: first.form, object: first.object, checkValue: k.Check}
	err := x.verify(x.s, as)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errWrongKey) || inDoubt(err):
		if sick := x.beat(x.s); sick != nil {
			return false, unavailable(sick) // that it is another key is only certain if the device is well
		}
		return false, nil
	}
	return false, err
}

// carry unwraps the key in the form of a newborn one and has the root wrap it.
func (x *arrival) carry(from envelope) ([]byte, error) {
	o, err := x.keep(x.unwrapFrom(from, carried(x.form)))
	if err != nil {
		return nil, err
	}
	wrapped, err := x.driver().WrapKey(x.s, x.token.wrap.code, x.root, o)
	if err == nil && !x.form.fits(len(wrapped)) {
		err = custody.ErrUnfit.Because(fmt.Errorf("hsm: %d wrapped bytes for a key of kind %s", len(wrapped), x.Kind))
	}
	return wrapped, err
}

// settle proves that what rests is the key that was looked at, and gives a new material its check.
func (x *arrival) settle(first *handle, m *custody.Material) error {
	o, err := x.keep(x.unwrap(x.s, m.Wrapped, x.token.dialect.working(x.form)))
	if err != nil {
		return err
	}
	rest := &handle{id: x.ID, kind: x.Kind, form: x.form, object: o, spki: first.spki, public: first.public, checkValue: first.checkValue}
	if x.form.usages[0] == pkcs11.CKA_DERIVE {
		rest.checkValue, err = x.check(x.s, rest)
	} else {
		err = x.verify(x.s, rest)
	}
	if err == nil && m.Check == nil {
		m.Check = rest.checkValue
	}
	return err
}
