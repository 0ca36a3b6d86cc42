package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"claviger/audit/tree"
	"claviger/store/storetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// recorded has a server leave some records, each with a refusal in it.
func recorded(t *testing.T, s *site, p *process, n int) {
	t.Helper()
	k := s.kms("http://"+p.address(), http.DefaultClient)
	for i := range n {
		if _, err := k.CreateAlias(t.Context(),
			&kms.CreateAliasInput{AliasName: aws.String(fmt.Sprintf("alias/%d", i)),
				TargetKeyId: aws.String(strings.Repeat("1", 36))}); err == nil {
			t.Fatal("an alias of nothing")
		}
	}
}

// audited runs a command about the trail that must end with a code.
func audited(t *testing.T, s *site, code int, args ...string) string {
	t.Helper()
	r := s.run(append([]string{"audit"}, args...)...)
	if r.code != code {
		t.Fatalf("audit %v: %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	return r.stdout + r.stderr
}

// TestAuditVerify_ServersTrail_IsProved beside the server, behind it, and by what an auditor has
// kept; and what is changed then is found.
func TestAuditVerify_ServersTrail_IsProved(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	config := []string{"--config", s.path("claviger.toml")}
	key := strings.TrimSpace(audited(t, s, 0, append([]string{"key"}, config...)...))
	p := s.start(s.serve()...)
	recorded(t, s, p, 6)
	if again := audited(t, s, 0, append([]string{"key"}, config...)...); again != key+"\n" {
		t.Errorf("the server says %q, and the token said %q", again, key)
	}
	if said := audited(t, s, 0, append([]string{"verify"}, config...)...); !strings.Contains(said,
		"Proved: ") {
		t.Error(said)
	}
	p.stop()
	closed := []string{"--database", s.path("claviger.db"), "--key", key}
	said := audited(t, s, 0, append([]string{"verify", "--whole", "--closed"}, closed...)...)
	if !strings.Contains(said, "Proved: 8 records") {
		t.Error(said)
	}

	s.put("key", key+"\n", 0o600)
	records := audited(t, s, 0, "tail", "-n", "0", "--database", s.path("claviger.db"))
	s.put("records", records, 0o600)
	var proof tree.Proof
	text := audited(t, s, 0, append([]string{"prove", "8"}, closed...)...)
	if err := json.Unmarshal([]byte(text), &proof); err != nil {
		t.Fatal(err)
	}
	s.put("checkpoint", proof.Checkpoint, 0o600)
	kept := []string{"--key", s.path("key"), "--checkpoint", s.path("checkpoint")}
	audited(t, s, 0, append([]string{"verify", "--records", s.path("records")}, kept...)...)
	audited(t, s, 0, append([]string{"verify", "--database", s.path("claviger.db")}, kept...)...)
	audited(t, s, 2, "verify", "--database", s.path("claviger.db"))

	storetest.Edit(t, s.path("claviger.db"),
		`UPDATE tree_tiles SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB)`)
	said = audited(t, s, 35, append([]string{"verify"}, closed...)...)
	if !strings.Contains(said, "WRONG: record 1: the tree is not what was signed") {
		t.Error(said)
	}
	said = audited(t, s, 35, append([]string{"prove", "1"}, closed...)...)
	if !strings.Contains(said, "record 1 can't be proved") {
		t.Error(said)
	}
	s.put("records", strings.Replace(records, "alias/3", "alias/4", 1), 0o600)
	said = audited(t, s, 35, append([]string{"verify", "--records", s.path("records")}, kept...)...)
	if !strings.Contains(said, "WRONG: records 1 to 8: what was signed of them is gone") {
		t.Error(said)
	}
}

// TestAuditProve_Record_IsCheckedByAProgramOfItsOwn, by its number and by its eventID.
func TestAuditProve_Record_IsCheckedByAProgramOfItsOwn(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	config := []string{"--config", s.path("claviger.toml")}
	p := s.start(s.serve()...)
	recorded(t, s, p, 3)
	p.stop()
	key := strings.TrimSpace(audited(t, s, 0, append([]string{"key"}, config...)...))
	checker := filepath.Join(t.TempDir(), "proof")
	if out, err := exec.Command("go", "build", "-o", checker,
		"claviger/examples/proof").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	byNumber := audited(t, s, 0, append([]string{"prove", "4"}, config...)...)
	var proof tree.Proof
	if err := json.Unmarshal([]byte(byNumber), &proof); err != nil {
		t.Fatal(err)
	}
	var record struct{ EventID string }
	if err := json.Unmarshal([]byte(proof.Record), &record); err != nil {
		t.Fatal(err)
	}
	byID := audited(t, s, 0, append([]string{"prove", record.EventID}, config...)...)
	for _, text := range []string{byNumber, byID} {
		c := exec.Command(checker, key)
		c.Stdin = strings.NewReader(text)
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), record.EventID) {
			t.Errorf("%v: %s", err, out)
		}
		c = exec.Command(checker, key)
		c.Stdin = strings.NewReader(strings.Replace(text, "alias/1", "alias/2", 1))
		if out, err := c.CombinedOutput(); err == nil {
			t.Errorf("another record passes: %s", out)
		}
	}
	for _, id := range []string{"0", "99", "no-such-id"} {
		audited(t, s, 1, append([]string{"prove", id}, config...)...)
	}
}

// TestInit_TrailKey_IsShownAtTheCeremony, as `audit key` prints it later.
func TestInit_TrailKey_IsShownAtTheCeremony(t *testing.T) {
	t.Parallel()
	s := bare(t)
	said := s.ceremony()
	key := audited(t, s, 0, "key", "--config", s.path("claviger.toml"))
	if !strings.HasPrefix(key, "claviger/") || !strings.HasSuffix(said, "\n\n"+key) {
		t.Errorf("init says %s, and later the key is %s", said, key)
	}
}
