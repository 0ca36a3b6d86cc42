package rotator

import (
	"strings"

	"claviger/secrets/password"
)

// clone ends the name of the second of two users that take turns, as AWS's functions have it.
const clone = "_clone"

// Alternate returns the name of the other one of two users that take turns: x and x_clone.
func Alternate(user string) string {
	if base, is := strings.CutSuffix(user, clone); is {
		return base
	}
	return user + clone
}

// Required returns an error that names the first of the members that a secret lacks.
func (d Document) Required(names ...string) error {
	for _, name := range names {
		if d.Text(name) == "" {
			return Errorf(BadSecret, "the secret's value has no %s", name)
		}
	}
	return nil
}

// SameTarget holds a candidate to the host of the current version, and to the user that is
// expected: whoever could change the pending value could otherwise have the service try and set
// passwords of others.
func SameTarget(pending, current Document, user string) error {
	switch {
	case pending.Text("host") != current.Text("host"):
		return Errorf(BadSecret, "the pending version is for another host than the current one")
	case pending.Text("username") != user:
		return Errorf(BadSecret, "the pending version is for another user than this rotation's")
	}
	return nil
}

// Rules are those of the passwords that a rotator asks for.
type Rules = password.GetRandomPasswordInput
