package hsm

import (
	"crypto"
	"io"

	"claviger/hsm/internal/signer"
)

// Signer returns the key pair labelled keyLabel on the token that c selects, for a TLS identity
// that never leaves the device. RSA and ECDSA keys sign; for RSA-PSS the salt length must be
// rsa.PSSSaltLengthEqualsHash. The same module may be open through [Open], before or after: opening
// and closing a Signer reloads the module, which open tokens get over by themselves. Close the
// returned Closer when no more signatures are wanted.
func Signer(c Config, keyLabel string) (crypto.Signer, io.Closer, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, nil, err
	}
	s, err := signer.Open(signer.Options{
		Module: c.Module, Token: c.token(), Label: keyLabel, PIN: c.PIN, Timeout: c.Timeout,
	})
	if err != nil {
		return nil, nil, blameFiles(c.Module, err)
	}
	return s, s, nil
}
