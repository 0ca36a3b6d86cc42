package hsm_test

import (
	"slices"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

func TestSoftwareToken(t *testing.T) {
	hsmtest.Run(t, func(t testing.TB) hsm.Config { return hsmtest.NewDevice(t).Config() })
}

func TestSoftHSM(t *testing.T) { hsmtest.Run(t, hsmtest.SoftHSM) }

// TestDialectOfCloudHSM shows what the row for CloudHSM asks of a device; no real one has been asked.
func TestDialectOfCloudHSM(t *testing.T) {
	untrusted := hsmtest.LikeCloudHSM(t)
	refused(t, untrusted.Config(), hsm.ErrUnsafe) // until an admin has marked the root
	hsmtest.Run(t, func(t testing.TB) hsm.Config {
		d := hsmtest.LikeCloudHSM(t)
		d.Trust()
		return d.Config()
	})
	d := hsmtest.LikeCloudHSM(t)
	d.Trust()
	tok := hsmtest.Open(t, d.Config())
	f := tok.Facts()
	if !f.DeviceIV || f.KeyWrap != "CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD" || !slices.Contains(f.Gaps, "device-unproven") {
		t.Errorf("%+v", f)
	}
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	if _, err := tok.Seal(background, m.Rest(), make([]byte, f.LargestGCM+1), nil); fault.Of(err).Kind != fault.Invalid {
		t.Errorf("more than the device takes: %v", err)
	}
}

func TestVendorModule(t *testing.T) {
	c, ok := hsmtest.Vendor()
	if !ok {
		t.Log("CLAVIGER_TEST_MODULE and CLAVIGER_TEST_TOKEN name no device: nothing to test")
		return
	}
	hsmtest.Run(t, func(testing.TB) hsm.Config { return c })
}
