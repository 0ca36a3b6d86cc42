package customstore

import (
	"context"
	"errors"
	"fmt"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/pin"
	"claviger/keystore/kmsfault"
)

// aad binds a sealed password to its store.
func (st *Store) aad() []byte { return []byte("claviger key store password 1 " + st.ID) }

// setPassword gives a store that is not stored yet the password that its cluster is logged in to
// with, sealed. It is a PIN, and often comes out of a file: a line end is taken off, and what can't
// be one is refused before the cluster counts it.
func (s *Stores) setPassword(ctx context.Context, st *Store, password string) error {
	secret, err := pin.Read([]byte(password))
	if err != nil {
		return kmsfault.Invalid("KeyStorePassword " + err.Error() + ".")
	}
	st.Password, err = custody.SealKept(ctx, s.config.Token, s.config.Sealing, secret, st.aad())
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
