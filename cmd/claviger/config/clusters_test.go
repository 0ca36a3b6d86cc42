package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestConfig_WrongCluster_IsRefusedByName: each mistake is named, and none is found out by a store
// that can't be connected.
func TestConfig_WrongCluster_IsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pem := write("ca.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
	base := "account = \"111122223333\"\ndatabase = \"x\"\n[hsm]\nmodule = \"/m\"\ntoken_label = " +
		"\"own\"\npin_env = \"PIN\"\n"
	const one = "[[clusters]]\nid = \"cluster-abcdefghijk\"\nmodule = \"/m\"\n"
	read := func(clusters string) (*Config, error) {
		return Read(write("claviger.toml", base+clusters))
	}
	for clusters, want := range map[string]string{
		one: "token_labels or token_serials",
		one + "token_labels = [\"a\"]\ntoken_serials = [\"b\"]\n": "token_labels or token_serials",
		one + "token_labels = [\"\"]\n":                           "without a name",
		one + "token_labels = [\"own\"]\n":                        "another's",
		one + "token_labels = [\"a\", \"a\"]\n":                   "another's",
		one + "token_labels = [\"a\", \"b\"]\nsingle = true\n":    "single",
		one + "token_labels = [\"a\"]\ntimeout = \"soon\"\n":      "clusters.timeout",
		one + "token_labels = [\"a\"]\naccounts = [\"1\"]\n":      "12 digits",
		one + "token_labels = [\"a\"]\naccounts = []\n":           "nobody could use it",
		one + "token_labels = [\"a\"]\npassword = \"x\"\n":        "no setting",
		one + "token_labels = [\"a\"]\n" + one +
			"token_labels = [\"b\"]\n": "two clusters",
		"[[clusters]]\nid = \"cluster-1\"\nmodule = \"/m\"\ntoken_labels = [\"a\"]\n": "clusters.id",
		"[[clusters]]\nid = \"cluster-abcdefghijk\"\n" +
			"token_labels = [\"a\"]\n": "module is missing",
		one + "token_labels = [\"a\"]\n[[clusters]]\nid = \"cluster-22222222222\"\nmodule = " +
			"\"/m\"\ntoken_labels = [\"a\"]\n": "another's",
	} {
		if _, err := read(clusters); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", clusters, err, want)
		}
	}
	c, err := read(one + "token_labels = [\"a\", \"b\"]\ntimeout = \"3s\"\ntrust_anchor = \"" + pem +
		"\"\n[[clusters]]\nid = \"cluster-22222222222\"\nmodule = \"/other\"\ntoken_serials = " +
		"[\"17\"]\nsingle = true\n")
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.ServiceClusters()
	if err != nil || len(all) != 2 || all[0].Single || !all[1].Single || len(all[0].Tokens) != 2 ||
		all[0].Tokens[1].TokenLabel != "b" || all[0].Tokens[0].Timeout.Seconds() != 3 ||
		all[1].Tokens[0].TokenSerial != "17" || !strings.Contains(all[0].Anchor, "MIIB") {
		t.Errorf("%+v, %v", all, err)
	}
	// Without a word it is the installation's own account that may use a cluster.
	if !slices.Equal(all[0].Accounts, []string{"111122223333"}) {
		t.Errorf("the accounts are %v", all[0].Accounts)
	}
	c, err = read(one + "token_labels = [\"a\"]\naccounts = [\"999988887777\", \"111122223333\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	if all, err = c.ServiceClusters(); err != nil ||
		!slices.Equal(all[0].Accounts, []string{"999988887777", "111122223333"}) {
		t.Errorf("%+v, %v", all, err)
	}
	for _, anchor := range []string{filepath.Join(dir, "absent"), write("junk", "no certificate")} {
		c, err = read(one + "token_labels = [\"a\"]\ntrust_anchor = \"" + anchor + "\"\n")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ServiceClusters(); err == nil || !strings.Contains(err.Error(), "trust_anchor") {
			t.Errorf("%s: %v", anchor, err)
		}
	}
}
