package postgres

import (
	"context"
	"errors"

	"claviger/secrets/rotation/rotator"
)

// Set implements [rotator.Target].
func (t target) Set(ctx context.Context, v rotator.Versions) error {
	current, err := t.account(v.Current)
	if err != nil {
		return err
	}
	if err := rotator.SameTarget(v.Pending, v.Current, t.successor(current.user)); err != nil {
		return err
	}
	pending, err := t.account(v.Pending)
	if err != nil {
		return err
	}
	if err := sameServer(pending, current, "pending version"); err != nil {
		return err
	}
	done, err := t.letsIn(ctx, pending)
	if done || err != nil {
		return err
	}
	if !settable(pending.password) {
		return rotator.Errorf(rotator.BadSecret,
			"the pending password has characters other than those of ASCII that print")
	}
	if t.Alternating {
		return t.setAlternate(ctx, v.Superuser, current, pending)
	}
	return t.setOwn(ctx, v, current, pending)
}

// letsIn tells whether the server takes an account's credentials.
func (t target) letsIn(ctx context.Context, a account) (bool, error) {
	c, err := t.login(ctx, a)
	if refused(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.close()
	return true, nil
}

func refused(err error) bool {
	var e *rotator.Error
	return errors.As(err, &e) && e.Reason == rotator.LoginRefused
}

// setOwn has the user change the own password, which needs no rights: by the credentials that are
// in force, whichever those are.
func (t target) setOwn(ctx context.Context, v rotator.Versions, current, pending account) error {
	for _, a := range t.candidates(v, current) {
		c, err := t.login(ctx, a)
		if refused(err) {
			continue
		}
		if err != nil {
			return err
		}
		defer c.close()
		return c.setPassword(ctx, pending.user, pending.password)
	}
	return rotator.Errorf(rotator.LoginRefused,
		"%s lets %s in by no password of the secret: neither the current, nor one of before",
		current.Endpoint, current.user)
}

// candidates are the credentials that may be in force, the likeliest first. Of versions other than
// the current one only the password is of interest: of its user, at its server and by its way.
func (t target) candidates(v rotator.Versions, current account) []account {
	known := []account{current}
	for _, d := range v.Older() {
		a := current
		a.password = d.Text("password")
		if t.Reach.SameLogin(d, v.Current, usualPort) && a.password != "" {
			known = append(known, a)
		}
	}
	return known
}

// setAlternate has the superuser set the password of the user whose turn it is, and make that user
// if need be.
func (t target) setAlternate(ctx context.Context, superuser *rotator.Document,
	current, pending account) error {
	if superuser == nil {
		return rotator.Errorf(rotator.NoSuperuser, "there is no superuser's secret to use")
	}
	// Otherwise whoever may write the secret could name a user of others, and have the password of
	// the user beside set. AWS's functions ask for the same.
	ok, err := t.letsIn(ctx, current)
	if err != nil {
		return err
	}
	if !ok {
		return rotator.Errorf(rotator.LoginRefused, "%s doesn't let %s in by the current password",
			current.Endpoint, current.user)
	}
	su, err := t.account(*superuser)
	if err != nil {
		return err
	}
	if err := sameServer(su, current, "superuser's secret"); err != nil {
		return err
	}
	if su.user == pending.user {
		return rotator.Errorf(rotator.NoSuperuser, "the secret's other user is the superuser")
	}
	c, err := t.login(ctx, su)
	if err != nil {
		return err
	}
	defer c.close()
	there, err := c.hasRole(ctx, pending.user)
	if err != nil {
		return err
	}
	if there {
		return c.setPassword(ctx, pending.user, pending.password)
	}
	return c.createAlternate(ctx, current.user, pending.user, pending.password)
}
