package hsm_test

import (
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
)

func TestSoftwareToken(t *testing.T) {
	hsmtest.Run(t, func(t testing.TB) hsm.Config { return hsmtest.NewDevice(t).Config() })
}

func TestSoftHSM(t *testing.T) { hsmtest.Run(t, hsmtest.SoftHSM) }

func TestVendorModule(t *testing.T) {
	c, ok := hsmtest.Vendor()
	if !ok {
		t.Skip("CLAVIGER_TEST_MODULE and CLAVIGER_TEST_TOKEN name no device")
	}
	hsmtest.Run(t, func(testing.TB) hsm.Config { return c })
}
