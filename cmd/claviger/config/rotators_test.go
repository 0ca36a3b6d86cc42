package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestConfig_WrongRotator_IsRefusedByName: each mistake is named, and none is found out by a
// rotation that fails.
func TestConfig_WrongRotator_IsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	const base = "account = \"111122223333\"\ndatabase = \"x\"\n[hsm]\nmodule = \"/m\"\n" +
		"token_label = \"own\"\npin_env = \"PIN\"\n"
	const one = "[[rotators]]\nname = \"a\"\n"
	const pg = one + "kind = \"postgres\"\ntargets = [\"db:5432\"]\n"
	const role = "role = \"arn:aws:iam::111122223333:role/r\"\n"
	read := func(rotators string) (*Config, error) {
		path := filepath.Join(dir, "claviger.toml")
		if err := os.WriteFile(path, []byte(base+rotators), 0o600); err != nil {
			t.Fatal(err)
		}
		return Read(path)
	}
	for rotators, want := range map[string]string{
		one:                           "kind is one of",
		one + "kind = \"oracle\"\n":   "kind is one of",
		one + "kind = \"postgres\"\n": "targets is missing",
		one + "kind = \"postgres\"\ntargets = [\"db\"]\n": "host:port",
		one + "kind = \"exec\"\n":                         "section",
		one + "kind = \"lambda\"\n":                       "section",
		one + "kind = \"apikey\"\ntargets = [\"db:1\"]\n": "section",
		pg + "users = \"both\"\n":                         "single or alternating",
		pg + "users = \"alternating\"\n":                  "superusers is missing",
		pg + "unsaved = true\n":                           "redis alone",
		pg + "accounts = []\n":                            "nobody could use it",
		pg + "accounts = [\"1\"]\n":                       "12 digits",
		pg + "timeout = \"soon\"\n":                       "timeout",
		pg + "pasword = { length = 3 }\n":                 "no setting",
		one + "kind = \"apikey\"\nrequire_tls = true\ntargets = [\"h:1\"]\n[rotators.api]\n": "require_tls",
		pg + pg: "two rotators",
		pg + "[rotators.exec]\nprogram = \"/bin/true\"\n":                    "section",
		"[[rotators]]\nname = \"a b\"\nkind = \"postgres\"\n":                "name is",
		one + "kind = \"redis\"\ntargets = [\"db:1\"]\nusers = \"single\"\n": "databases alone",
		one + "kind = \"exec\"\n[rotators.exec]\nprogram = \"/p\"\n":         "exec.role",
		one + "kind = \"exec\"\n[rotators.exec]\nprogram = \"/p\"\n" + role +
			"sandbox = \"none\"\n": "exec.sandbox",
		one + "kind = \"exec\"\ntargets = [\"db:1\"]\n[rotators.exec]\nprogram = \"/p\"\n" +
			role: "built in",
	} {
		if _, err := read(rotators); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", rotators, err, want)
		}
	}
	c, err := read(pg + "password = { length = 20 }\n" + strings.Replace(pg, "\"a\"", "\"b\"", 1) +
		"accounts = [\"444455556666\"]\nusers = \"alternating\"\nsuperusers = [\"arn:x\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.ServiceRotators()
	if err != nil || len(all) != 2 || all[0].Target == nil || all[1].Name != "b" ||
		!slices.Equal(all[0].Accounts, []string{"111122223333"}) ||
		!slices.Equal(all[1].Accounts, []string{"444455556666"}) ||
		!slices.Equal(all[1].Superusers, []string{"arn:x"}) {
		t.Errorf("%+v, %v", all, err)
	}
	for file, rotators := range map[string]string{
		"ca_file": pg + "ca_file = \"" + filepath.Join(dir, "absent") + "\"\n",
		"bearer": one + "kind = \"lambda\"\n[rotators.lambda]\nendpoint = \"http://127.0.0.1:1\"\n" +
			"function = \"f\"\nbearer_file = \"" + filepath.Join(dir, "absent") + "\"\n",
		"endpoint": one + "kind = \"lambda\"\n[rotators.lambda]\nendpoint = \"http://example:1\"\n" +
			"function = \"f\"\n",
	} {
		if c, err = read(rotators); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ServiceRotators(); err == nil || !strings.Contains(err.Error(), "rotator a") {
			t.Errorf("%s: %v", file, err)
		}
	}
}
