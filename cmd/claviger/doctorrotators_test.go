package main

import (
	"strings"
	"testing"
)

// A program that can't be run is said, and no reason for the service not to start.
func TestDoctor_ProgramThatIsNotThere_SaysItsRotationsFail(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	s.add("[[rotators]]\nname = \"gone\"\nkind = \"exec\"\n[rotators.exec]\n" +
		"program = \"/nowhere/rotate\"\nrole = \"arn:aws:iam::111122223333:role/r\"\n")
	r := s.run("doctor", "--config", s.path("claviger.toml"))
	if r.code != 0 || !strings.Contains(r.stdout, "rotator   gone: NO: its rotations will fail: ") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	p := s.start(s.serve()...)
	p.address() // it listens
	if code := p.stop(); code != 0 {
		t.Errorf("the service ended with %d", code)
	}
}
