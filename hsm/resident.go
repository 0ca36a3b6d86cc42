package hsm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// Some keys rest on a token: all of a [Vault], and of the service's own token those of kinds that
// no device wraps which are configured so. They are objects of the token with a random CKA_ID,
// which is all that rests elsewhere.

const residentIDSize = 16

// Resident reports whether keys of a kind rest on the token by its configuration, so that
// [Token.GenerateResident] makes them. Those that were made before are used whatever the
// configuration says now.
func (t *Token) Resident(k custody.Kind) bool { return slices.Contains(t.config.Resident, k) }

// GenerateResident makes a key of the one kind that may rest on the token under the CKA_ID name,
// with a label for people, and makes sure that the device keeps it in. What was there under that
// name is destroyed before: an earlier attempt that failed half-way. The answer to another kind, or
// to one that the device doesn't make after all, is [custody.ErrUnsupported].
func (t *Token) GenerateResident(ctx context.Context, id string, k custody.Kind, label string,
	name []byte) (m custody.Material, err error) {
	defer t.observe("GenerateResident", time.Now(), &err)
	m = custody.Material{
		ID: id, Kind: k, Root: t.keeper.Serial(), Mechanism: custody.Resident, Wrapped: name,
	}
	if len(name) != residentIDSize {
		return m, fault.Of(fmt.Errorf("hsm: the name of a resident key has %d bytes", len(name)))
	}
	template, err := t.dialect.KeyTemplate(k)
	switch {
	case err != nil:
		return m, fault.Of(err)
	case k != t.resident:
		return m, custody.ErrUnsupported
	}
	m.Public, err = t.keeper.Use(ctx, nil, func(l *session.Login, _ *object.Key,
		s cryptoki.Session) (public []byte, err error) {
		err = l.DestroyResident(s, template, name)
		if err != nil && !errors.Is(err, failure.ErrAbsent) {
			return nil, err
		}
		_, public, err = l.GenerateResident(s, template, label, name)
		return public, err
	})
	if err != nil {
		return m, failure.Unsupported(err)
	}
	m.Check, err = t.firstCheck(ctx, m)
	return m, err
}

// Destroy destroys the resident key with the CKA_ID name. A key that is gone already is as good, if
// the canary says that the token is the one it was.
func (t *Token) Destroy(ctx context.Context, name []byte) (err error) {
	defer t.observe("Destroy", time.Now(), &err)
	template, err := t.dialect.KeyTemplate(t.resident)
	if err != nil {
		return fault.Of(err)
	}
	_, err = t.keeper.Use(ctx, nil, func(l *session.Login, _ *object.Key,
		s cryptoki.Session) ([]byte, error) {
		err := l.DestroyResident(s, template, name)
		if errors.Is(err, failure.ErrAbsent) {
			err = l.CheckCanary(s)
		}
		return nil, err
	})
	return err
}

// HasResident reports whether a resident key with the CKA_ID name is there, or several are. That
// none is counts only if the canary says that the token is the one it was.
func (t *Token) HasResident(ctx context.Context, name []byte) (there bool, err error) {
	defer t.observe("HasResident", time.Now(), &err)
	template, err := t.dialect.KeyTemplate(t.resident)
	if err != nil {
		return false, fault.Of(err)
	}
	found, err := t.keeper.Use(ctx, nil, func(l *session.Login, _ *object.Key,
		s cryptoki.Session) ([]byte, error) {
		_, err := l.FindResident(s, template, name)
		switch {
		case errors.Is(err, failure.ErrAmbiguous):
			return name, nil
		case errors.Is(err, failure.ErrAbsent):
			return nil, l.CheckCanary(s)
		}
		return name, err
	})
	return err == nil && found != nil, err
}
