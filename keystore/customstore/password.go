package customstore

import (
	"context"
	"errors"
	"fmt"

	"claviger/internal/custody"
	"claviger/internal/fault"
)

// aad binds a sealed password to its store.
func (st *Store) aad() []byte { return []byte("claviger key store password 1 " + st.ID) }

// setPassword gives a store that is not stored yet the password that its cluster is logged in to
// with, sealed.
func (s *Stores) setPassword(ctx context.Context, st *Store, password string) (err error) {
	st.Password, err = s.config.Token.Seal(ctx, s.config.Sealing, []byte(password), st.aad())
	return err
}

// password opens a store's password. Whoever uses it has to wipe it.
func (s *Stores) password(ctx context.Context, st *Store) ([]byte, error) {
	password, err := s.config.Token.Unseal(ctx, s.config.Sealing, st.Password, st.aad())
	if errors.Is(err, custody.ErrForged) {
		err = fault.New(fault.Internal, "", "").Because(fmt.Errorf(
			"the sealed password of custom key store %s was changed", st.ID))
	}
	return password, err
}
