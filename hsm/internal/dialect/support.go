package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/publickey"
	"claviger/internal/custody"
)

// KeyTemplate returns how a kind of material looks to a device of this dialect.
func (d Dialect) KeyTemplate(kind custody.Kind) (KeyTemplate, error) {
	k, known := keyTemplates[kind]
	if !known {
		return KeyTemplate{}, fmt.Errorf("hsm: no material is of kind %q", kind)
	}
	switch {
	case k.KeyType == pkcs11.CKK_AES:
		k.Mechanisms = []uint{d.GCM}
	case k.KeyType == pkcs11.CKK_GENERIC_SECRET:
		k.flags = d.secretFlags()
	case k.KeyType == cryptoki.CKK_ML_DSA && d.ExternalMu:
		k.Mechanisms = append(slices.Clip(k.Mechanisms), cryptoki.CKM_ML_DSA_EXTERNAL_MU)
	case k.Usages[0] == pkcs11.CKA_DECRYPT:
		if !slices.Contains(d.OAEP, "SHA_256") {
			k.Mechanisms = append(slices.Clip(k.Mechanisms), pkcs11.CKM_RSA_X_509)
		}
	}
	return k, nil
}

// Supported returns the kinds that a token can make, keep wrapped and use for others, the service's
// own left out. The list of mechanisms doesn't say which curves a device knows, nor which keys it
// wraps: that is the dialect's to say.
func (d Dialect) Supported(mechanisms []uint) []custody.Kind {
	var kinds []custody.Kind
	for _, kind := range slices.Sorted(maps.Keys(keyTemplates)) {
		k, err := d.KeyTemplate(kind)
		if err != nil || OfService(kind) || k.lacks(mechanisms) || !d.knows(k) {
			continue
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// OnlyResident reports whether a token can make and use keys of a kind and not keep them wrapped.
func (d Dialect) OnlyResident(kind custody.Kind, mechanisms []uint) bool {
	k := keyTemplates[kind]
	return !k.lacks(mechanisms) && !d.knows(k)
}

// Makes reports whether the mechanisms by which keys of a kind are made and used are all listed.
func Makes(kind custody.Kind, mechanisms []uint) bool {
	return !keyTemplates[kind].lacks(mechanisms)
}

// lacks reports whether a mechanism by which such keys are made or used is not listed.
func (k KeyTemplate) lacks(mechanisms []uint) bool {
	needed := append(slices.Clip(k.Mechanisms), k.Generation)
	return slices.ContainsFunc(needed, func(m uint) bool { return !slices.Contains(mechanisms, m) })
}

// knows reports what no list of mechanisms says: whether the device has the curve, wraps such keys,
// and can be asked for all that they do.
func (d Dialect) knows(k KeyTemplate) bool {
	switch {
	case k.Curve == publickey.Secp256k1:
		return d.secp256k1
	case k.Curve == publickey.Edwards25519:
		return d.ed25519
	case k.KeyType == cryptoki.CKK_ML_KEM:
		return d.lattices && d.decapsulates
	}
	return k.Set == nil || d.lattices
}

// Wrapping returns the best key-wrap mechanism of the dialect that the token lists, and refuses a
// token on which anything we need is missing.
func (d Dialect) Wrapping(mechanisms []uint) (Mechanism, error) {
	err := d.Encrypting(mechanisms,
		Mechanism{Name: "CKM_GENERIC_SECRET_KEY_GEN", Code: pkcs11.CKM_GENERIC_SECRET_KEY_GEN},
		Mechanism{Name: "CKM_SHA256_HMAC", Code: pkcs11.CKM_SHA256_HMAC})
	if err != nil {
		return Mechanism{}, err
	}
	for _, m := range d.wrap {
		if slices.Contains(mechanisms, m.Code) {
			return m, nil
		}
	}
	return Mechanism{}, fmt.Errorf("%w: key wrap by RFC 5649 (%s)",
		failure.ErrMechanism, d.wrap[0].Name)
}

// Encrypting refuses a token that can't make keys and encrypt by them, or lacks one of the others.
func (d Dialect) Encrypting(mechanisms []uint, others ...Mechanism) error {
	needed := append(others, Mechanism{Name: "AES-GCM", Code: d.GCM},
		Mechanism{Name: "CKM_AES_KEY_GEN", Code: pkcs11.CKM_AES_KEY_GEN})
	for _, m := range needed {
		if !slices.Contains(mechanisms, m.Code) {
			return fmt.Errorf("%w: %s (0x%X)", failure.ErrMechanism, m.Name, m.Code)
		}
	}
	return nil
}

// Pads reports whether the device pads by an algorithm of RSA encryption itself.
func (d Dialect) Pads(alg custody.Algorithm) bool {
	return slices.Contains(d.OAEP, strings.TrimPrefix(string(alg), "RSAES_OAEP_"))
}
