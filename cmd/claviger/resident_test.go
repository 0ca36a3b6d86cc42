package main

import (
	"slices"
	"strings"
	"testing"

	"claviger/cmd/claviger/config"
	"claviger/internal/custody"
)

// TestConfig_ResidentKeySpecs_AreNamedByDoctor: one key spec may be named, and
// doctor says what it means.
func TestConfig_ResidentKeySpecs_AreNamedByDoctor(t *testing.T) {
	s := initialised(t)
	configured := s.config
	for _, no := range []string{"ECC_NIST_P256", "SYMMETRIC_DEFAULT", ""} {
		s.put("claviger.toml", configured+"resident = [\"ECC_NIST_EDWARDS25519\", \""+no+"\"]\n", 0o600)
		if r := s.run("doctor", "--config", s.path("claviger.toml")); r.code != 3 ||
			!strings.Contains(r.stderr, "hsm.resident") {
			t.Errorf("%q: %d\n%s", no, r.code, r.stderr)
		}
	}
	s.put("claviger.toml", configured+"resident = [\"ECC_NIST_EDWARDS25519\"]\n", 0o600)
	r := s.run("doctor", "--config", s.path("claviger.toml"))
	for _, want := range []string{"may rest on it",
		"ECC_NIST_EDWARDS25519 rest on this token, 1000 at most"} {
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("doctor: %d, without %q:\n%s%s", r.code, want, r.stdout, r.stderr)
		}
	}
	c, err := config.Read(s.path("claviger.toml"))
	if err != nil || !slices.Equal(c.Device().Resident, []custody.Kind{custody.Ed25519Sign}) {
		t.Errorf("the device is opened with %v, %v", c.Device().Resident, err)
	}
}
