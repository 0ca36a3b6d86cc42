package main

import (
	"strings"
	"testing"
)

// declare adds a tree of public parameters to a site.
func (s *site) declare(yaml string) {
	s.t.Helper()
	s.put("site.yaml", yaml, 0o644)
	s.add("[[parameters.public]]\npath = \"/aws/service/site\"\nfrom = \"site.yaml\"\n")
}

// TestDoctor_PublicParameters_AreCounted: and one that can't be read is said with its line.
func TestDoctor_PublicParameters_AreCounted(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	s.declare("images: {debian-12: ami-0abc}\nzones: [a, b]\n")
	r := s.run("doctor", "--config", s.path("claviger.toml"))
	if r.code != 0 || !strings.Contains(r.stdout, "/aws/service/site/: parameters for every account, 2") ||
		!strings.Contains(r.stdout, s.path("site.yaml")) {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	s.put("site.yaml", "zones:\n- a\n- b,c\n", 0o644)
	s.clear(s.run("doctor", "--config", s.path("claviger.toml")), 3,
		s.path("site.yaml")+":3: an item of a list has no comma")
}

func TestServe_PublicParameters_Starts(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	s.declare("images: {debian-12: ami-0abc}\n")
	p := s.start(s.serve()...)
	p.address() // it listens
	if code := p.stop(); code != 0 {
		t.Errorf("the service ended with %d", code)
	}
}
