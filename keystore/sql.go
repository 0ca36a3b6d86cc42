package keystore

import (
	"errors"

	"claviger/store"
)

// all returns the first error: err, or that of a check.
func all(err error, checks []func() error) error {
	for _, check := range checks {
		if err != nil {
			return err
		}
		err = check()
	}
	return err
}

func isNoRow(err error) bool { return errors.Is(err, store.NoRow) }
