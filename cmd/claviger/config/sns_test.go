package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const snsBase = "account = \"111122223333\"\ndatabase = \"/d\"\n" +
	"[hsm]\nmodule = \"/m\"\ntoken_label = \"own\"\npin_env = \"PIN\"\n"

const goodSNS = `[sns]
url = "https://claviger.example.com/"
[sns.smtp]
address = "mail.example.com:587"
user = "claviger"
password_file = "PASSWORD"
from = "Claviger <claviger@example.com>"
recipients = ["example.com"]
`

// TestConfig_WrongSNS_IsRefusedByName: each mistake is named at the start.
func TestConfig_WrongSNS_IsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	read := func(lines string) error {
		path := filepath.Join(dir, "claviger.toml")
		if err := os.WriteFile(path, []byte(snsBase+lines), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		return err
	}
	if err := read(goodSNS); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"https://claviger.example.com/"`, `"claviger.example.com"`, "sns.url"},
		{`"https://claviger.example.com/"`, `"https://c.example.com/?a=b"`, "sns.url"},
		{`"https://claviger.example.com/"`, `""`, "sns.url is missing"},
		{`"mail.example.com:587"`, `"mail.example.com"`, "sns.smtp.address"},
		{`user =`, "security = \"ssl\"\nuser =", "sns.smtp.security is one of starttls, tls, none"},
		{`user =`, "security = \"none\"\nuser =", "on this machine alone"},
		{`password_file = "PASSWORD"`, ``, "sns.smtp.password_file"},
		{`"Claviger <claviger@example.com>"`, `"Claviger"`, "sns.smtp.from"},
		{`["example.com"]`, `[]`, "sns.smtp.recipients"},
	} {
		err := read(strings.Replace(goodSNS, c.old, c.new, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %s: %v, want %s", c.new, err, c.want)
		}
	}
}

// TestTopics_Password_IsReadAtEachLogin, and from a file that nobody else can read.
func TestTopics_Password_IsReadAtEachLogin(t *testing.T) {
	dir := t.TempDir()
	file, path := filepath.Join(dir, "smtp"), filepath.Join(dir, "claviger.toml")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "one\n")
	write(path, snsBase+strings.Replace(goodSNS, "PASSWORD", file, 1))
	c, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	topics, err := c.Topics()
	if err != nil || topics.URL != "https://claviger.example.com" || !topics.Mail.May("A@Example.com") ||
		topics.Mail.May("a@example.com.evil.example") {
		t.Fatalf("%+v, %v", topics, err)
	}
	write(file, "two")
	if got, err := topics.Mail.Password(); got != "two" || err != nil {
		t.Errorf("the password is %q, %v", got, err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := topics.Mail.Password(); err == nil {
		t.Error("others may read it")
	}
}
