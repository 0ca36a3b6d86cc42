package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const lintedKeyPolicy = `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
   "Action": ["kms:Decryptt", "kms:Encrypt"], "Resource": "*",
   "Condition": {"StringEquals": {"ec2:Vpc": "x"}}}]}
`

// TestPolicyLint_EachKind_SaysWhatIsWrong: in AWS's words where AWS refuses it, and otherwise what
// never matches, with its place.
func TestPolicyLint_EachKind_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := &site{t: t, dir: t.TempDir()}
	write := func(name, text string) string {
		path := filepath.Join(s.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := write("key.json", lintedKeyPolicy)
	broken := write("broken.json", "{\n \"Statement\": [}\n")
	plain := write("plain.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Action":"kms:ReEncrypt*","Resource":"*"}]}`)
	trust := write("trust.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"}}]}`)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"key": {[]string{"--kind", "key", key}, 0, key + ":3:15: never-matches: kms:Decryptt never " +
			"matches: kms has no such action here; is kms:Decrypt meant?\n" + key +
			":4:35: never-matches: no request here has the condition key ec2:Vpc\n"},
		"nothing to say": {[]string{plain}, 0, ""},
		"trust":          {[]string{"--kind=trust", trust}, 0, ""},
		"two files": {[]string{plain, broken}, 1,
			broken + ":2:16: malformed: Syntax errors in policy.\n"},
		"the wrong kind": {[]string{"--kind", "secret", plain}, 1,
			plain + ": malformed: This resource policy contains a syntax error.\n"},
		"principals": {[]string{key}, 1,
			key + ": malformed: Policy document should not specify a principal.\n"},
	} {
		r := s.run(append([]string{"policy", "lint"}, c.args...)...)
		if r.code != c.code || r.stdout != c.says {
			t.Errorf("%s: %d, %s%s", name, r.code, r.stdout, r.stderr)
		}
	}
	r := s.run("policy", "lint", "--json", "--kind", "key", key)
	var found struct {
		File, Kind, Text string
		Line, Column     int
	}
	if err := json.Unmarshal([]byte(strings.SplitN(r.stdout, "\n", 2)[0]), &found); err != nil ||
		found.File != key || found.Line != 3 || found.Column != 15 || found.Kind != "never-matches" {
		t.Errorf("%v: %s", err, r.stdout)
	}
	s.clear(s.run("policy", "lint"), 2, "which files")
	s.clear(s.run("policy", "lint", "--kind", "bucket", key), 2, `"bucket"`)
	s.clear(s.run("policy"), 2, "claviger policy lint")
	s.clear(s.run("policy", "lint", filepath.Join(s.dir, "none.json")), 1, "none.json")
}
