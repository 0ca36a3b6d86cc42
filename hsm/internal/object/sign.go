package object

import (
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/publickey"
)

// Sign asks the device for a signature by a key that is known to be the right one, and gives it the
// form that AWS's has.
func (d *Device) Sign(s cryptoki.Session, k *Key, how dialect.Signature,
	digest []byte) ([]byte, error) {
	data := slices.Concat(how.Prefix, digest)
	signature, err := d.Driver.Sign(s, k.Object, how.Mechanism, data)
	if err != nil || how.Code != pkcs11.CKM_ECDSA {
		return signature, err
	}
	// PKCS#11 v2.40 section 2.3.1: r and s one after the other, each as long as
	// the order of the curve.
	n := len(signature) / 2
	if n == 0 || n > k.Template.Curve.Size {
		return nil, fmt.Errorf("%w: a signature of %d bytes", failure.ErrNonsense, len(signature))
	}
	return publickey.DERSignature(signature[:n], signature[n:]), nil
}
