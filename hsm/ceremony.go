package hsm

import (
	"context"
	"errors"

	"claviger/hsm/internal/module"
	"claviger/hsm/internal/root"
)

// Ceremony is the making of a root.
type Ceremony struct {
	Config                        // the token that is to hold it, and the user's PIN
	SOPIN  func() ([]byte, error) // of the security officer; read when needed, wiped after

	// Create initialises a free slot under TokenLabel if no token has that label, with both PINs.
	Create bool
}

// Initialize makes a root, a canary and an authenticator on a token that has no root and returns the
// root's identifier.
// The root is generated as a session object of the security officer, the only user who can mark a
// key trusted, and copied to the token by the user once the officer is logged out. As a public
// token object its value would lie in the clear on SoftHSM's disk. Before Initialize returns, every
// forbidden thing was tried on the new root.
//
// A token that holds a root already is refused with [ErrExists].
func Initialize(ctx context.Context, c Ceremony) (id string, err error) {
	if c.Config, err = c.withDefaults(); err != nil {
		return "", err
	}
	if c.SOPIN == nil || c.Create && c.TokenLabel == "" {
		return "", errors.New("hsm: a security officer's PIN is needed, and a label to create a token")
	}
	ceremony := root.Ceremony{Token: c.token(), PIN: c.PIN, SOPIN: c.SOPIN, Create: c.Create}
	id, err = module.Bounded(ctx, c.Module, ceremony.Perform)
	if c.Create {
		err = blameDirectory(c.Module, err)
	}
	return id, blameFiles(c.Module, err)
}
