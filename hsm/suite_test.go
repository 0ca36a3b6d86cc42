package hsm_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

func TestSuite_FakeDevice_Passes(t *testing.T) {
	hsmtest.Run(t, func(t testing.TB) hsm.Config { return fakedevice.New(t).Config() })
}

func TestSuite_SoftHSM_Passes(t *testing.T) { hsmtest.Run(t, hsmtest.SoftHSM) }

// TestSuite_CloudHSMDialect_Passes shows what the row for CloudHSM asks of a device; no real one
// has been asked.
func TestSuite_CloudHSMDialect_Passes(t *testing.T) {
	untrusted := fakedevice.LikeCloudHSM(t)
	refused(t, untrusted.Config(), hsm.ErrUnsafe) // until an admin has marked the root
	hsmtest.Run(t, func(t testing.TB) hsm.Config {
		d := fakedevice.LikeCloudHSM(t)
		d.Trust()
		return d.Config()
	})
	d := fakedevice.LikeCloudHSM(t)
	d.Trust()
	tok := hsmtest.Open(t, d.Config())
	f := tok.Facts()
	if !f.DeviceIV || f.KeyWrap != "CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD" ||
		!slices.Contains(f.Gaps, "device-unproven") {
		t.Errorf("%+v", f)
	}
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	if _, err := tok.Seal(background, m.Rest(), make([]byte, f.LargestGCM+1),
		nil); fault.Of(err).Kind != fault.Invalid {
		t.Errorf("more than the device takes: %v", err)
	}
}

// TestSuite_NShieldDialect_Passes is the same for nShield, and the only one with Ed25519.
func TestSuite_NShieldDialect_Passes(t *testing.T) {
	hsmtest.Run(t, func(t testing.TB) hsm.Config { return fakedevice.LikeNShield(t).Config() })
	d := fakedevice.LikeNShield(t)
	tok := hsmtest.Open(t, d.Config())
	if !tok.Supports(custody.Ed25519Sign) {
		t.Error("Ed25519 is not supported")
	}
	d.Fail("C_WrapKey", pkcs11.CKR_KEY_NOT_WRAPPABLE, -1)
	if _, err := tok.Generate(background, "k",
		custody.Ed25519Sign); !errors.Is(err, custody.ErrUnsupported) {
		t.Errorf("a device that doesn't wrap such keys after all: %v", err)
	}
}

// TestSuite_V32Device_Passes is a device without a row of its own, and the only one
// with ML-DSA and ML-KEM.
func TestSuite_V32Device_Passes(t *testing.T) {
	hsmtest.Run(t, func(t testing.TB) hsm.Config { return fakedevice.LikeV32(t).Config() })
	d := fakedevice.LikeV32(t)
	tok := hsmtest.Open(t, d.Config())
	for _, k := range []custody.Kind{
		custody.MLDSA44Sign, custody.MLDSA65Sign, custody.MLDSA87Sign, custody.MLKEM512,
		custody.MLKEM768, custody.MLKEM1024,
	} {
		if !tok.Supports(k) {
			t.Errorf("%s is not supported", k)
		}
	}
	for _, k := range []custody.Kind{custody.MLDSA65Sign, custody.MLKEM768} {
		if _, err := tok.Import(background,
			custody.Import{Algorithm: "RSAES_OAEP_SHA_256", Kind: k, ID: "new"}); !errors.Is(err,
			custody.ErrUnsupported) {
			t.Errorf("importing %s: %v", k, err)
		}
	}
	d.Fail("C_GenerateKeyPair", ckrParameterSetNotSupported, -1)
	if _, err := tok.Generate(background, "k",
		custody.MLDSA87Sign); !errors.Is(err, custody.ErrUnsupported) {
		t.Errorf("a device that lacks the parameter set: %v", err)
	}
}

const ckrParameterSetNotSupported = 0x209

// TestSupports_ModuleWithoutV32Functions_LacksMLKEM: a device that lists the mechanism is no use
// where its function can't be called, and nothing claims that it is.
func TestSupports_ModuleWithoutV32Functions_LacksMLKEM(t *testing.T) {
	tok := hsmtest.Open(t, fakedevice.LikeV32Unreached(t).Config())
	if tok.Supports(custody.MLKEM768) || slices.Contains(tok.Facts().Kinds, custody.MLKEM768) ||
		!slices.Contains(tok.Facts().Mechanisms, "CKM_ML_KEM") {
		t.Errorf("it supports %v", tok.Facts().Kinds)
	}
	if _, err := tok.Generate(background, "k",
		custody.MLKEM768); !errors.Is(err, custody.ErrUnsupported) {
		t.Errorf("ML-KEM: %v", err)
	}
	m := hsmtest.Make(t, tok, "m", custody.MLDSA65Sign)
	if _, err := tok.Sign(background, m.Rest(), "ML_DSA_SHAKE_256", []byte("x")); err != nil {
		t.Errorf("ML-DSA: %v", err)
	}
	if _, err := tok.Sign(background, m.Rest(), custody.ExternalMu,
		make([]byte, 64)); !errors.Is(err, custody.ErrUnsupported) {
		t.Errorf("ML-DSA over a representative: %v", err)
	}
}

func TestSuite_VendorModule_Passes(t *testing.T) {
	c, ok := hsmtest.Vendor()
	if !ok {
		t.Log("CLAVIGER_TEST_MODULE and CLAVIGER_TEST_TOKEN name no device: nothing to test")
		return
	}
	hsmtest.Run(t, func(testing.TB) hsm.Config { return c })
}
