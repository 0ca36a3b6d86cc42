package main

import (
	"strings"
	"testing"

	"claviger/hsm"
)

func softHSM(t *testing.T) string {
	t.Helper()
	module, ok := hsm.FindSoftHSM()
	if !ok {
		t.Fatal("SoftHSM2 is not installed: run `make softhsm`")
	}
	return module
}

// TestDoctor_Clusters_AreCheckedWithoutLogin without logging in to them.
func TestDoctor_Clusters_AreCheckedWithoutLogin(t *testing.T) {
	s := initialised(t)
	s.add("[[clusters]]\nid = \"cluster-abcdefghijk\"\nmodule = \"" + softHSM(t) +
		"\"\ntoken_labels = [\"nobody's\"]\n")
	r := s.run("doctor", "--config", s.path("claviger.toml"))
	for _, want := range []string{"cluster-abcdefghijk", `"nobody's"`, "missing", "single = true"} {
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("doctor: %d, without %q:\n%s%s", r.code, want, r.stdout, r.stderr)
		}
	}
}

// It is for who runs the service, beside a running one or without, and leaves its record.
func TestClustersReset_ByTheOperator_IsRecorded(t *testing.T) {
	const id = "cluster-abcdefghijk"
	s := initialised(t)
	reset := func(id string) result {
		return s.run("clusters", "reset", "--config", s.path("claviger.toml"), "--cluster", id)
	}
	if r := reset(id); r.code != 3 || !strings.Contains(r.stderr, "no cluster") {
		t.Errorf("of a cluster that isn't there: %d\n%s", r.code, r.stderr)
	}
	s.add("[[clusters]]\nid = \"" + id + "\"\nmodule = \"" + softHSM(t) +
		"\"\ntoken_labels = [\"nobody's\"]\naccounts = [\"999988887777\"]\n")
	for _, args := range [][]string{{"clusters"}, {"clusters", "list"},
		{"clusters", "reset", "--config", s.path("claviger.toml")}} {
		if r := s.run(args...); r.code != 2 {
			t.Errorf("%v: %d\n%s", args, r.code, r.stderr)
		}
	}
	done := "One password will be tried on " + id
	p := s.start(s.serve()...)
	p.address()
	if r := reset(id); r.code != 0 || !strings.Contains(r.stdout, done) {
		t.Errorf("by a server: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	p.stop()
	if r := reset(id); r.code != 0 || !strings.Contains(r.stdout, done) {
		t.Errorf("%d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r := s.run("audit", "tail", "--config", s.path("claviger.toml"), "-n", "0")
	if n := strings.Count(r.stdout, "ResetClusterRefusals"); n != 2 {
		t.Errorf("%d resets are recorded:\n%s", n, r.stdout)
	}
	for _, want := range []string{"ResetClusterRefusals", id, "claviger clusters reset",
		"999988887777"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the record lacks %q:\n%s", want, r.stdout)
		}
	}
}
