package imports

import (
	"strings"

	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/publickey"
)

// CheckSpec returns nil if the material of keys of a spec can be made elsewhere. Of Ed25519, ML-DSA
// and ML-KEM a token has no way to tell the public half that belongs to what it unwrapped.
func CheckSpec(spec string) error {
	if spec == publickey.SpecEd25519 || strings.HasPrefix(spec, "ML_") {
		return kmsfault.Unsupported("Keys of the spec " + spec + " can't have imported key material.")
	}
	return nil
}

// CheckWrapping returns nil if the material of a key can be wrapped by an algorithm under a pair of
// a WrappingKeySpec. RSA private keys are longer than RSA encrypts, and so is one on P-521 for the
// smallest pair: those need an AES key in between.
func CheckWrapping(k *key.Key, algorithm, pairSpec string) error {
	direct := strings.HasPrefix(algorithm, "RSAES_OAEP_")
	switch {
	case direct && publickey.ModulusBits[k.Spec] > 0:
		return kmsfault.Unsupported("The wrapping algorithm " + algorithm + " can't wrap key " +
			"material of key spec " + k.Spec +
			". Use one of RSA_AES_KEY_WRAP_SHA_256 and RSA_AES_KEY_WRAP_SHA_1.")
	case direct && k.Spec == "ECC_NIST_P521" && pairSpec == "RSA_2048":
		return kmsfault.Unsupported("The wrapping algorithm " + algorithm + " can't wrap key " +
			"material of key spec " + k.Spec + " under a wrapping key of RSA_2048.")
	}
	return nil
}
