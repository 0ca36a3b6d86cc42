package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claviger/cmd/claviger/exit"
)

// TestConfig_WrongRowOfOutbound_IsRefusedByName: what can't be called is found out at the start.
func TestConfig_WrongRowOfOutbound_IsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	authority := write("ca.pem", certificateOf(t, true))
	row := func(text string) string { return "[[outbound.allow]]\n" + text + "\n" }
	ca := "\nca_file = \"" + authority + "\""
	for rows, want := range map[string]string{
		row(`private = true`): "a url or an address",
		row(`url = "https://a.example.com/"` + "\naddress = \"a:1\""):                 "a url or an address",
		row(`url = "a.example.com"`):                                                  "no https URL",
		row(`url = "https://a.example.com/?a"`):                                       "ends with the path",
		row(`address = "mail.example.com"`):                                           "no host:port",
		row(`url = "http://a.example.com/"` + ca):                                     "no certificates",
		row(`url = "https://a.example.com/"`) + row(`url = "https://A.example.com/"`): "two rows",
		row(`url = "https://a.example.com/"` + "\nca_file = \"/nowhere\""):            "ca_file",
		row(`uri = "https://a.example.com/"`):                                         "no setting",
	} {
		c, err := Read(write("claviger.toml", plain+rows))
		if err == nil {
			_, err = c.Door()
		}
		if !errors.Is(err, exit.ErrConfig) && !strings.Contains(want, "no setting") ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", rows, err, want)
		}
	}
	c, err := Read(write("claviger.toml", plain+row(`url = "https://a.example.com/hooks/"`+ca)+
		row(`address = "mail.example.com:465"`+"\nprivate = true")))
	if err != nil {
		t.Fatal(err)
	}
	door, err := c.Door()
	if err != nil || door.Check("https://a.example.com/hooks/1") != nil ||
		door.CheckAddress("mail.example.com:465") != nil || door.Check("https://b.example.com/") == nil {
		t.Errorf("the door is %+v: %v", door, err)
	}
}

const plain = "account = \"111122223333\"\ndatabase = \"x\"\n" +
	"[hsm]\nmodule = \"/m\"\ntoken_label = \"own\"\npin_env = \"PIN\"\n"
