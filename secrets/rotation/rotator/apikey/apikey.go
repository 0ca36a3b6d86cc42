// Package apikey rotates keys of HTTP APIs that make and revoke keys themselves. How one is asked
// is said by the configuration.
//
// Two keys are valid at a time, the new one and that of the current version, so that no client is
// locked out. Those of before are revoked by the next rotation.
//
// There are two kinds of such APIs. One takes keys that the client has chosen, as with
// PUT /keys/{key_id}; there a key is stored before the API has heard of it. The other makes keys
// itself and tells them once: see [Issued].
package apikey

import (
	"context"
	"net/url"

	"claviger/secrets/rotation/rotator"
)

// Config is what the configuration says of an API. Paths and bodies are templates: {key_id},
// {api_key}, and {NAME} of any other text of the secret stand for themselves, escaped for where
// they stand. A path is appended to the secret's url. No path may have {api_key}, as paths get into
// logs.
type Config struct {
	Reach rotator.Reach

	// Header carries the key, behind Prefix. Both empty: Authorization, and "Bearer ".
	Header, Prefix string

	Try    Request // GET; answered with 2xx for a valid key, and 401 or 403 for another one
	Make   Request // POST or PUT; of chosen keys it may come twice with the same values
	Revoke Request // DELETE; 404 and 410 say that it was revoked before

	Rules  rotator.Rules // of chosen keys; nil members: 40 letters and digits
	Issued *Issued       // nil: keys are chosen here

	// Superusers lets masterarn name whose key makes and revokes others. Then Try has to name
	// whatever the other requests do, as {key_id}, and the API to refuse what doesn't go together:
	// whoever may write a secret could else have an administrator revoke keys of others by their
	// names, or make one for another user.
	Superusers bool
}

// Request is how one thing is asked of an API.
type Request struct {
	Method string // empty: see [Config]
	Path   string // with its query, if it has one
	Body   string // JSON; empty: none
}

// Issued is how an API answers that makes keys itself. Make may have {token}, a text that is the
// same for each attempt of a rotation and that nobody can choose. An answer may be lost, and the
// key with it: either the API answers again what it has answered to the same Idempotency header, or
// the lost key is found in the List by the token, and revoked.
type Issued struct {
	Key, ID     string // JSON pointers (RFC 6901) into the answer
	Idempotency string // the header, like Idempotency-Key
	List        *List
}

// List is where an API lists keys, with JSON pointers.
type List struct {
	Path  string // may have {token}, to list fewer
	Items string // of the array; empty: the answer is one
	ID    string // in each item
	Token string // in each item: what has been made of {token} in Make
}

// New returns a target, which is a [rotator.Issuer] if the API issues keys.
func New(c Config) (rotator.Target, error) {
	c = c.complete()
	if err := c.validate(); err != nil {
		return nil, err
	}
	if c.Issued != nil {
		return &issued{api{c}}, nil
	}
	return &chosen{api{c}}, nil
}

// api is what both kinds have in common.
type api struct{ config Config }

// The members of a secret that a rotation changes.
const (
	keyMember = "api_key"
	idMember  = "key_id"
)

// value checks a secret's value and returns where the API is.
func (a *api) value(d rotator.Document) (*url.URL, error) {
	base, err := a.base(d)
	if err != nil {
		return nil, err
	}
	if err := d.Required(keyMember); err != nil {
		return nil, err
	}
	if !isToken(d.Text(keyMember)) {
		return nil, rotator.Errorf(rotator.BadSecret, "the secret's api_key can't stand in a header")
	}
	return base, nil
}

// rotatable checks the current version: whatever names its key has to be there, as its key could
// not be revoked by the next rotation.
func (a *api) rotatable(current rotator.Document) (*url.URL, error) {
	base, err := a.value(current)
	if err != nil {
		return nil, err
	}
	if _, err := a.config.Revoke.address(base, text(current)); err != nil {
		return nil, err
	}
	_, err = a.config.Revoke.body(text(current))
	return base, err
}

// agreed returns where the API is by both versions.
func (a *api) agreed(v rotator.Versions) (*url.URL, error) {
	here, err := a.rotatable(v.Current)
	if err != nil {
		return nil, err
	}
	there, err := a.value(v.Pending)
	if err != nil {
		return nil, err
	}
	if *here != *there {
		return nil, rotator.Errorf(rotator.BadSecret,
			"the pending version is for another host than the current one")
	}
	return here, nil
}

// author returns the version by whose key others are made and revoked: the first of the owner's
// that works, or masterarn's. Even then one of the owner's has to work, as otherwise whoever
// writes a secret could have the service use an administrator's key for it.
func (a *api) author(ctx context.Context, base *url.URL, v rotator.Versions,
	owners ...rotator.Document) (by rotator.Document, err error) {
	err = rotator.Errorf(rotator.LoginRefused, "no key that the secret has had of late is valid")
	for _, d := range owners {
		if e := a.try(ctx, base, d); e == nil {
			return a.administrator(base, v, d)
		} else if !is(e, rotator.LoginRefused) {
			return by, e
		}
	}
	return by, err
}

func (a *api) administrator(base *url.URL, v rotator.Versions, owner rotator.Document) (
	rotator.Document, error) {
	if v.Current.Text("masterarn") == "" {
		return owner, nil
	}
	if v.Superuser == nil || !a.config.Superusers {
		return owner, rotator.Errorf(rotator.NoSuperuser, "masterarn names no secret that may be used")
	}
	theirs, err := a.value(*v.Superuser)
	if err != nil {
		return owner, rotator.Errorf(rotator.NoSuperuser, "masterarn's secret: %v", err)
	}
	if *theirs != *base {
		return owner, rotator.Errorf(rotator.NoSuperuser, "masterarn's secret is for another host")
	}
	return *v.Superuser, nil
}

// before returns the versions beside the current one that this API may have made keys of.
func (a *api) before(base *url.URL, v rotator.Versions) (some []rotator.Document) {
	for _, d := range v.Older() {
		if theirs, err := a.value(d); err == nil && *theirs == *base {
			some = append(some, d)
		}
	}
	return some
}

// retire revokes the keys of before, which leaves the pending one and the current one.
func (a *api) retire(ctx context.Context, base *url.URL, v rotator.Versions,
	by rotator.Document) error {
	for _, old := range a.before(base, v) {
		kept := same(old, v.Pending) || same(old, v.Current)
		if kept || old.Required(a.config.Revoke.names()...) != nil {
			continue
		}
		if v.Superuser != nil {
			// An administrator may revoke anybody's, so that a key has to show that it is the one.
			if err := a.try(ctx, base, old); is(err, rotator.LoginRefused) {
				continue // nobody is let in by it
			} else if err != nil {
				return err
			}
		}
		if err := a.revoke(ctx, base, by, text(old)); err != nil {
			return err
		}
	}
	return nil
}

// same reports whether two versions have a key in common. There is no telling if but one of its
// name and its text is equal: then it is taken for the same.
func same(a, b rotator.Document) bool {
	return a.Text(keyMember) == b.Text(keyMember) ||
		a.Text(idMember) != "" && a.Text(idMember) == b.Text(idMember)
}

// Test implements [rotator.Target].
func (a *api) Test(ctx context.Context, pending rotator.Document) error {
	base, err := a.value(pending)
	if err != nil {
		return err
	}
	return a.try(ctx, base, pending)
}
