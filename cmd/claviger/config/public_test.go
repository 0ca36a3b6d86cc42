package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claviger/cmd/claviger/exit"
)

// siteOf returns how a configuration with these lines is read, beside the files of a directory.
func siteOf(t *testing.T, dir string) func(lines string) (*Config, error) {
	const base = "account = \"111122223333\"\ndatabase = \"x\"\n[hsm]\nmodule = \"/m\"\n" +
		"token_label = \"own\"\npin_env = \"PIN\"\n"
	return func(lines string) (*Config, error) {
		path := filepath.Join(dir, "claviger.toml")
		if err := os.WriteFile(path, []byte(base+lines), 0o600); err != nil {
			t.Fatal(err)
		}
		return Read(path)
	}
}

func publicTree(path, from string) string {
	return "[[parameters.public]]\npath = \"" + path + "\"\nfrom = \"" + from + "\"\n"
}

// TestConfig_WrongPublicParameters_AreRefusedByName: each mistake is named at the start, by its
// file and line, and none is found out by somebody who reads a parameter.
func TestConfig_WrongPublicParameters_AreRefusedByName(t *testing.T) {
	dir := t.TempDir()
	read := siteOf(t, dir)
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good, site := write("good.yaml", "a: 1\n", 0o644), "/aws/service/site"
	for lines, want := range map[string]string{
		publicTree("", good):                             "parameters.public.path: \"\" is not below /aws/service",
		publicTree("/site", good):                        "is not below /aws/service",
		publicTree(site+"/", good):                       "is no path",
		publicTree(site, ""):                             "from is missing",
		publicTree(site, good) + "file = \"x\"\n":        "no setting \"parameters.public.file\"",
		"[parameters]\npublik = []\n":                    "no setting \"parameters.publik\"",
		"[parameters.public]\npath = \"" + site + "\"":   "parameters.public",
		publicTree(site, "absent.yaml"):                  filepath.Join(dir, "absent.yaml") + ": no such file",
		publicTree(site, "."):                            dir + " is no file",
		publicTree(site, write("bad", "a: [\n", 0o600)):  filepath.Join(dir, "bad") + ":2: ",
		publicTree(site, good) + publicTree(site, good):  "/aws/service/site/a is there twice",
		publicTree(site, write("open", "a: 1\n", 0o664)): "mode 0664",
	} {
		c, err := read(lines)
		if err == nil {
			_, err = c.PublicParameters()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", lines, err, want)
		}
		if !errors.Is(err, exit.ErrConfig) && !errors.Is(err, exit.ErrExposed) {
			t.Errorf("%s: %v is no fault of the configuration", lines, err)
		}
	}
}

// TestConfig_PublicParameters_LieBesideIt: wherever the service is started, and files that lie
// elsewhere are named whole.
func TestConfig_PublicParameters_LieBesideIt(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{filepath.Join(dir, "trees", "one.yaml"): "a: 1\n",
		filepath.Join(other, "two.yaml"): "b: 2\n"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700),
			os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(other)
	c, err := siteOf(t, dir)(publicTree("/aws/service/site", "trees/one.yaml") +
		publicTree("/aws/service/site/more", filepath.Join(other, "two.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.PublicParameters()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "more/b"} {
		if _, ok := all.Get("/aws/service/site/" + name); !ok {
			t.Errorf("%s is not there", name)
		}
	}
	if c, err = siteOf(t, dir)(""); err != nil {
		t.Fatal(err)
	}
	if none, err := c.PublicParameters(); err != nil || none.Len() != 0 {
		t.Errorf("%v, %v", none, err)
	}
}
