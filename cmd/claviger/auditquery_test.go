package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"claviger/trail/search"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestAuditQuery_WhatIsAsked_IsFound: beside a running server and without one, with its index and
// without, in both forms.
func TestAuditQuery_WhatIsAsked_IsFound(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	k := s.kms("http://"+p.address(), http.DefaultClient)
	made, err := k.CreateKey(t.Context(), new(kms.CreateKeyInput))
	if err != nil {
		t.Fatal(err)
	}
	for _, nr := range []string{"1", "2"} {
		if _, err := k.Encrypt(t.Context(), &kms.EncryptInput{KeyId: made.KeyMetadata.KeyId,
			Plaintext: []byte("x"), EncryptionContext: map[string]string{"nr": nr}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.DescribeKey(t.Context(), &kms.DescribeKeyInput{
		KeyId: aws.String(strings.Repeat("1", 36))}); err == nil {
		t.Fatal("there is no such key")
	}
	query := func(args ...string) []string {
		t.Helper()
		r := s.run(append([]string{"audit", "query", "--config", s.path("claviger.toml")}, args...)...)
		if r.code != 0 {
			t.Fatalf("audit query %v: %d, %s", args, r.code, r.stderr)
		}
		if r.stdout == "" {
			return nil
		}
		return strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	}
	look := func() {
		t.Helper()
		for _, c := range []struct {
			args string
			want int
		}{
			{"--event Encrypt", 2}, {"--event Encrypt --context nr=2", 1}, {"--event encrypt", 0},
			{"--source kms --user root", 4}, {"--source kms --user root --changes", 1},
			{"--source kms.amazonaws.com --user root -n 3", 3}, {"--event DescribeKey --since 1h", 1},
			{"--resource " + *made.KeyMetadata.Arn + " --event Encrypt", 2},
			{"--source kms --until 2020-01-01", 0}, {"--event Encrypt --since 2020-01-01 --until 1h", 0},
			{"--event Encrypt --account 000000000000", 0}, {"--event Encrypt --region nowhere", 0},
			{"--error NotFoundException", 1}, {"--address 127.0.0.1 --event Encrypt", 2},
		} {
			found := query(strings.Fields(c.args)...)
			if len(found) != c.want {
				t.Errorf("audit query %s: %d records, want %d: %q", c.args, len(found), c.want, found)
			}
			for _, line := range found {
				if !json.Valid([]byte(line)) {
					t.Errorf("audit query %s prints %s", c.args, line)
				}
			}
		}
		table := query("--table", "--event", "Encrypt")
		if len(table) != 3 || !strings.HasPrefix(table[0], "TIME ") ||
			!strings.Contains(table[1], "kms:Encrypt") ||
			!strings.Contains(table[1], "key/"+*made.KeyMetadata.KeyId) {
			t.Errorf("as a table:\n%s", strings.Join(table, "\n"))
		}
	}
	look()
	if code := p.stop(); code != 0 {
		t.Fatalf("the server ended with %d", code)
	}
	look()
	if err := os.RemoveAll(search.Dir(s.path("claviger.db"))); err != nil {
		t.Fatal(err)
	}
	look()
}

func TestAuditQuery_WhatMakesNoSense_IsRefused(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	for _, args := range [][]string{{"-n", "-1"}, {"--since", "yesterday"}, {"--context", "a"},
		{"--since", "1h", "--until", "2h"}, {"--event", ""}, {"more"}, {"--since", "-1h"}} {
		r := s.run(append([]string{"audit", "query", "--database", s.path("claviger.db")}, args...)...)
		s.clear(r, 2, "audit query: ")
	}
	s.clear(s.run("audit", "query"), 2, "audit query: ")
}
