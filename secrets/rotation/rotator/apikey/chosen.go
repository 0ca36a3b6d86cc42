package apikey

import (
	"context"

	"claviger/secrets/rotation/rotator"
)

// chosen is an API that takes keys which are made here.
type chosen struct{ api }

// idRules are those of the names of new keys. They are letters and digits, and guessed by nobody.
var idRules = rotator.Rules{PasswordLength: new(int64(20)), ExcludePunctuation: new(true),
	ExcludeUppercase: new(true)}

// Candidate implements [rotator.Target].
func (t *chosen) Candidate(ctx context.Context, current rotator.Document,
	from rotator.Passwords) (rotator.Document, error) {
	if _, err := t.rotatable(current); err != nil {
		return current, err
	}
	key, err := from.Password(ctx, t.config.Rules)
	if err != nil {
		return current, err
	}
	id, err := from.Password(ctx, idRules)
	if err != nil {
		return current, err
	}
	return current.With(keyMember, key).With(idMember, id), nil
}

// Set implements [rotator.Target].
func (t *chosen) Set(ctx context.Context, v rotator.Versions) error {
	base, err := t.agreed(v)
	if err != nil {
		return err
	}
	if err := v.Pending.Required(t.config.Make.names()...); err != nil {
		return err
	}
	owners := append([]rotator.Document{v.Pending, v.Current}, t.before(base, v)...)
	by, err := t.author(ctx, base, v, owners...)
	if err != nil {
		return err
	}
	err = t.try(ctx, base, v.Pending)
	if is(err, rotator.LoginRefused) {
		if err := t.put(ctx, base, by, v.Pending); err != nil {
			return err
		}
		// Nothing of before is revoked until it is known that something else lets in.
		err = t.try(ctx, base, v.Pending)
	}
	if err != nil {
		return err
	}
	return t.retire(ctx, base, v, by)
}
