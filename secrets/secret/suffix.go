package secret

import (
	"crypto/rand"

	"claviger/secrets/password"
)

const (
	suffixSize    = 6
	alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// NewSuffix returns the six random characters that end an ARN. By them a name that is used again
// names another secret.
func NewSuffix() (string, error) {
	u := password.Uniform{Read: func(n int) ([]byte, error) {
		b := make([]byte, n)
		rand.Read(b)
		return b, nil
	}}
	return u.Text(alphanumerics, suffixSize)
}
