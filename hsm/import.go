package hsm

import (
	"context"
	"errors"
	"slices"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/imports"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// importPairs has the kinds of pairs for imports by AWS's WrappingKeySpec. The first unwraps on the
// device; the second decrypts into this process, where the device lacks the hash of the algorithm.
var importPairs = map[string]struct{ unwraps, decrypts custody.Kind }{
	"RSA_2048": {custody.RSA2048Unwrap, custody.RSA2048Decrypt},
	"RSA_3072": {custody.RSA3072Unwrap, custody.RSA3072Decrypt},
	"RSA_4096": {custody.RSA4096Unwrap, custody.RSA4096Decrypt},
}

// ImportPair makes a key pair under whose public half a key may be brought by [Token.Import]: spec
// is RSA_2048, RSA_3072 or RSA_4096, alg the one algorithm that it will serve. Like an RSA key it
// takes the device seconds. The answer to any other spec or algorithm is [custody.ErrUnsupported].
func (t *Token) ImportPair(ctx context.Context, id, spec string,
	alg custody.Algorithm) (custody.Material, error) {
	pair, served := importPairs[spec]
	w, known := imports.Wrappings[alg]
	switch {
	case !served || !known:
		return custody.Material{}, custody.ErrUnsupported
	case t.dialect.Pads(w.OAEP):
		return t.Generate(ctx, id, pair.unwraps)
	}
	return t.Generate(ctx, id, pair.decrypts)
}

// Import takes a key that was made elsewhere and returns it wrapped by the root like any other. If
// it is one of in.Known, the material has that one's ID and check, and else in.ID. It is unwrapped
// on the token by a pair that unwraps; by one that decrypts, the key that it came under is in this
// process for a moment, and where it came directly under the pair, it is itself.
//
// Whatever can't be unwrapped is [custody.ErrForged], and what was unwrapped but is no such key
// [custody.ErrUnfit]: too long or too short, of another kind or on another curve, no PKCS#8, or an
// RSA key whose halves don't belong together.
func (t *Token) Import(ctx context.Context, in custody.Import) (m custody.Material, err error) {
	defer t.observe("Import", time.Now(), &err)
	template, err := t.dialect.KeyTemplate(in.Kind)
	if err != nil {
		return m, fault.Of(err)
	}
	_, served := imports.Wrappings[in.Algorithm]
	if !served || !t.Supports(in.Kind) || !template.Recoverable() {
		return m, custody.ErrUnsupported
	}
	known := in.Known
	in.Known, err = t.provenOf(ctx, known)
	if err != nil {
		return m, err
	}
	var made custody.Material
	ref := in.Pair.Rest()
	by := imports.Root{ID: t.root, Wrap: t.wrap}
	_, err = t.keeper.Use(ctx, &ref, func(l *session.Login, pair *object.Key,
		s cryptoki.Session) ([]byte, error) {
		if err := l.Trust(s, pair); err != nil {
			return nil, err
		}
		got, err := imports.Perform(l, s, pair, in, by)
		made = got
		return nil, err
	})
	if err != nil && !errors.Is(err, failure.ErrUnknownKey) {
		return m, err
	}
	if i := slices.IndexFunc(known, func(k custody.Material) bool { return k.ID == made.ID }); i >= 0 {
		made.Check = known[i].Check
		return made, nil
	}
	made.Check, err = t.withMAC(ctx, made, made.Check)
	return made, err
}

// provenOf returns materials with the proofs of their check values instead of these, once the
// authenticator has said that the service made them.
func (t *Token) provenOf(ctx context.Context,
	all []custody.Material) (proven []custody.Material, err error) {
	proven = slices.Clone(all)
	for i := range proven {
		if proven[i].Check, err = t.proofOf(ctx, all[i]); err != nil {
			return nil, fault.Of(err)
		}
	}
	return proven, nil
}
