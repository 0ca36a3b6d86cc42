package params_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claviger/cmd/claviger/params"
	"claviger/cmd/claviger/params/document"
)

func TestExport_File_IsItsOwnersAndNotOverwritten(t *testing.T) {
	d := sit(t)
	d.imports(document.Env, "A=1\nPASSWORD="+canary, secure)
	file := filepath.Join(t.TempDir(), "out.json")
	to := func(x *params.Export) { x.File = file }
	text, said := d.exports(to)
	if text != "{\n  \"A\": \"1\"\n}\n" {
		t.Errorf("%s%s", text, said)
	}
	d.contains(said, "SecureStrings that are left out: 1. ")
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	text, said = d.exports(func(x *params.Export) { to(x); x.Decrypt = true })
	d.contains(said, "ERROR "+file+" is there already: --force overwrites it")
	if strings.Contains(text, canary) {
		t.Error("it was overwritten")
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	text, _ = d.exports(func(x *params.Export) { to(x); x.Decrypt, x.Force = true, true })
	d.contains(text, canary)
	if info, err := os.Stat(file); err != nil || info.Mode() != fs.FileMode(0o600) {
		t.Errorf("%v, %v", info, err)
	}
}

// TestExport_AnyPath_IsRelative: names are below the path, and what is beside it is left out.
func TestExport_AnyPath_IsRelative(t *testing.T) {
	d := sit(t)
	for _, path := range []string{"/", "/app", "/app/dev/db", "/app/dev2"} {
		d.imports(document.Env, "x=1", func(i *params.Import) { i.Path = path })
	}
	for path, want := range map[string]string{"/": "app/dev/db/x=1\napp/dev2/x=1\napp/x=1\nx=1\n",
		"/app": "dev/db/x=1\ndev2/x=1\nx=1\n", "/app/dev": "db/x=1\n", "/none": ""} {
		text, said := d.exports(func(x *params.Export) { x.Path, x.Format = path, document.Env })
		if text != want || (want == "") != strings.Contains(said, "There is nothing in it.") {
			t.Errorf("%s:\n%s%s", path, text, said)
		}
	}
}
