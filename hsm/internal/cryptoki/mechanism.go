package cryptoki

import (
	"encoding/binary"

	"github.com/miekg/pkcs11"
)

// Mechanism is CK_MECHANISM: a code and, for those that take one, its parameter.
type Mechanism struct {
	Code      uint // CKM_*
	Parameter Parameter
}

// Parameter is the parameter of a mechanism: [PSS], [OAEP], [ECDH] or [Prehash].
type Parameter interface {
	native() any // in the form that miekg takes
}

// PSS is CK_RSA_PKCS_PSS_PARAMS.
type PSS struct {
	Hash, MGF uint // CKM_* and CKG_*
	Salt      uint // bytes
}

func (p PSS) native() any { return pkcs11.NewPSSParams(p.Hash, p.MGF, p.Salt) }

// OAEP is CK_RSA_PKCS_OAEP_PARAMS with an empty label.
type OAEP struct {
	Hash, MGF uint // CKM_* and CKG_*
}

func (p OAEP) native() any {
	return pkcs11.NewOAEPParams(p.Hash, p.MGF, pkcs11.CKZ_DATA_SPECIFIED, nil)
}

// ECDH is CK_ECDH1_DERIVE_PARAMS without a key derivation function: what is derived is the x
// coordinate itself.
type ECDH struct {
	Peer []byte // uncompressed point (SEC 1, section 2.3.3)
}

func (p ECDH) native() any { return pkcs11.NewECDH1DeriveParams(pkcs11.CKD_NULL, nil, p.Peer) }

// Prehash is CK_EDDSA_PARAMS (PKCS#11 v3.0, section 2.3.5) for Ed25519ph with an empty context.
// Pure Ed25519 takes no parameter.
type Prehash struct{}

func (Prehash) native() any {
	// CK_BBOOL and its padding; then length and address of the context, both zero
	b := make([]byte, 8, 24)
	b[0] = 1
	return binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(b, 0), 0)
}

// native gives the mechanism the form miekg takes.
func (m Mechanism) native() []*pkcs11.Mechanism {
	if m.Parameter == nil {
		return mech(m.Code)
	}
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(m.Code, m.Parameter.native())}
}
